#include "worker/core/held_attempts.h"

#include <algorithm>
#include <limits>
#include <variant>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::worker {

bool HeldAttempts::expects(const Assignment& assignment) {
  // Even a repetition is news: it was sent because the coordinator does not know of the arrival.
  has_news_ = true;
  return assignment.number == assignments_received_ + 1;
}

void HeldAttempts::assign(Instant now, const Assignment& assignment, const Jobs& jobs,
                          OutcomeColumns& ended) {
  ++assignments_received_;
  backlog_.push(assignment.number, assignment.attempts, jobs);
  pass(backlog_.cancel(now, cancelled_through_, ended));
  if (!cancelled_ahead_.empty()) cancel_arrivals(now, ended);
  if (assignment.number <= revoked_.assignments_through) {
    return_waiting(now, revoked_.assignments_through, revoked_.keep, ended);
  }
}

bool HeldAttempts::cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& ended) {
  if (assignments_through <= cancelled_through_) return false;
  cancelled_through_ = assignments_through;
  pass(backlog_.cancel(now, cancelled_through_, ended));
  return running_ > 0;
}

bool HeldAttempts::cancel_listed(Instant now, const HeldColumns& attempts, OutcomeColumns& ended) {
  AttemptSet named = set_of(attempts);
  pass(backlog_.cancel_listed(now, named, ended));
  // When the Cancel was sent, no more assignments than these were on their way.
  const std::uint64_t last = assignments_received_ + limits::assignments_in_flight;
  for (const auto& attempt : named) cancelled_ahead_.try_emplace(attempt, last);
  return running_ > 0;
}

void HeldAttempts::cancel_arrivals(Instant now, OutcomeColumns& ended) {
  AttemptSet named;
  for (const auto& [attempt, last] : cancelled_ahead_) named.insert(named.end(), attempt);
  pass(backlog_.cancel_listed(now, named, ended));
  std::erase_if(cancelled_ahead_, [&](const auto& entry) {
    return entry.second <= assignments_received_ || !named.contains(entry.first);
  });
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

void HeldAttempts::start(std::size_t slots, Actions& out) {
  if (backlog_.size() == 0) return;
  const std::size_t before = out.size();
  const Backlog::Taken taken = backlog_.take(slots - std::min(slots_taken(), slots), out);
  running_ += taken.attempts;
  pass(taken.places);
  if (slots != kNoLimit && taken.attempts > taken.with_slot) note_without_slot(out, before);
  CHECK(taken.with_slot == 0 || slots_taken() <= slots);
}

void HeldAttempts::note_without_slot(const Actions& actions, std::size_t begin) {
  for (std::size_t i = begin; i < actions.size(); ++i) {
    const auto& start = std::get<StartAttempts>(actions[i]);
    if (takes_slot(*start.job)) continue;
    for (std::size_t row = 0; row < start.attempts.size(); ++row) {
      without_slot_.emplace(start.attempts.task[row], start.attempts.attempt[row]);
    }
  }
}

void HeldAttempts::end(const OutcomeColumns& ended) {
  CHECK(ended.size() <= running_);
  running_ -= ended.size();
  for (std::size_t i = 0; i < ended.size() && !without_slot_.empty(); ++i) {
    without_slot_.erase({ended.task[i], ended.attempt[i]});
  }
}

bool HeldAttempts::drop() {
  backlog_.clear();
  return drop_running();
}

bool HeldAttempts::drop_running() {
  const bool has_run = running_ > 0;
  running_ = 0;
  without_slot_.clear();
  return has_run;
}

void HeldAttempts::start_epoch() {
  cancelled_through_ = 0;
  cancelled_ahead_.clear();
  revoked_ = {};
}

void HeldAttempts::check_invariants() const {
  CHECK(started_count_ >= running_);
  CHECK(running_ >= without_slot_.size());
}

}  // namespace rollcall::worker
