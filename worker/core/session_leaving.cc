// How a session returns what it has not begun, and how it leaves.
#include <limits>
#include <utility>

#include "worker/core/session.h"

namespace rollcall::worker {
namespace {

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

}  // namespace

void Session::on(const TerminateRequested& event) {
  if (event.mode == DrainMode::return_running) {
    leave_at_once();
  } else {
    ends_by_itself_ = true;
    leave_when_done();
  }
}

/// What runs is stopped and, like what waits, returned by the Goodbye.
void Session::leave_at_once() {
  if (is_leaving_) return;
  is_leaving_ = true;
  drop_attempts();
  backlog_.clear();
  if (run_.empty()) {
    exit(kExitDone, "terminated before it had joined");
    return;
  }
  deadlines_.leave = now_ + limits::shutdown;
  deadlines_.heartbeat = kNever;
  if (phase_ == Phase::working) send_goodbye();
}

/// What runs is finished first. The coordinator is told at once, so that it sends nothing more.
void Session::leave_when_done() {
  if (is_leaving_ || is_draining_) return;
  if (run_.empty()) {
    exit(kExitDone, "terminated before it had joined");
    return;
  }
  log(Severity::info, "draining: nothing new is started");
  is_draining_ = true;
  is_news_ = true;
  return_waiting(kAll, 0);
}

void Session::return_waiting(std::uint64_t assignments_through, std::uint64_t keep) {
  const std::size_t places =
      backlog_.return_unstarted(now_, assignments_through, keep, outbox_.waiting());
  started_count_ += places;
  is_news_ = is_news_ || places > 0;
}

/// Counts from when nothing was held any more.
void Session::watch_idleness() {
  const bool is_idle = phase_ == Phase::working && running_ == 0 && backlog_.size() == 0 &&
                       !is_leaving_ && !is_draining_;
  if (!idle_timeout_ || !is_idle) {
    deadlines_.idle = kNever;
  } else if (deadlines_.idle == kNever) {
    deadlines_.idle = now_ + *idle_timeout_;
  }
}

void Session::leave_if_done() {
  if (phase_ != Phase::working) return;
  if (is_leaving_ && outbox_.all_acknowledged()) {
    exit(kExitDone, "terminated");
  } else if (is_draining_ && running_ == 0 && outbox_.empty()) {
    send_goodbye();
    exit(kExitDone, "drained");
  }
}

}  // namespace rollcall::worker
