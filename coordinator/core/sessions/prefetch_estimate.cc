#include "coordinator/core/sessions/prefetch_estimate.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

/// Older attempts lose weight above these.
constexpr std::uint64_t kMostCounted = 10'000;
constexpr Duration kMostRunTime = std::chrono::hours(1'000'000);

}  // namespace

std::uint64_t PrefetchEstimate::attempts(std::uint32_t slots) const {
  if (run_count_ == 0) return 0;
  const auto mean = static_cast<std::uint64_t>(run_time_.count()) / run_count_;
  if (mean == 0) return limits::prefetch;
  const auto ahead = static_cast<std::uint64_t>(limits::prefetch_time.count()) * slots / mean;
  return std::min<std::uint64_t>(std::max(ahead, most_ended_), limits::prefetch);
}

void PrefetchEstimate::expect(std::span<const Duration> costs) {
  if (run_count_ > 0) return;
  const auto [shortest, longest] = std::minmax_element(costs.begin(), costs.end());
  count_run_time(*longest);
  if (*longest - *shortest < limits::prefetch_time) most_ended_ = costs.size();
}

void PrefetchEstimate::count_ended(Instant now, std::uint64_t count) {
  if (now - ended_since_ >= limits::prefetch_time) {
    ended_since_ = now;
    ended_ = 0;
  }
  ended_ += count;
  most_ended_ = std::max(most_ended_, ended_);
}

void PrefetchEstimate::count_run_times(std::span<const Duration> elapsed) {
  for (const Duration one : elapsed) count_run_time(std::min(one, limits::longest_duration));
}

/// Halves the weight of earlier attempts, once it is large.
void PrefetchEstimate::count_run_time(Duration elapsed) {
  run_time_ += elapsed;
  ++run_count_;
  while (run_count_ > kMostCounted || run_time_ > kMostRunTime) {
    run_time_ /= 2;
    run_count_ /= 2;
  }
}

void PrefetchEstimate::check_invariants() const {
  CHECK(run_count_ <= kMostCounted && run_time_ <= kMostRunTime);
  CHECK(run_time_ >= Duration::zero() && (run_count_ > 0 || run_time_ == Duration::zero()));
  CHECK(ended_ <= most_ended_);
}

}  // namespace rollcall::coordinator
