#include "coordinator/core/tasks/backlog.h"

#include <algorithm>
#include <boost/sort/spreadsort/integer_sort.hpp>
#include <numeric>

#include "common/base/check.h"

namespace rollcall::coordinator {

Backlog::Backlog(const RunSpec& spec) : spec_(spec) {
  if (spec.has_uniform_cost()) {
    if (spec_.task_count > 0) longest_cost_ = spec_.cost(task_at(0));
    return;
  }
  order_.resize(spec_.task_count);
  for (TaskId& task : order_) task = task_at(next_id_++);
  // Negated, so that the longest task comes first. Recomputing a cost is cheaper than storing it.
  const auto key = [this](TaskId task) { return -spec_.cost(task).count(); };
  boost::sort::spreadsort::integer_sort(
      order_.begin(), order_.end(), [&](TaskId task, unsigned shift) { return key(task) >> shift; },
      [&](TaskId a, TaskId b) {
        const auto ka = key(a);
        const auto kb = key(b);
        return ka != kb ? ka < kb : a < b;
      });
  if (!order_.empty()) longest_cost_ = spec_.cost(order_.front());
}

void Backlog::keep_only(const std::function<bool(TaskId)>& is_pending) {
  if (spec_.has_uniform_cost()) {
    order_.clear();
    next_id_ = 0;
  }
  order_.reserve(spec_.task_count);
  while (next_id_ < spec_.task_count) order_.push_back(task_at(next_id_++));
  std::erase_if(returned_, [&](TaskId task) { return !is_pending(task); });
  // A task may have been returned, adopted with a worker and returned again.
  returned_.erase(std::unique(returned_.begin(), returned_.end()), returned_.end());
  std::vector<bool> is_returned(spec_.task_count);
  for (const TaskId task : returned_) is_returned[index(task)] = true;
  std::erase_if(order_, [&](TaskId t) { return is_returned[index(t)] || !is_pending(t); });
  next_ = 0;
}

Batch Backlog::take(std::size_t most, const std::function<bool(TaskId)>& is_pending) {
  CHECK(most > 0);
  Batch batch;
  while (!returned_.empty() && batch.listed.size() < most) {
    if (is_pending(returned_.back())) batch.listed.push_back(returned_.back());
    returned_.pop_back();
  }
  if (!batch.listed.empty()) {
    batch.count = static_cast<std::uint32_t>(batch.listed.size());
    return batch;
  }
  while (has_gaps_ && next_ < order_.size() && !is_pending(order_[next_])) ++next_;
  if (next_ < order_.size()) {
    batch.first = static_cast<std::uint32_t>(next_);
    batch.count = static_cast<std::uint32_t>(std::min(most, order_.size() - next_));
    batch.order = order_.data();
    if (has_gaps_) end_at_gap(batch, is_pending);
    next_ += batch.count;
    return batch;
  }
  while (has_gaps_ && next_id_ < spec_.task_count && !is_pending(task_at(next_id_))) ++next_id_;
  batch.first = next_id_;
  batch.count =
      static_cast<std::uint32_t>(std::min<std::size_t>(most, spec_.task_count - next_id_));
  if (has_gaps_) end_at_gap(batch, is_pending);
  next_id_ += batch.count;
  return batch;
}

/// A batch is a range, so it ends before the first task that is not pending.
void Backlog::end_at_gap(Batch& batch, const std::function<bool(TaskId)>& is_pending) {
  std::uint32_t count = 0;
  while (count < batch.count && is_pending(batch.at(count))) ++count;
  batch.count = count;
}

std::vector<Batch> Backlog::take_interleaved(std::size_t sessions, std::size_t count) {
  CHECK(count > 0 && sessions * count <= interleavable());
  std::vector<Batch> batches(sessions);
  for (std::size_t s = 0; s < sessions; ++s) {
    batches[s].first = static_cast<std::uint32_t>(next_ + s);
    batches[s].count = static_cast<std::uint32_t>(count);
    batches[s].stride = static_cast<std::uint32_t>(sessions);
    batches[s].order = order_.data();
  }
  next_ += sessions * count;
  return batches;
}

void Backlog::put_back(std::vector<TaskId> tasks) {
  if (tasks.empty()) return;
  returned_.insert(returned_.end(), tasks.begin(), tasks.end());
  std::sort(returned_.begin(), returned_.end(), [this](TaskId a, TaskId b) {
    const Duration cost_a = spec_.cost(a);
    const Duration cost_b = spec_.cost(b);
    return cost_a != cost_b ? cost_a < cost_b : a > b;
  });
}

void Backlog::check_invariants() const {
  CHECK(next_ <= order_.size() && order_.size() <= next_id_ && next_id_ <= spec_.task_count);
}

}  // namespace rollcall::coordinator
