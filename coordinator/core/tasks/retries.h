// Tasks that have failed and are tried again, not before their time.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/model/ids.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// Each task is in it once. These tasks are pending, and not in the backlog, except for suspended
/// ones: an attempt at those is held by a session. Pure; one owner, one thread.
class Retries {
 public:
  /// The delay before the first retry of a task is `first`.
  explicit Retries(Duration first = limits::retry_first) : first_(first) {}

  bool empty() const { return due_.empty(); }
  /// How many tasks wait.
  std::size_t size() const { return waiting_.size(); }
  /// The task waits.
  bool contains(TaskId task) const;
  /// Returns when the first task is due; nullopt if no task waits.
  std::optional<Instant> next() const;

  /// The task has failed for the `failures`-th time (> 0). The delay before its retry doubles with
  /// each failure, up to limits::retry_longest or the first delay, if that is longer.
  void failed(Instant now, TaskId task, std::uint32_t failures);
  /// The task is done, or not to be retried. Does nothing if it is not here.
  void forget(TaskId task);
  void clear();

  /// A session holds an attempt at the task, which is therefore no longer pending. Requires that
  /// the task waits.
  void suspend(TaskId task);
  /// The task is pending again. Returns true if it is not due yet, and waits from now on; else it
  /// is not here any more.
  bool resume(Instant now, TaskId task);

  /// Takes out the tasks that are due, the earliest first.
  std::vector<TaskId> take_due(Instant now);

  /// Every waiting task has the due time by which it waits. O(tasks).
  void check_invariants() const;

 private:
  Duration first_;
  boost::unordered_flat_map<TaskId, Instant> due_;  ///< of all tasks, suspended ones included
  std::set<std::pair<Instant, TaskId>> waiting_;    ///< those that are not suspended
};

}  // namespace rollcall::coordinator
