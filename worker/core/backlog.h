// Attempts that were assigned and have not started, in the order of their arrival.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "common/model/job.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/attempt_set.h"
#include "worker/core/event.h"
#include "worker/core/jobs.h"

namespace rollcall::worker {

/// A queue of batches, bounded by the credit of the session. Each attempt has a *place*, counted
/// from the first attempt ever pushed. A place is passed when its attempt is taken; the place of an
/// attempt that was returned or cancelled is passed with those before it, so that places are passed
/// in order. Pure; one owner, one thread.
class Backlog {
 public:
  /// Requires that `jobs` has the job of each attempt.
  void push(std::uint64_t assignment, const AttemptColumns& attempts, const Jobs& jobs);
  /// Attempts taken, and places passed by that.
  struct Taken {
    std::size_t attempts = 0;
    std::size_t with_slot = 0;  ///< of these, those that need a slot
    std::size_t places = 0;
  };
  /// Takes attempts in order, until one needs a slot and `slots` were taken that do. Appends a
  /// StartAttempts for each assignment and job.
  Taken take(std::size_t slots, Actions& out);
  /// Removes the attempts of assignments up to this one and appends their outcomes: cancelled,
  /// started and ended at `now`. Returns the places passed.
  std::size_t cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out);
  /// Removes the attempts that `named` contains from both, and appends their outcomes: cancelled.
  /// Returns the places passed.
  std::size_t cancel_listed(Instant now, AttemptSet& named, OutcomeColumns& out);
  /// Removes the attempts of assignments up to this one, except for the first `keep` places, and
  /// appends their outcomes: returned. Returns the places passed.
  std::size_t return_unstarted(Instant now, std::uint64_t assignments_through, std::uint64_t keep,
                               OutcomeColumns& out);
  /// Appends the attempts at all places that were not passed, in order. One that was returned or
  /// cancelled appears with attempt number 0; but if `unacknowledged` contains it, unchanged, and
  /// it is removed there.
  void list(AttemptSet& unacknowledged, HeldColumns& out) const;
  void clear();
  std::size_t size() const { return size_; }

 private:
  /// Attempts of one assignment and one job.
  struct Batch {
    std::uint64_t assignment = 0;
    AttemptColumns attempts;
    std::shared_ptr<const Job> job;
    std::uint64_t first_place = 0;  ///< attempts pushed before it
    std::size_t next = 0;           ///< the first that is not taken
    std::size_t end = 0;            ///< the first that was returned or cancelled, as all after it
  };

  void add_batch(std::uint64_t assignment, AttemptColumns attempts, std::shared_ptr<const Job> job);
  std::size_t pass_empty_batches();
  bool split(Instant now, Batch& batch, AttemptSet& named, std::deque<Batch>& pieces,
             OutcomeColumns& out);
  void append(const Batch& batch, std::size_t begin, Instant now, Outcome outcome,
              OutcomeColumns& out) const;

  std::deque<Batch> batches_;
  std::size_t size_ = 0;
  std::uint64_t pushed_ = 0;
};

}  // namespace rollcall::worker
