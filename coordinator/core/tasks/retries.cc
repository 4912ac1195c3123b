#include "coordinator/core/tasks/retries.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

Duration delay_after(std::uint32_t failures) {
  Duration delay = limits::retry_first;
  for (; failures > 1 && delay < limits::retry_longest; --failures) delay *= 2;
  return std::min(delay, limits::retry_longest);
}

}  // namespace

std::optional<Instant> Retries::next() const {
  if (empty()) return std::nullopt;
  return by_time_.begin()->first;
}

void Retries::failed(Instant now, TaskId task, std::uint32_t failures) {
  forget(task);
  const Instant due = now + delay_after(failures);
  by_time_.emplace(due, task);
  at_[task] = due;
}

void Retries::forget(TaskId task) {
  const auto found = at_.find(task);
  if (found == at_.end()) return;
  by_time_.erase({found->second, task});
  at_.erase(found);
}

void Retries::clear() {
  by_time_.clear();
  at_.clear();
}

std::vector<TaskId> Retries::take_due(Instant now) {
  std::vector<TaskId> due;
  while (!empty() && by_time_.begin()->first <= now) {
    due.push_back(by_time_.begin()->second);
    forget(due.back());
  }
  return due;
}

void Retries::check_invariants() const {
  CHECK(by_time_.size() == at_.size());
  for (const auto& [due, task] : by_time_) {
    const auto found = at_.find(task);
    CHECK(found != at_.end() && found->second == due);
  }
}

}  // namespace rollcall::coordinator
