#include "worker/core/outbox.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"
#include "worker/core/columns.h"

namespace rollcall::worker {
namespace {

const Report& report_in(const WorkerMessage& message) {
  return std::get<Report>(message.body);
}

std::size_t bytes_of(const CommandResult& result) {
  return result.out.size() + result.err.size();
}

/// The number of outcomes from `begin` on that fit into one report.
std::size_t count_for_report(const OutcomeColumns& waiting, std::size_t begin) {
  const std::size_t most = std::min(waiting.size() - begin, limits::report_outcomes);
  if (waiting.command.empty()) return most;
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < most && (count == 0 || bytes < limits::report_bytes)) {
    bytes += bytes_of(waiting.command[begin + count++]);
  }
  return count;
}

}  // namespace

bool Outbox::full() const {
  const std::size_t window = limits::reports_in_flight;
  const bool is_closed = unacknowledged_.size() >= window;
  if (is_closed && !waiting_.command.empty()) return true;  // the output of commands is large
  const std::size_t room = is_closed ? 1 : window;
  return waiting_.size() >= room * limits::report_outcomes;
}

OutcomeColumns Outbox::take_front(std::size_t begin, std::size_t count) {
  if (begin == 0 && count == waiting_.size()) return std::exchange(waiting_, {});
  return slice(waiting_, begin, count);
}

void Outbox::cut(Cut how, const Stamp& stamp, Actions& out) {
  const std::size_t least = how == Cut::full_only ? limits::report_outcomes : 1;
  const std::size_t total = waiting_.size();
  std::size_t begin = 0;
  while (total - begin >= least) {
    if (how != Cut::without_window && unacknowledged_.size() >= limits::reports_in_flight) break;
    const std::size_t count = count_for_report(waiting_, begin);
    Report report{++reports_sent_,     stamp.assignments_received,
                  stamp.started_count, take_front(begin, count),
                  stamp.draining,      stamp.window_received};
    unacknowledged_.push_back(
        std::make_shared<const WorkerMessage>(WorkerMessage{stamp.header, std::move(report)}));
    out.push_back(Send{unacknowledged_.back()});
    outcomes_sent_ += count;
    begin += count;
  }
  if (begin > 0 && waiting_.size() > 0) waiting_ = slice(waiting_, begin, total - begin);
}

void Outbox::resend(const Header& header, Actions& out) {
  for (std::shared_ptr<const WorkerMessage>& report : unacknowledged_) {
    if (report->header != header) {
      report = std::make_shared<const WorkerMessage>(WorkerMessage{header, report->body});
    }
    out.push_back(Send{report});
  }
}

bool Outbox::acknowledge(std::uint64_t reports_committed) {
  if (reports_committed > reports_sent_) return false;
  bool progress = false;
  while (!unacknowledged_.empty() &&
         report_in(*unacknowledged_.front()).number <= reports_committed) {
    unacknowledged_.pop_front();
    progress = true;
  }
  return progress;
}

/// Calls `visit` with all columns of outcomes.
template <class Visit>
void Outbox::for_each(const Visit& visit) const {
  for (const auto& message : unacknowledged_) visit(report_in(*message).outcomes);
  visit(waiting_);
}

void Outbox::list_output(DurableOutput& out) const {
  for_each([&](const OutcomeColumns& outcomes) {
    for (std::size_t i = 0; i < outcomes.command.size(); ++i) {
      const CommandResult& result = outcomes.command[i];
      if (result.out_before == 0 && result.err_before == 0) continue;
      auto& listed = out[{outcomes.task[i], outcomes.attempt[i]}];
      if (result.out_before > 0) listed[index(OutputStream::out)] = result.out_before;
      if (result.err_before > 0) listed[index(OutputStream::err)] = result.err_before;
    }
  });
}

void Outbox::list(AttemptSet& returned, AttemptSet& cancelled, HeldColumns& others) const {
  for_each([&](const OutcomeColumns& outcomes) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const Outcome outcome = outcomes.outcome[i];
      if (outcome == Outcome::cancelled) cancelled.emplace(outcomes.task[i], outcomes.attempt[i]);
      if (outcome == Outcome::returned) {
        returned.emplace(outcomes.task[i], outcomes.attempt[i]);
      } else {
        others.task.push_back(outcomes.task[i]);
        others.attempt.push_back(outcomes.attempt[i]);
      }
    }
  });
}

void Outbox::clear() {
  *this = Outbox();
}

void Outbox::check_invariants() const {
  std::uint64_t number = reports_sent_ - unacknowledged_.size();
  for (const auto& message : unacknowledged_) {
    const Report& report = report_in(*message);
    CHECK(report.number == ++number);
    CHECK(report.outcomes.size() > 0 && report.outcomes.size() <= limits::report_outcomes);
  }
  CHECK(number == reports_sent_);
}

}  // namespace rollcall::worker
