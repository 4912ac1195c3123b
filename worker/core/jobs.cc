#include "worker/core/jobs.h"

#include <fmt/core.h>

#include <utility>

namespace rollcall::worker {

std::string Jobs::take(const Assignment& assignment, const KindSet& runnable) {
  Headers sent;
  for (const Job& job : assignment.jobs) sent[job.number] = std::make_shared<const Job>(job);
  Headers next;
  std::string problem;
  const AttemptColumns& attempts = assignment.attempts;
  if (attempts.job.empty() && attempts.size() > 0) problem = add(kFirstJob, sent, runnable, next);
  for (std::size_t i = 0; i < attempts.job.size() && problem.empty(); ++i) {
    const JobId number = attempts.job[i];
    const bool is_same = i > 0 && number == attempts.job[i - 1];
    if (!is_same && !next.contains(number)) problem = add(number, sent, runnable, next);
  }
  if (!problem.empty()) return problem;
  for (const auto& [number, job] : next) kinds_ |= set_of(job->kind);
  if (attempts.size() > 0) current_ = std::move(next);
  return {};
}

std::string Jobs::add(JobId number, const Headers& sent, const KindSet& runnable,
                      Headers& next) const {
  const auto shown = static_cast<std::uint32_t>(number);
  const auto now_sent = sent.find(number);
  const auto known = current_.find(number);
  if (now_sent == sent.end() && known == current_.end()) {
    return fmt::format("cannot run a task of job {}: the coordinator has sent no header of the job",
                       shown);
  }
  const auto& job = now_sent != sent.end() ? now_sent->second : known->second;
  if (!is_known(job->kind)) {
    return fmt::format(
        "cannot run tasks of kind {} (job {}), which this version of rollcall-worker does not "
        "know: use the coordinator's version",
        number_of(job->kind), shown);
  }
  if ((runnable & set_of(job->kind)).none()) {
    return fmt::format("cannot run tasks of kind {} (job {}), which this worker did not offer",
                       to_string(job->kind), shown);
  }
  next[number] = job;
  return {};
}

KindTraits Jobs::traits() const {
  if (kinds_.count() != 1) return {};
  for (const auto& [kind, traits] : kKindTraits) {
    if (kinds_ == set_of(kind)) return traits;
  }
  return {};
}

bool Jobs::uses_command_slots() const {
  return (kinds_ & ~runnable_kinds(/*command_slots=*/0)).any();
}

}  // namespace rollcall::worker
