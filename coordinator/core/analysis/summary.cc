#include "coordinator/core/analysis/summary.h"

#include <algorithm>
#include <bit>

#include "coordinator/core/analysis/batch_cursor.h"

namespace rollcall::coordinator {
namespace {

/// Counts durations in buckets of equal width below 2^kBits ns, and in 2^(kBits - 1) buckets
/// for each power of two above: no bucket is wider than 1/1024 of its value.
class Histogram {
 public:
  void add(Duration value) {
    const auto ns = static_cast<std::uint64_t>(std::max(value, Duration::zero()).count());
    ++buckets_[bucket_of(ns)];
    ++count_;
    max_ = std::max(max_, ns);
  }
  Duration max() const { return Duration(static_cast<Duration::rep>(max_)); }

  /// The smallest value that `percent` of all do not exceed, rounded up to the end of its bucket.
  Duration percentile(std::uint64_t percent) const {
    const std::uint64_t wanted = (count_ * percent + 99) / 100;
    std::uint64_t passed = 0;
    for (std::size_t b = 0; b < buckets_.size(); ++b) {
      passed += buckets_[b];
      if (passed >= wanted) return Duration(static_cast<Duration::rep>(std::min(last_of(b), max_)));
    }
    return max();
  }

 private:
  static constexpr unsigned kBits = 11;
  static constexpr std::uint64_t kHalf = std::uint64_t{1} << (kBits - 1);

  static std::size_t bucket_of(std::uint64_t ns) {
    const auto width = static_cast<unsigned>(std::bit_width(ns));
    if (width <= kBits) return ns;
    const unsigned shift = width - kBits;
    return kHalf * shift + (ns >> shift);
  }
  static std::uint64_t last_of(std::size_t bucket) {
    if (bucket < 2 * kHalf) return bucket;
    const std::size_t shift = bucket / kHalf - 1;
    return ((bucket - kHalf * shift + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(kHalf * (64 - kBits + 2));
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

Completion completion_of(const RunRecords& records, std::span<const std::uint32_t> order) {
  Completion completion;
  if (order.empty() || records.batches.empty()) return completion;
  completion.first_task = records.task[order.front()];
  completion.last_task = records.task[order.back()];
  BatchCursor cursor(records);
  const AcceptedBatch* previous = &cursor.of(order.front());
  for (std::size_t i = 1; i < order.size(); ++i) {
    const AcceptedBatch* current = &cursor.of(order[i]);
    const Duration gap = records.finished(order[i]) - records.finished(order[i - 1]);
    // One clock is exact to itself. (Halves: a bound may be Duration::max().)
    const bool one_clock = previous->session == current->session;
    const Duration half_bounds = previous->clock_bound / 2 + current->clock_bound / 2;
    if (one_clock ? gap == Duration::zero() : gap / 2 <= half_bounds) {
      ++completion.ambiguous_neighbours;
    }
    previous = current;
  }
  return completion;
}

/// How long no task had been running when the run was resumed; zero if a worker was running one.
Duration idle_before(const RunRecords& records, Instant since, Instant resumed) {
  for (std::size_t i = 0; i < records.accepted(); ++i) {
    const Instant finished = records.finished(i);
    if (finished > resumed && records.started[i] < resumed) return Duration::zero();
    if (finished <= resumed) since = std::max(since, finished);
  }
  return std::max(resumed - since, Duration::zero());
}

/// How slots were used: for commands, whose shortest time is not known before they ran.
SlotTime slot_time_of(const RunRecords& records, Duration measured) {
  SlotTime time;
  for (const Duration elapsed : records.elapsed) time.busy += to_seconds(elapsed);
  time.retries = records.retry_seconds;
  if (const std::optional<std::uint64_t> slots = peak_slots(records)) {
    const double all = static_cast<double>(*slots) * to_seconds(measured);
    time.waiting = std::max(all - time.busy - time.retries, 0.0);
  }
  return time;
}

}  // namespace

Duration stopped_time(const RunRecords& records, Instant until) {
  Duration stopped{};
  if (!records.first_dispatch || !records.last_accepted) return stopped;
  Instant since = *records.first_dispatch;
  for (const Instant resumed : records.resumed) {
    if (resumed >= *records.last_accepted) break;
    const Duration idle = idle_before(records, since, resumed);
    stopped += std::clamp(until - (resumed - idle), Duration::zero(), idle);
    since = std::max(since, resumed);
  }
  return stopped;
}

double Summary::overhead_percent() const {
  if (lower_bound <= Duration::zero()) return 0;
  return 100 * to_seconds(overhead()) / to_seconds(lower_bound);
}

Summary summarize(const RunRecords& records, std::span<const std::uint32_t> order) {
  Summary summary;
  summary.finished = records.accepted() == records.spec.task_count;
  summary.lower_bound = lower_bound(records);
  if (records.last_accepted) summary.stopped = stopped_time(records, *records.last_accepted);
  summary.measured = records.measured() - summary.stopped;
  Histogram lateness;
  for (std::size_t i = 0; i < records.accepted(); ++i) {
    const TaskId task = records.task[i];
    const Outcome outcome = records.outcome_of(task);
    ++summary.outcomes[static_cast<std::size_t>(outcome)];
    if (records.spec.traits.has_known_cost && outcome == Outcome::succeeded)
      lateness.add(records.elapsed[i] - records.spec.cost(task));
  }
  summary.lateness = {lateness.percentile(50), lateness.percentile(99), lateness.max()};
  summary.completion = completion_of(records, order);
  if (!records.spec.traits.has_known_cost) {
    summary.slot_time = slot_time_of(records, summary.measured);
  }
  return summary;
}

}  // namespace rollcall::coordinator
