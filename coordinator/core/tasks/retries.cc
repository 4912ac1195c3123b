#include "coordinator/core/tasks/retries.h"

#include <algorithm>

#include "common/base/check.h"

namespace rollcall::coordinator {
namespace {

Duration delay_after(std::uint32_t failures, Duration first) {
  Duration delay = first;
  for (; failures > 1 && delay > Duration::zero() && delay < limits::retry_longest; --failures) {
    delay *= 2;
  }
  return std::min(delay, std::max(first, limits::retry_longest));
}

}  // namespace

bool Retries::contains(TaskId task) const {
  const auto found = due_.find(task);
  return found != due_.end() && waiting_.contains({found->second, task});
}

std::optional<Instant> Retries::next() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

void Retries::failed(Instant now, TaskId task, std::uint32_t failures) {
  forget(task);
  const Instant due = now + delay_after(failures, first_);
  due_[task] = due;
  waiting_.emplace(due, task);
}

void Retries::forget(TaskId task) {
  const auto found = due_.find(task);
  if (found == due_.end()) return;
  waiting_.erase({found->second, task});
  due_.erase(found);
}

void Retries::clear() {
  due_.clear();
  waiting_.clear();
}

void Retries::suspend(TaskId task) {
  const auto found = due_.find(task);
  CHECK(found != due_.end());
  waiting_.erase({found->second, task});
}

bool Retries::resume(Instant now, TaskId task) {
  const auto found = due_.find(task);
  if (found == due_.end()) return false;
  if (found->second > now) {
    waiting_.emplace(found->second, task);
    return true;
  }
  forget(task);
  return false;
}

std::vector<TaskId> Retries::take_due(Instant now) {
  std::vector<TaskId> due;
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    due.push_back(waiting_.begin()->second);
    forget(due.back());
  }
  return due;
}

void Retries::check_invariants() const {
  CHECK(waiting_.size() <= due_.size());
  for (const auto& [due, task] : waiting_) {
    const auto found = due_.find(task);
    CHECK(found != due_.end() && found->second == due);
  }
}

}  // namespace rollcall::coordinator
