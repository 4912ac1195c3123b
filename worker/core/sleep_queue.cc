#include "worker/core/sleep_queue.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::worker {
namespace {

constexpr std::uint32_t kHighestNumber = std::numeric_limits<std::uint32_t>::max();

std::uint32_t short_number(std::uint64_t assignment) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(assignment, kHighestNumber));
}

}  // namespace

SleepQueue::Entry::Entry(Duration due, Duration pause, TaskId task, Attempt attempt,
                         std::uint32_t assignment)
    : due_((static_cast<std::uint64_t>(due.count()) << 8U) | (assignment & 0xffU)),
      pause_((static_cast<std::uint64_t>(pause.count()) << 8U) | ((assignment >> 8U) & 0xffU)),
      task_(task),
      attempt_(attempt),
      assignment_high_(static_cast<std::uint16_t>(assignment >> 16U)) {}

std::uint32_t SleepQueue::Entry::assignment() const {
  return static_cast<std::uint32_t>((due_ & 0xffU) | ((pause_ & 0xffU) << 8U)) |
         (std::uint32_t{assignment_high_} << 16U);
}

void SleepQueue::start(Instant now, std::uint64_t assignment, const AttemptColumns& attempts) {
  if (size() == 0) base_ = now;
  const Duration since = now - base_;
  CHECK(since >= Duration::zero() && since <= limits::longest_duration);
  const std::size_t first_new = at_once_.size();
  const std::uint32_t number = short_number(assignment);
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const Duration pause = attempts.pause[i];
    CHECK(pause >= Duration::zero() && pause <= limits::longest_duration);
    const Entry entry(since + pause, pause, attempts.task[i], attempts.attempt[i], number);
    if (pause == Duration::zero()) {
      at_once_.push_back(entry);
    } else {
      heap_.push_back(entry);
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    }
  }
  put_in_order(first_new);
}

void SleepQueue::put_in_order(std::size_t first_new) {
  if (first_new == at_once_.size()) return;
  const Duration due = at_once_.back().due();
  while (first_new > 0 && at_once_[first_new - 1].due() == due) --first_new;
  Entry* const begin = at_once_.begin() + first_new;
  const auto earlier = [](const Entry& a, const Entry& b) { return b > a; };
  if (!std::is_sorted(begin, at_once_.end(), earlier)) std::sort(begin, at_once_.end(), earlier);
}

void SleepQueue::append(const Entry& entry, Outcome outcome, Instant now,
                        OutcomeColumns& out) const {
  const Instant started = base_ + (entry.due() - entry.pause());
  const Duration result = outcome == Outcome::succeeded ? entry.pause() : Duration::zero();
  out.push_back(entry.task(), entry.attempt(), outcome, started, now - started, result);
}

/// Ends all sleeps of duration zero, column by column.
void SleepQueue::take_at_once(Instant now, OutcomeColumns& out) {
  const std::size_t before = out.size();
  const std::size_t count = at_once_.size();
  out.resize(before + count);
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = at_once_[i];
    const Instant started = base_ + entry.due();
    out.task[before + i] = entry.task();
    out.attempt[before + i] = entry.attempt();
    out.outcome[before + i] = Outcome::succeeded;
    out.started[before + i] = started;
    out.elapsed[before + i] = now - started;
    out.result[before + i] = Duration::zero();
  }
  at_once_.clear();
}

void SleepQueue::take_due(Instant now, OutcomeColumns& out, std::size_t most) {
  const Duration until = now - base_;
  const std::size_t before = out.size();
  if (!at_once_.empty()) most = kAll;  // their order among the others needs all of those
  if (heap_.empty() || heap_.front().due() > until) take_at_once(now, out);
  const Entry* at_once = at_once_.begin();
  for (;;) {
    const bool is_at_once = at_once != at_once_.end();
    const bool is_due = most > 0 && !heap_.empty() && heap_.front().due() <= until;
    if (is_at_once && (!is_due || heap_.front() > *at_once)) {
      append(*at_once++, Outcome::succeeded, now, out);
    } else if (is_due) {
      append(heap_.front(), Outcome::succeeded, now, out);
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
      --most;
    } else {
      break;
    }
  }
  at_once_.clear();
  pops_.count(now, out.size() - before);
}

/// Ends the sleeps that `goes` selects.
template <class Goes>
void SleepQueue::cancel_those(Instant now, const Goes& goes, OutcomeColumns& out) {
  std::vector<Entry> cancelled;
  for (GrowingArray<Entry>* entries : {&heap_, &at_once_}) {
    Entry* const first = std::stable_partition(entries->begin(), entries->end(), std::not_fn(goes));
    cancelled.insert(cancelled.end(), first, entries->end());
    entries->cut(static_cast<std::size_t>(first - entries->begin()));
  }
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  std::sort(cancelled.begin(), cancelled.end(),
            [](const Entry& a, const Entry& b) { return b > a; });
  for (const Entry& entry : cancelled) append(entry, Outcome::cancelled, now, out);
}

void SleepQueue::cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out) {
  const std::uint32_t through = short_number(assignments_through);
  cancel_those(
      now, [=](const Entry& e) { return e.assignment() <= through; }, out);
}

void SleepQueue::cancel_listed(Instant now, const AttemptSet& attempts, OutcomeColumns& out) {
  const auto is_listed = [&](const Entry& e) { return attempts.contains({e.task(), e.attempt()}); };
  cancel_those(now, is_listed, out);
}

void SleepQueue::list(HeldColumns& out) const {
  for (const GrowingArray<Entry>* entries : {&at_once_, &heap_}) {
    for (const Entry& entry : *entries) {
      out.task.push_back(entry.task());
      out.attempt.push_back(entry.attempt());
    }
  }
}

void SleepQueue::clear() {
  heap_.clear();
  at_once_.clear();
}

std::optional<Instant> SleepQueue::next_due() const {
  if (size() == 0) return std::nullopt;
  if (heap_.empty()) return base_ + at_once_.front().due();
  const Duration due = heap_.front().due();
  return base_ + (at_once_.empty() ? due : std::min(due, at_once_.front().due()));
}

std::optional<Instant> SleepQueue::next_wake(Instant now) const {
  const std::optional<Instant> due = next_due();
  if (!due) return due;
  const bool is_busy = heap_.size() > kBusyRunning && pops_.busy() && at_once_.empty();
  return is_busy ? std::max(*due, now + kSlack) : *due;
}

}  // namespace rollcall::worker
