// The attempts that a session holds: those that wait for a slot, and those that run.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/messages/message.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/backlog.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// Takes assignments in order and starts their attempts in order, so that two numbers tell the
/// coordinator which of them have arrived and which have begun. Attempts that end here without
/// having started are appended to `ended` with their outcomes.
///
/// Pure; one owner, one thread; `now` never goes back.
class HeldAttempts {
 public:
  /// Takes the next assignment, less what was cancelled or revoked in advance. Returns false, and
  /// holds nothing more, if it has another number: it is a repetition, or one before it was lost.
  bool assign(Instant now, const Assignment& assignment, OutcomeColumns& ended);
  /// Cancels what waits of the assignments up to this one, now and when they arrive later. Returns
  /// true if this may be true of running attempts too.
  bool cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& ended);
  /// Returns what waits, as the Revoke requests, now and when it arrives later.
  void revoke(Instant now, const Revoke& revoke, OutcomeColumns& ended);
  /// Returns everything that waits.
  void return_all(Instant now, OutcomeColumns& ended);

  /// Appends StartAttempts until `most` attempts run or none waits.
  void start(std::size_t most, Actions& out);
  /// So many of the running attempts have ended.
  void end(std::size_t count);
  /// Holds nothing any more. Returns true if attempts were running.
  bool drop();
  /// The next coordinator numbers its assignments, and what it cancels and revokes, by its own
  /// count.
  void start_epoch();
  void forget_run() { *this = HeldAttempts(); }

  std::size_t running() const { return running_; }
  std::size_t waiting() const { return backlog_.size(); }
  std::uint64_t assignments_received() const { return assignments_received_; }
  /// Attempts that have begun, or were cancelled or returned in their turn.
  std::uint64_t started_count() const { return started_count_; }
  /// As Backlog::list().
  void list_waiting(Backlog::AttemptSet& unacknowledged, HeldColumns& out) const {
    backlog_.list(unacknowledged, out);
  }
  /// The coordinator is to be sent the numbers, as they have changed or as it asked for them.
  bool has_news() const { return has_news_; }
  void add_news() { has_news_ = true; }
  void news_sent() { has_news_ = false; }
  void check_invariants() const;

 private:
  void return_waiting(Instant now, std::uint64_t assignments_through, std::uint64_t keep,
                      OutcomeColumns& ended);
  void pass(std::size_t places);

  Backlog backlog_;
  std::size_t running_ = 0;
  std::uint64_t started_count_ = 0;
  std::uint64_t assignments_received_ = 0;
  std::uint64_t cancelled_through_ = 0;  ///< in this epoch
  Revoke revoked_;                       ///< the furthest of this epoch
  bool has_news_ = false;
};

}  // namespace rollcall::worker
