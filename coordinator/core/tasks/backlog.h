// The pending tasks, in the order in which they are to be dispatched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "coordinator/core/model/run_spec.h"

namespace rollcall::coordinator {

/// The tasks of one assignment: a piece of the backlog's order, or a list of its own.
struct Batch {
  std::uint32_t first = 0;  ///< place in the order; without meaning if listed
  std::uint32_t count = 0;
  std::vector<TaskId> listed;  ///< tasks that came back; else empty
};

/// What is to be dispatched next. Known pauses go out longest first (Graham, "Bounds on
/// multiprocessing timing anomalies", 1969), equal ones by task; tasks that came back go before all
/// others. Costs 4 bytes a task, or nothing when all pauses are equal. Pure; one owner, one thread.
class Backlog {
 public:
  explicit Backlog(const RunSpec& spec);

  /// The next tasks, at most `most` (> 0) of them; an empty batch if there are none. `is_pending`
  /// tells which of those that came back still are: a late outcome may have ended one.
  Batch take(std::size_t most, const std::function<bool(TaskId)>& is_pending);

  /// These are pending again.
  void put_back(std::vector<TaskId> tasks);

  /// Only these are pending, whatever was taken before; what came back still goes first. Batches
  /// that were taken from the order are of no use any more. O(tasks).
  void keep_only(const std::function<bool(TaskId)>& is_pending);

  /// Of all tasks of the run. Zero if there are none.
  Duration longest_cost() const { return longest_cost_; }

  /// The i-th task of a batch.
  TaskId at(const Batch& batch, std::size_t i) const {
    if (!batch.listed.empty()) return batch.listed[i];
    return in_order(batch.first + i);
  }

 private:
  TaskId in_order(std::size_t place) const { return by_id_ ? task_at(place) : order_[place]; }

  RunSpec spec_;
  Duration longest_cost_{};
  bool by_id_ = true;             ///< the order is that of the ids, and all are in it
  std::vector<TaskId> order_;     ///< unless by_id_
  std::size_t next_ = 0;          ///< place of the first one that was never taken
  std::vector<TaskId> returned_;  ///< next one last
};

}  // namespace rollcall::coordinator
