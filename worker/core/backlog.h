// Attempts that were assigned and are not started yet, in the order in which they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "common/task.h"
#include "common/time.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// A queue of batches. Pure; one owner, one thread. Its bound is the coordinator's credit.
class Backlog {
 public:
  void push(std::uint64_t assignment, const AttemptColumns& attempts);
  /// Appends StartAttempts, one for each assignment touched, for the first `room` attempts or all
  /// there are. Returns how many.
  std::size_t take(std::size_t room, Actions& out);
  /// Takes out what is of assignments up to this one and appends its outcomes: cancelled, started
  /// and ended at `now`. Returns how many.
  std::size_t cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out);
  void clear();
  std::size_t size() const { return size_; }

 private:
  struct Batch {
    std::uint64_t assignment = 0;
    AttemptColumns attempts;
    std::size_t next = 0;  ///< the first that is not taken yet
  };

  std::deque<Batch> batches_;
  std::size_t size_ = 0;
};

}  // namespace rollcall::worker
