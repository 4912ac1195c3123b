// The scheduler's side for commands, which fail, are tried again, and may end the run.
#include <algorithm>

#include "common/limits.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {
/// Slots of commands are bounded by what the worker's system lets it have.
std::uint32_t Scheduler::slots_for(const Hello& hello) const {
  if (!records().spec.traits.needs_slots) return hello.slots;
  const std::uint32_t offered = hello.slots > 0 ? hello.slots : std::max(hello.processors, 1U);
  return std::min(offered, hello.command_slots);
}

/// A failed task waits for its retry; one that was ended by a late outcome no longer does.
void Scheduler::retry_failed(const Acceptance& acceptance) {
  for (std::size_t i = 0; i < acceptance.accepted && !retries_.empty(); ++i) {
    retries_.forget(records().task[acceptance.first_record + i]);
  }
  for (const TaskId task : acceptance.failed) retries_.failed(now_, task, tasks_.failures(task));
}

void Scheduler::notice_halt() {
  if (!stop_.count_for_halt(records()) || tasks_.all_done()) return;
  const Halt& halt = *policy_.halt;
  log(LogLevel::warning,
      std::string("tasks that ") + (halt.on_success ? "succeeded: " : "failed: ") +
          std::to_string(stop_.halting()) + "; nothing new is started, as --halt asks");
  stop(!halt.now);
}

/// Nothing new is started, not even what is done elsewhere. What runs ends by itself, or is told
/// to.
void Scheduler::stop(bool let_running_end) {
  tasks_.mutable_records().stop_requested = true;
  if (!let_running_end) return cancel_everything();
  if (!stop_.drain()) return;
  for (Session& session : sessions_.all()) {
    if (session.live()) revoke_from(session, session.started_count);
  }
  cancel_pending();
}

}  // namespace rollcall::coordinator
