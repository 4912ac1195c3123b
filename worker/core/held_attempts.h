// The attempts that a session holds, waiting or running.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>

#include "common/messages/message.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/attempt_set.h"
#include "worker/core/backlog.h"
#include "worker/core/event.h"
#include "worker/core/jobs.h"

namespace rollcall::worker {

/// Takes assignments in order and starts their attempts in order, so that two numbers inform the
/// coordinator which have arrived and which have begun. Attempts that are cancelled or returned
/// before they start are appended to `ended` with their outcomes.
///
/// Pure; one owner, one thread; `now` never goes back.
class HeldAttempts {
 public:
  /// Of slots.
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  /// Returns false if its number is not the next: it is a repetition, or an earlier one was lost.
  /// That is news as well.
  bool expects(const Assignment& assignment);
  /// Takes the next assignment, except for attempts that were cancelled or revoked in advance.
  /// Requires expects(), and that `jobs` has the jobs of its attempts.
  void assign(Instant now, const Assignment& assignment, const Jobs& jobs, OutcomeColumns& ended);
  /// Cancels the waiting attempts of the assignments up to this one, including those that arrive
  /// later. Returns true if running attempts may have to be cancelled as well.
  bool cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& ended);
  /// Cancels those of these attempts that wait, including those that arrive later. Returns true if
  /// running attempts may have to be cancelled as well.
  bool cancel_listed(Instant now, const HeldColumns& attempts, OutcomeColumns& ended);
  /// Returns the waiting attempts that the Revoke names, including those that arrive later.
  void revoke(Instant now, const Revoke& revoke, OutcomeColumns& ended);
  /// Returns all waiting attempts.
  void return_all(Instant now, OutcomeColumns& ended);

  /// Appends StartAttempts until `slots` attempts that need a slot run, or none waits.
  void start(std::size_t slots, Actions& out);
  /// These running attempts have ended.
  void end(const OutcomeColumns& ended);
  /// Drops all attempts. Returns true if some were running.
  bool drop();
  /// The same for running attempts only.
  bool drop_running();
  /// Forgets cancellations and revocations of assignments that have not arrived: a new coordinator
  /// may use their numbers for other assignments.
  void start_epoch();
  void forget_run() { *this = HeldAttempts(); }

  std::size_t running() const { return running_; }
  /// Of these, those that take a slot.
  std::size_t slots_taken() const { return running_ - without_slot_.size(); }
  std::size_t waiting() const { return backlog_.size(); }
  std::uint64_t assignments_received() const { return assignments_received_; }
  /// Places passed (see Backlog): attempts started, and those cancelled or returned between them.
  std::uint64_t started_count() const { return started_count_; }
  /// As Backlog::list().
  void list_waiting(AttemptSet& unacknowledged, HeldColumns& out) const {
    backlog_.list(unacknowledged, out);
  }
  /// True if the coordinator is to be sent these numbers: they have changed, or it has asked.
  bool has_news() const { return has_news_; }
  void add_news() { has_news_ = true; }
  void news_sent() { has_news_ = false; }
  void check_invariants() const;

 private:
  void return_waiting(Instant now, std::uint64_t assignments_through, std::uint64_t keep,
                      OutcomeColumns& ended);
  void cancel_arrivals(Instant now, OutcomeColumns& ended);
  void note_without_slot(const Actions& actions, std::size_t begin);
  void pass(std::size_t places);

  Backlog backlog_;
  std::size_t running_ = 0;
  AttemptSet without_slot_;  ///< running; noted only while slots are limited
  std::uint64_t started_count_ = 0;
  std::uint64_t assignments_received_ = 0;
  std::uint64_t cancelled_through_ = 0;  ///< in this epoch
  /// Attempts cancelled one by one that did not wait, in this epoch, with the last assignment that
  /// may still bring each.
  std::map<AttemptSet::value_type, std::uint64_t> cancelled_ahead_;
  Revoke revoked_;  ///< the furthest of this epoch
  bool has_news_ = false;
};

}  // namespace rollcall::worker
