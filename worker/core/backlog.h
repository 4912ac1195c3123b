// Attempts that were assigned and are not started yet, in the order in which they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <utility>

#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// A queue of batches. Pure; one owner, one thread. Its bound is the coordinator's credit.
class Backlog {
 public:
  using AttemptSet = std::set<std::pair<TaskId, Attempt>>;

  void push(std::uint64_t assignment, const AttemptColumns& attempts);
  /// How far the queue has come: attempts taken, and places passed, which are those of the attempts
  /// and of what was returned between them.
  struct Taken {
    std::size_t attempts = 0;
    std::size_t places = 0;
  };
  /// Appends StartAttempts, one for each assignment touched, for the first `room` attempts or all
  /// there are.
  Taken take(std::size_t room, Actions& out);
  /// Takes out what is of assignments up to this one and appends its outcomes: cancelled, started
  /// and ended at `now`. Returns the places passed.
  std::size_t cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out);
  /// Takes out what is of assignments up to this one, but for the first `keep` attempts that were
  /// ever pushed, and appends its outcomes: returned. Its places are passed when their turn comes.
  /// Returns the places passed now.
  std::size_t return_unstarted(Instant now, std::uint64_t assignments_through, std::uint64_t keep,
                               OutcomeColumns& out);
  /// Appends what is there, in its order. What was returned stands in its place with attempt 0,
  /// or as it was if `unacknowledged` names it: then it is taken out of there.
  void list(AttemptSet& unacknowledged, HeldColumns& out) const;
  void clear();
  std::size_t size() const { return size_; }

 private:
  struct Batch {
    std::uint64_t assignment = 0;
    AttemptColumns attempts;
    std::uint64_t first_place = 0;  ///< how many attempts were pushed before it
    std::size_t next = 0;           ///< the first that is not taken yet
    std::size_t end = 0;            ///< from here on all were returned
  };

  std::size_t pass_empty_batches();
  void append(const Batch& batch, std::size_t begin, Instant now, Outcome outcome,
              OutcomeColumns& out) const;

  std::deque<Batch> batches_;
  std::size_t size_ = 0;
  std::uint64_t pushed_ = 0;
};

}  // namespace rollcall::worker
