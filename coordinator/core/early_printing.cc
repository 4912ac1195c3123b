#include "coordinator/core/early_printing.h"

#include <fmt/core.h>

namespace rollcall::coordinator {

EarlyPrinting::Decision EarlyPrinting::decide(
    Instant now, const TaskTable& tasks, const OutputIntake& output,
    const std::function<bool(const SessionAttempt&)>& may_print) {
  if (!output.room().is_stuck) {
    waits_from_.reset();
    return {};
  }
  if (!waits_from_) waits_from_ = now;
  Decision decision;
  if (is_allowed_ && !output.early()) decision.next = next(tasks, output);
  if (now - *waits_from_ < patience_) return decision;
  decision.why_stuck = why_stuck(tasks, may_print);
  if (!decision.why_stuck.empty()) waits_from_ = now;
  return decision;
}

std::optional<SessionAttempt> EarlyPrinting::next(const TaskTable& tasks,
                                                  const OutputIntake& output) {
  if (!is_in_order_) return output.largest();
  const std::optional<TaskId> task = first_unended(tasks);
  return task ? tasks.holder(*task) : std::nullopt;
}

std::string EarlyPrinting::why_stuck(const TaskTable& tasks,
                                     const std::function<bool(const SessionAttempt&)>& may_print) {
  if (!is_allowed_) {
    return "the spool of output is full, and no command has ended whose output can be printed";
  }
  const std::optional<TaskId> task = is_in_order_ ? first_unended(tasks) : std::nullopt;
  if (!task) return {};
  const std::optional<SessionAttempt> holder = tasks.holder(*task);
  if (holder && may_print(*holder)) return {};
  return fmt::format(
      "the spool of output is full, and task {}, which is to be printed next, cannot start",
      index(*task));
}

std::optional<TaskId> EarlyPrinting::first_unended(const TaskTable& tasks) {
  const RunRecords& records = tasks.records();
  while (first_unended_ < records.spec.task_count &&
         records.state_of(task_at(first_unended_)) == TaskState::done) {
    ++first_unended_;
  }
  if (first_unended_ == records.spec.task_count) return std::nullopt;
  return task_at(first_unended_);
}

}  // namespace rollcall::coordinator
