#include "coordinator/core/analysis/exit_status.h"

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

}  // namespace

int exit_status(const RunRecords& records, const Ending& ending) {
  if (ending.signal != 0) return 128 + ending.signal;
  if (ending.output_failed || !records.input_error.empty()) return 6;
  if (ending.no_workers) return 4;
  if (!ending.validated) return 3;
  if (records.wait_timeout_passed) return 5;
  return ending.output_dropped || any_task_failed(records) ? 1 : 0;
}

std::string_view end_reason(int status, const RunRecords& records) {
  switch (status) {
    case 0:
      return "succeeded";
    case 1:
      return any_task_failed(records) ? "tasks_failed" : "output_dropped";
    case 3:
      return "validation_failed";
    case 4:
      return "no_workers";
    case 5:
      return "wait_timeout";
    case 6:
      return records.input_error.empty() ? "output_failed" : "input_failed";
    default:
      return "signal";
  }
}

}  // namespace rollcall::coordinator
