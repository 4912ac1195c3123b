// Tasks that have failed and are to be tried again, not before their time.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// Each task is in it once. They are pending, and in no backlog. Pure; one owner, one thread.
class RetryQueue {
 public:
  bool empty() const { return at_.empty(); }
  std::size_t size() const { return at_.size(); }
  bool contains(TaskId task) const { return at_.contains(task); }
  std::optional<Instant> next() const {
    return empty() ? std::nullopt : std::optional(by_time_.begin()->first);
  }

  void add(TaskId task, Instant at) {
    forget(task);
    by_time_.emplace(at, task);
    at_[task] = at;
  }

  /// It is not pending any more, if it ever was here.
  void forget(TaskId task) {
    const auto found = at_.find(task);
    if (found == at_.end()) return;
    by_time_.erase({found->second, task});
    at_.erase(found);
  }

  void clear() {
    by_time_.clear();
    at_.clear();
  }

  /// Takes out those whose time has come, the earliest first.
  std::vector<TaskId> take_due(Instant now) {
    std::vector<TaskId> due;
    while (!empty() && by_time_.begin()->first <= now) {
      due.push_back(by_time_.begin()->second);
      forget(due.back());
    }
    return due;
  }

 private:
  std::set<std::pair<Instant, TaskId>> by_time_;
  boost::unordered_flat_map<TaskId, Instant> at_;  ///< the same by task
};

}  // namespace rollcall::coordinator
