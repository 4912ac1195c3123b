// The pending tasks, in the order in which they are to be dispatched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "coordinator/core/model/run_spec.h"

namespace rollcall::coordinator {

/// The tasks of one assignment: a range of the backlog's order, or a list of its own. A range is a
/// view, which costs nothing per task: it is valid while its Backlog lives, until keep_only().
struct Batch {
  std::uint32_t first = 0;  ///< place in the order, or the first task; unused if listed
  std::uint32_t count = 0;
  std::uint32_t stride = 1;       ///< from one task to the next, in places
  const TaskId* order = nullptr;  ///< the backlog's; null: tasks are in order of their ids
  std::vector<TaskId> listed;     ///< tasks that were put back; else empty

  /// The i-th task.
  TaskId at(std::size_t i) const {
    if (!listed.empty()) return listed[i];
    const std::size_t place = first + i * stride;
    return order == nullptr ? task_at(place) : order[place];
  }
};

/// Tasks of known cost go out longest first (Graham, "Bounds on multiprocessing timing anomalies",
/// 1969), equal ones by task; tasks that were put back go before all others. Costs 4 bytes a task,
/// or nothing if all tasks cost the same. Pure; one owner, one thread.
class Backlog {
 public:
  explicit Backlog(const RunSpec& spec);

  /// Returns the next tasks, at most `most` (> 0); an empty batch if none are left. `is_pending`
  /// filters the tasks that were put back: a late outcome may have ended one. After note_gaps(), it
  /// filters all.
  Batch take(std::size_t most, const std::function<bool(TaskId)>& is_pending);

  /// The next tasks for several sessions at once: `count` (> 0) for each, dealt like cards, so that
  /// no session gets only the longest. Requires count x sessions <= interleavable().
  std::vector<Batch> take_interleaved(std::size_t sessions, std::size_t count);
  /// Tasks that take_interleaved() may take: none if all cost the same, if tasks were put back, or
  /// after note_gaps().
  std::size_t interleavable() const {
    return returned_.empty() && !has_gaps_ ? order_.size() - next_ : 0;
  }

  /// Some tasks that were never taken are not pending any more.
  void note_gaps() { has_gaps_ = true; }

  /// The run has these further tasks. They go out after all others, in order of their ids.
  void add(std::uint32_t count) { spec_.task_count += count; }

  /// These are pending again.
  void put_back(std::vector<TaskId> tasks);

  /// From now on only these tasks are pending, whatever was taken before; tasks that were put back
  /// still go first. Invalidates batches taken from the order. O(tasks).
  void keep_only(const std::function<bool(TaskId)>& is_pending);

  /// The highest cost of all tasks of the run; zero if the run has no tasks.
  Duration longest_cost() const { return longest_cost_; }

  /// Places lie within the order.
  void check_invariants() const;

 private:
  static void end_at_gap(Batch& batch, const std::function<bool(TaskId)>& is_pending);

  RunSpec spec_;
  Duration longest_cost_{};
  std::vector<TaskId> order_;     ///< tasks that are not dealt by their ids
  std::size_t next_ = 0;          ///< place in it of the first task that was never taken
  std::uint32_t next_id_ = 0;     ///< after them, tasks from this one on, by their ids
  std::vector<TaskId> returned_;  ///< put back; the next one last
  bool has_gaps_ = false;         ///< tasks that were never taken may not be pending
};

}  // namespace rollcall::coordinator
