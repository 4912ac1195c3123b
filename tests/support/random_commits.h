// Random, consistent commits of a run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/rng.h"
#include "coordinator/core/commits/commit.h"

namespace rollcall::coordinator {

using namespace std::chrono_literals;

/// Generates commits as a scheduler might issue them, each with a few outcomes of a few sessions.
/// The same seed gives the same commits.
class RandomCommits {
 public:
  RandomCommits(const RunSpec& spec, std::uint64_t seed) : spec_(spec), rng_(seed) {
    for (std::size_t i = 0; i < spec.task_count; ++i) tasks_.push_back(task_at(i));
    for (std::size_t i = tasks_.size(); i > 1; --i) std::swap(tasks_[i - 1], tasks_[below(i)]);
  }

  bool more() const { return done_ < tasks_.size(); }

  std::shared_ptr<const Commit> next(std::size_t most = 20) {
    now_ += Duration(rng_.below(1'000'000));
    auto commit = std::make_shared<Commit>();
    commit->first_record = done_;
    if (sessions_ == 0 || below(8) == 0) add_session(*commit);
    for (std::size_t batches = below(4); batches > 0 && more(); --batches) {
      add_outcomes(*commit, 1 + below(most));
    }
    add_progress(*commit);
    counters_.attempts_total += below(30);
    counters_.reports_repeated += below(3);
    counters_.published = below(commit->first_record + 1);
    commit->counters = counters_;
    return commit;
  }

  std::vector<std::shared_ptr<const Commit>> all(std::size_t most = 20) {
    std::vector<std::shared_ptr<const Commit>> commits;
    while (more()) commits.push_back(next(most));
    return commits;
  }

 private:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(rng_.below(bound)); }

  void add_session(Commit& commit) {
    CommittedSession committed;
    committed.index = SessionIndex{sessions_++};
    committed.id.bytes.fill(static_cast<std::uint8_t>(sessions_));
    committed.name = "worker '" + std::to_string(sessions_) + "'";
    committed.host = "host";
    committed.pid = 100 + sessions_;
    committed.slots = static_cast<std::uint32_t>(below(3));
    committed.is_local = below(2) == 0;
    committed.welcomed = now_;
    commit.sessions.push_back(committed);
  }

  void add_outcomes(Commit& commit, std::size_t count) {
    if (!counters_.first_dispatch) counters_.first_dispatch = now_;
    CommittedOutcomes committed;
    if (below(10) > 0)
      committed.session = SessionIndex{static_cast<std::uint32_t>(below(sessions_))};
    committed.arrived = now_ + Duration(below(1000));
    committed.clock_bound = below(5) == 0 ? Duration::max() : Duration(below(100'000));
    for (; count > 0 && more(); --count) {
      const TaskId task = tasks_[done_++];
      committed.task.push_back(task);
      committed.attempt.push_back(static_cast<Attempt>(1 + below(3)));
      committed.outcome.push_back(static_cast<Outcome>(below(5)));
      committed.elapsed.push_back(spec_.pause(task) + Duration(below(1'000'000)));
      committed.started.push_back(now_ - committed.elapsed.back());
      committed.dispatched.push_back(committed.session ? now_ - 50ms - Duration(below(3))
                                                       : committed.arrived);
      if (below(50) == 0) commit.result_mismatches.emplace_back(task, 5ns);
    }
    commit.outcomes.push_back(std::move(committed));
  }

  void add_progress(Commit& commit) {
    CommittedProgress committed;
    committed.index = SessionIndex{static_cast<std::uint32_t>(below(sessions_))};
    committed.last_report = commit.first_record + 1;
    committed.stale = below(5);
    committed.end = static_cast<SessionEnd>(below(3));
    if (committed.end == SessionEnd::lost) committed.end_reason = "no heartbeat";
    if (committed.end == SessionEnd::goodbye) committed.goodbye = Goodbye{3, 20, 0.25, 4096};
    commit.progress.push_back(committed);
  }

  RunSpec spec_;
  Rng rng_;
  std::vector<TaskId> tasks_;
  std::size_t done_ = 0;
  std::uint32_t sessions_ = 0;
  Instant now_{1000s};
  CommittedCounters counters_;
};

/// These commits as those of a run that began without tasks: each commit adds the tasks of its
/// outcomes that are missing, and the last one all others. The input has a line for each task.
inline std::vector<std::shared_ptr<const Commit>> streamed(
    const std::vector<std::shared_ptr<const Commit>>& commits, std::uint32_t task_count) {
  std::vector<std::shared_ptr<const Commit>> all;
  std::uint32_t added = 0;
  for (const auto& commit : commits) {
    const bool is_last = commit == commits.back();
    std::uint32_t needed = is_last ? task_count : added;
    for (const CommittedOutcomes& outcomes : commit->outcomes) {
      for (const TaskId task : outcomes.task) {
        needed = std::max(needed, static_cast<std::uint32_t>(index(task)) + 1);
      }
    }
    Commit more = *commit;
    if (needed > added || is_last) {
      more.tasks = CommittedTasks{needed - added, is_last, is_last ? "read error" : ""};
      for (; added < needed; ++added) more.tasks->text += "line " + std::to_string(added) + "\n";
    }
    all.push_back(std::make_shared<Commit>(std::move(more)));
  }
  return all;
}

}  // namespace rollcall::coordinator
