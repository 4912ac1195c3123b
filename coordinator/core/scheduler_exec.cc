// The scheduler's side for commands, which fail, are tried again, and may end the run.
#include <algorithm>
#include <cmath>

#include "common/limits.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {
namespace {

/// Twice as long after each failure.
Duration retry_pause(std::uint32_t failures) {
  Duration pause = limits::retry_first;
  for (; failures > 1 && pause < limits::retry_longest; --failures) pause *= 2;
  return std::min(pause, limits::retry_longest);
}

}  // namespace

/// Slots of commands are bounded by what the worker's system lets it have.
std::uint32_t Scheduler::slots_for(const Hello& hello) const {
  if (!records().spec.traits.needs_slots) return hello.slots;
  const std::uint32_t offered = hello.slots > 0 ? hello.slots : std::max(hello.processors, 1U);
  return std::min(offered, hello.command_slots);
}

/// What failed waits for its time; what waited and was ended by a late outcome does so no more.
void Scheduler::try_again_later(const Acceptance& acceptance) {
  for (std::size_t i = 0; i < acceptance.accepted && !retries_.empty(); ++i) {
    retries_.forget(records().task[acceptance.first_record + i]);
  }
  for (const TaskId task : acceptance.failed) {
    retries_.add(task, now_ + retry_pause(tasks_.failures(task)));
  }
}

void Scheduler::notice_halt() {
  if (!policy_.halt || cancelling_) return;
  const Halt& halt = *policy_.halt;
  for (; counted_for_halt_ < tasks_.done(); ++counted_for_halt_) {
    const Outcome outcome = records().outcome_of(records().task[counted_for_halt_]);
    if ((outcome == Outcome::succeeded) == halt.on_success) ++halting_;
  }
  const double part = std::ceil(halt.share * records().spec.task_count);
  const auto most = halt.count > 0 ? halt.count : static_cast<std::uint64_t>(part);
  if (halting_ < most || tasks_.all_done()) return;
  log(LogLevel::warning, std::string("tasks that ") +
                             (halt.on_success ? "succeeded: " : "failed: ") +
                             std::to_string(halting_) + "; nothing new is started, as --halt asks");
  stop(!halt.now);
}

/// Nothing new is started, not even what is done elsewhere. What runs ends by itself, or is told
/// to.
void Scheduler::stop(bool let_running_end) {
  tasks_.mutable_records().stop_requested = true;
  if (!let_running_end) return cancel_everything();
  if (cancelling_) return;
  cancelling_ = lets_running_end_ = true;
  for (Session& session : sessions_.all()) {
    if (session.live()) revoke_from(session, session.started_count);
  }
  cancel_pending();
}

}  // namespace rollcall::coordinator
