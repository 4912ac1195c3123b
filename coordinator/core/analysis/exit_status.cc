#include "coordinator/core/analysis/exit_status.h"

#include <algorithm>

namespace rollcall::coordinator {
namespace {

/// Whether some task has neither succeeded nor been cancelled.
bool any_task_failed(const RunRecords& records) {
  for (std::size_t t = 0; t < records.state.size(); ++t) {
    const TaskId task = task_at(t);
    if (records.state_of(task) != TaskState::done) return true;
    const Outcome outcome = records.outcome_of(task);
    if (outcome != Outcome::succeeded && outcome != Outcome::cancelled) return true;
  }
  return false;
}

/// Whether the user has cancelled a single task.
bool any_task_cancelled(const RunRecords& records) {
  return std::any_of(records.history.begin(), records.history.end(), [&](const auto& entry) {
    const auto& [task, history] = entry;
    return history.is_cancelled && records.outcome_of(task) == Outcome::cancelled;
  });
}

bool any_outcome_cancelled(const RunRecords& records) {
  return std::ranges::any_of(
      records.task, [&](TaskId task) { return records.outcome_of(task) == Outcome::cancelled; });
}

}  // namespace

int exit_status(const RunRecords& records, const Ending& ending) {
  if (ending.signal != 0) return 128 + ending.signal;
  if (ending.output_failed || !records.input_error.empty()) return 6;
  if (ending.no_workers) return 4;
  if (!ending.validated) return 3;
  if (records.wait_timeout_passed || ending.run_timed_out) return 5;
  if (any_task_failed(records) || any_task_cancelled(records)) return 1;
  if (ending.abandoned && any_outcome_cancelled(records)) return 1;
  return ending.output_dropped ? 1 : 0;
}

std::string_view end_reason(int status, const RunRecords& records) {
  switch (status) {
    case 0:
      return "succeeded";
    case 1:
      if (any_task_failed(records)) return "tasks_failed";
      if (any_task_cancelled(records)) return "tasks_cancelled";
      // Only an abandoned run is resumed, stopped and ended, unless --halt stopped it.
      return !records.resumed.empty() && records.stop_requested && any_outcome_cancelled(records)
                 ? "tasks_cancelled"
                 : "output_dropped";
    case 3:
      return "validation_failed";
    case 4:
      return "no_workers";
    case 5:
      return records.wait_timeout_passed ? "wait_timeout" : "run_timeout";
    case 6:
      return records.input_error.empty() ? "output_failed" : "input_failed";
    default:
      return "signal";
  }
}

}  // namespace rollcall::coordinator
