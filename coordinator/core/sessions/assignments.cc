#include "coordinator/core/sessions/assignments.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <iterator>
#include <utility>

#include "common/base/check.h"

namespace rollcall::coordinator {

std::uint64_t Assignments::add(Instant now, std::uint32_t dispatch, Batch batch,
                               std::uint64_t credit, std::span<const Duration> costs) {
  if (!costs.empty()) prefetch_.expect(costs);
  most_credit_ = std::max(most_credit_, credit);
  HeldAssignment held;
  held.dispatch = dispatch;
  held.number = ++sent_;
  held.first_position = assigned_;
  held.sent = now;
  held.batch = std::move(batch);
  held_ += held.batch.count;
  assigned_ += held.batch.count;
  held_assignments_.push_back(std::move(held));
  return sent_;
}

void Assignments::adopt(const Inventory& inventory, const HeldColumns& listed,
                        std::uint32_t dispatch, std::uint64_t owned, ExpiredAttempts expired) {
  CHECK(held_assignments_.empty() && expired_.empty());
  earlier_ = sent_ = received_ = inventory.assignments_received;
  assigned_ = inventory.started_count - inventory.begun + listed.size();
  started_ = inventory.started_count;
  held_ += owned;
  most_credit_ = std::max(most_credit_, held_);
  expired_ = std::move(expired);
  for (std::size_t i = inventory.begun; i < listed.size(); ++i) {
    if (listed.attempt[i] == 0) skipped_.insert(started_ + i - inventory.begun);
  }
  if (listed.size() == 0) return;
  HeldAssignment held;
  held.dispatch = dispatch;
  held.number = sent_;
  held.first_position = inventory.started_count - inventory.begun;
  held.batch.count = static_cast<std::uint32_t>(listed.size());
  held.batch.listed = listed.task;
  held_assignments_.push_back(std::move(held));
}

std::vector<const HeldAssignment*> Assignments::take_overdue(Instant now, Duration older_than) {
  std::vector<const HeldAssignment*> overdue;
  for (HeldAssignment& held : held_assignments_) {
    if (held.number <= received_) continue;
    if (overdue.empty() && now - held.sent < older_than) continue;
    held.sent = now;
    overdue.push_back(&held);
  }
  return overdue;
}

Begun Assignments::progress(std::uint64_t assignments_received, std::uint64_t started,
                            bool with_tasks) {
  received_ = std::max(received_, std::min(assignments_received, sent_));
  const PlaceRange places{started_, std::max(started_, std::min(started, assigned_))};
  Begun begun;
  if (with_tasks && places.to > places.from) begun.tasks = tasks_at(places);
  const auto passed = skipped_.lower_bound(places.to);
  begun.count =
      static_cast<std::int64_t>(places.to - places.from) - std::distance(skipped_.begin(), passed);
  skipped_.erase(skipped_.begin(), passed);
  started_ = places.to;
  if (revoked_ && started_ >= revoked_->end) revoked_.reset();
  return begun;
}

/// The tasks at these places, except for attempts that never began.
std::vector<TaskId> Assignments::tasks_at(PlaceRange places) const {
  std::vector<TaskId> tasks;
  auto held = std::upper_bound(
      held_assignments_.begin(), held_assignments_.end(), places.from,
      [](std::uint64_t place, const HeldAssignment& h) { return place < h.first_position; });
  if (held != held_assignments_.begin()) --held;
  for (; held != held_assignments_.end() && held->first_position < places.to; ++held) {
    const std::uint64_t first = std::max(places.from, held->first_position) - held->first_position;
    const std::uint64_t last =
        std::min(places.to - held->first_position, std::uint64_t{held->batch.count});
    for (std::uint64_t i = first; i < last; ++i) {
      if (!skipped_.contains(held->first_position + i)) tasks.push_back(held->batch.at(i));
    }
  }
  return tasks;
}

std::uint64_t Assignments::started_of(const HeldAssignment& held) const {
  const std::uint64_t started = started_ - std::min(started_, held.first_position);
  return std::min(started, std::uint64_t{held.batch.count});
}

bool Assignments::has_begun(TaskId task) const {
  for (auto held = held_assignments_.rbegin(); held != held_assignments_.rend(); ++held) {
    for (std::size_t i = 0; i < held->batch.count; ++i) {
      if (held->batch.at(i) == task) return held->first_position + i < started_;
    }
  }
  return false;
}

std::uint64_t Assignments::begun_before(TaskId task, const AttemptFilter& is_held) const {
  std::uint64_t before = 0;  // of those, before the attempt last seen at this task
  std::uint64_t count = 0;
  for (const HeldAssignment& held : held_assignments_) {
    for (std::size_t i = 0; i < held.batch.count; ++i) {
      if (held.first_position + i >= started_) return before;
      if (held.batch.at(i) == task) before = count;
      if (is_held(held.dispatch, held.batch.at(i))) ++count;
    }
  }
  return before;
}

void Assignments::attempts_ended(Instant now, std::uint64_t settled,
                                 std::span<const Duration> elapsed) {
  CHECK(settled <= held_);
  held_ -= settled;
  prefetch_.count_run_times(elapsed);
  prefetch_.count_ended(now, elapsed.size());
}

void Assignments::drop_answered(const std::function<bool(std::uint32_t dispatch)>& has_ended) {
  while (!held_assignments_.empty() && held_assignments_.front().number <= received_ &&
         has_ended(held_assignments_.front().dispatch)) {
    held_assignments_.pop_front();
  }
}

void Assignments::supersede(TaskId task, const ExpiredAttempt& attempt) {
  CHECK(held_ > 0);
  --held_;
  expired_[task] = attempt;
}

void Assignments::release() {
  held_assignments_.clear();
  held_ = 0;
}

std::optional<Revoke> Assignments::revoke_from(Instant now, std::uint64_t keep) {
  keep = std::max(keep, started_);
  if (keep >= assigned_) return std::nullopt;
  revoked_ = Revocation{assigned_, now};
  Revoke revoke;
  revoke.assignments_through = sent_;
  revoke.keep = keep;
  return revoke;
}

Revoke Assignments::revoke_all(Instant now) {
  revoked_ = Revocation{assigned_, now};
  Revoke revoke;
  revoke.assignments_through = sent_;
  revoke.keep = 0;
  return revoke;
}

std::optional<Revoke> Assignments::revoke_last(Instant now, std::uint64_t count,
                                               const AttemptFilter& is_held) {
  std::uint64_t keep = assigned_;
  for (auto held = held_assignments_.rbegin(); held != held_assignments_.rend() && count > 0;
       ++held) {
    for (std::uint32_t i = held->batch.count; i > 0 && count > 0; --i) {
      keep = held->first_position + i - 1;
      if (is_held(held->dispatch, held->batch.at(i - 1))) --count;
    }
  }
  return revoke_from(now, keep);
}

std::uint64_t Assignments::never_began(std::vector<UnstartedAttempt> attempts) {
  const auto by_dispatch = [](const auto& a, const auto& b) { return a.dispatch < b.dispatch; };
  std::sort(attempts.begin(), attempts.end(), by_dispatch);
  if (!attempts.empty()) revoked_.reset();
  std::uint64_t counted = 0;
  for (auto next = attempts.begin(); next != attempts.end();) {
    const auto end = std::upper_bound(next, attempts.end(), *next, by_dispatch);
    boost::unordered_flat_map<TaskId, int> tasks;  // a list may have several attempts at a task
    for (auto attempt = next; attempt != end; ++attempt) ++tasks[attempt->task];
    const auto held = std::lower_bound(
        held_assignments_.begin(), held_assignments_.end(), next->dispatch,
        [](const HeldAssignment& h, std::uint32_t dispatch) { return h.dispatch < dispatch; });
    const std::uint32_t dispatch = std::exchange(next, end)->dispatch;
    if (held == held_assignments_.end() || held->dispatch != dispatch) continue;
    for (std::uint32_t i = 0; i < held->batch.count; ++i) {
      const auto wanted = tasks.find(held->batch.at(i));
      if (wanted == tasks.end() || wanted->second == 0) continue;
      const std::uint64_t place = held->first_position + i;
      if (place >= started_ && !skipped_.insert(place).second) continue;
      if (place < started_) ++counted;
      --wanted->second;
    }
  }
  return counted;
}

void Assignments::check_invariants() const {
  prefetch_.check_invariants();
  CHECK(held_ <= most_credit_);
  CHECK(received_ <= sent_);
  CHECK(started_ <= assigned_);
  CHECK(held_ <= assigned_);
  CHECK(skipped_.empty() || (*skipped_.begin() >= started_ && *skipped_.rbegin() < assigned_));
  for (const HeldAssignment& held : held_assignments_) {
    CHECK(held.number <= sent_ && held.first_position + held.batch.count <= assigned_);
  }
}

}  // namespace rollcall::coordinator
