#include "worker/core/leaving.h"

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::worker {

bool Leaving::drain(bool whatever_run) {
  drains_whatever_run_ = drains_whatever_run_ || whatever_run;
  if (is_leaving_ || is_draining_) return false;
  is_draining_ = true;
  return true;
}

bool Leaving::leave(Instant now) {
  if (is_leaving_) return false;
  is_leaving_ = true;
  give_up_ = now + limits::shutdown;
  return true;
}

void Leaving::watch_idleness(Instant now, bool is_idle) {
  if (!idle_timeout_ || !is_idle || is_leaving_ || is_draining_) {
    idle_until_ = kNever;
  } else if (idle_until_ == kNever) {
    idle_until_ = now + *idle_timeout_;
  }
}

void Leaving::check_invariants() const {
  CHECK(is_leaving_ == (give_up_ != kNever));
  CHECK(is_leaving_ || goodbye_ == kNever);
}

}  // namespace rollcall::worker
