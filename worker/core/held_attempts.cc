#include "worker/core/held_attempts.h"

#include <algorithm>
#include <limits>

#include "common/base/check.h"

namespace rollcall::worker {

bool HeldAttempts::assign(Instant now, const Assignment& assignment, OutcomeColumns& ended) {
  // Even a repetition is news: it was sent because the coordinator does not know of the arrival.
  has_news_ = true;
  if (assignment.number != assignments_received_ + 1) return false;
  ++assignments_received_;
  backlog_.push(assignment.number, assignment.attempts);
  pass(backlog_.cancel(now, cancelled_through_, ended));
  if (assignment.number <= revoked_.assignments_through) {
    return_waiting(now, revoked_.assignments_through, revoked_.keep, ended);
  }
  return true;
}

bool HeldAttempts::cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& ended) {
  if (assignments_through <= cancelled_through_) return false;
  cancelled_through_ = assignments_through;
  pass(backlog_.cancel(now, cancelled_through_, ended));
  return running_ > 0;
}

void HeldAttempts::revoke(Instant now, const Revoke& revoke, OutcomeColumns& ended) {
  // Even if there is nothing to return: the coordinator is waiting for the response.
  has_news_ = true;
  if (revoke.assignments_through > revoked_.assignments_through) revoked_ = revoke;
  if (revoke.assignments_through == revoked_.assignments_through) {
    revoked_.keep = std::min(revoked_.keep, revoke.keep);
  }
  return_waiting(now, revoke.assignments_through, revoke.keep, ended);
}

void HeldAttempts::return_all(Instant now, OutcomeColumns& ended) {
  return_waiting(now, std::numeric_limits<std::uint64_t>::max(), 0, ended);
}

void HeldAttempts::return_waiting(Instant now, std::uint64_t assignments_through,
                                  std::uint64_t keep, OutcomeColumns& ended) {
  pass(backlog_.return_unstarted(now, assignments_through, keep, ended));
}

void HeldAttempts::pass(std::size_t places) {
  started_count_ += places;
  has_news_ = has_news_ || places > 0;
}

void HeldAttempts::start(std::size_t most, Actions& out) {
  if (backlog_.size() == 0) return;
  const Backlog::Taken taken = backlog_.take(most - std::min(running_, most), out);
  running_ += taken.attempts;
  pass(taken.places);
  CHECK(taken.attempts == 0 || running_ <= most);
}

void HeldAttempts::end(std::size_t count) {
  CHECK(count <= running_);
  running_ -= count;
}

bool HeldAttempts::drop() {
  backlog_.clear();
  const bool has_run = running_ > 0;
  running_ = 0;
  return has_run;
}

void HeldAttempts::start_epoch() {
  cancelled_through_ = 0;
  revoked_ = {};
}

void HeldAttempts::check_invariants() const {
  CHECK(started_count_ >= running_);
}

}  // namespace rollcall::worker
