// Tasks that have failed and are tried again, not before their time.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// Each task is in it once. These tasks are pending, and not in the backlog. Pure; one owner, one
/// thread.
class Retries {
 public:
  bool empty() const { return at_.empty(); }
  std::size_t size() const { return at_.size(); }
  bool contains(TaskId task) const { return at_.contains(task); }
  /// Returns when the first task is due; nullopt if no task waits.
  std::optional<Instant> next() const;

  /// The task has failed for the `failures`-th time (> 0). The delay before its retry doubles with
  /// each failure, from limits::retry_first to limits::retry_longest.
  void failed(Instant now, TaskId task, std::uint32_t failures);
  /// The task is not pending any more, or not to be retried. Does nothing if it is not here.
  void forget(TaskId task);
  void clear();

  /// Takes out the tasks that are due, the earliest first.
  std::vector<TaskId> take_due(Instant now);

  /// Both containers hold the same. O(tasks).
  void check_invariants() const;

 private:
  std::set<std::pair<Instant, TaskId>> by_time_;
  boost::unordered_flat_map<TaskId, Instant> at_;  ///< the same by task
};

}  // namespace rollcall::coordinator
