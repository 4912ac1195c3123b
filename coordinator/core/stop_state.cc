#include "coordinator/core/stop_state.h"

#include <cmath>

#include "common/base/check.h"

namespace rollcall::coordinator {

bool StopState::drain() {
  if (is_stopping()) return false;
  stage_ = Stage::draining;
  return true;
}

void StopState::cancel() {
  stage_ = Stage::cancel_pending_commit;
}

void StopState::suspend(bool lets_running_end) {
  suspends_ = true;
  if (!lets_running_end) {
    stage_ = Stage::cancelling;
  } else if (stage_ == Stage::running) {
    stage_ = Stage::draining;
  }
}

void StopState::committed() {
  CHECK(stage_ == Stage::cancel_pending_commit || stage_ == Stage::cancelling);
  stage_ = Stage::cancelling;
}

bool StopState::take_timeout(Instant now) {
  if (!deadline_ || now < *deadline_) return false;
  deadline_.reset();
  has_timed_out_ = true;
  return true;
}

bool StopState::count_for_halt(const RunRecords& records) {
  if (!halt_ || is_stopping()) return false;
  for (; counted_ < records.accepted(); ++counted_) {
    const Outcome outcome = records.outcome_of(records.task[counted_]);
    if (outcome == Outcome::cancelled) continue;  // the user wanted it so
    if ((outcome == Outcome::succeeded) == halt_->on_success) ++halting_;
  }
  if (halt_->count == 0 && records.spec.is_open) return false;
  const double part = std::ceil(halt_->share * records.spec.task_count);
  return halting_ >= (halt_->count > 0 ? halt_->count : static_cast<std::uint64_t>(part));
}

void StopState::check_invariants(const RunRecords& records) const {
  CHECK(counted_ <= records.accepted());
  CHECK(halting_ <= counted_);
  CHECK(!suspends_ || is_stopping());
  CHECK(!has_timed_out_ || !deadline_);
}

}  // namespace rollcall::coordinator
