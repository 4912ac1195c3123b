#include "coordinator/core/sessions/prefetch_estimate.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/limits.h"
#include "tests/support/times.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

TEST(PrefetchEstimate, NothingIsKnownAtFirst) {
  EXPECT_EQ(PrefetchEstimate().attempts(8), 0U);
}

TEST(PrefetchEstimate, ShortTasksAreSentAheadInProportionToSlots) {
  PrefetchEstimate estimate;
  const std::vector<Duration> elapsed(10, limits::prefetch_time / 5);
  estimate.count_run_times(elapsed);
  EXPECT_EQ(estimate.attempts(1), 5U);
  EXPECT_EQ(estimate.attempts(4), 20U);
}

TEST(PrefetchEstimate, IsBounded) {
  PrefetchEstimate estimate;
  const std::vector<Duration> elapsed(10, Duration(1));
  estimate.count_run_times(elapsed);
  EXPECT_EQ(estimate.attempts(1), limits::prefetch);
}

TEST(PrefetchEstimate, EmptyTasksAreSentAheadUpToTheBound) {
  PrefetchEstimate estimate;
  const std::vector<Duration> elapsed(1, 0ns);
  estimate.count_run_times(elapsed);
  EXPECT_EQ(estimate.attempts(1), limits::prefetch);
}

TEST(PrefetchEstimate, TasksThatEndTogetherAreReplacedTogether) {
  PrefetchEstimate estimate;
  const std::vector<Duration> elapsed(30, 1h);
  estimate.count_run_times(elapsed);
  estimate.count_ended(kNow, 10);
  estimate.count_ended(kNow, 20);
  EXPECT_EQ(estimate.attempts(1), 30U);
  estimate.count_ended(kNow + limits::prefetch_time, 1);
  EXPECT_EQ(estimate.attempts(1), 30U);
}

TEST(PrefetchEstimate, SumsStayBoundedHoweverManyAttemptsEnd) {
  PrefetchEstimate estimate;
  const std::vector<Duration> elapsed(30'000, limits::longest_duration);
  estimate.count_run_times(elapsed);
  estimate.count_ended(kNow, elapsed.size());
  estimate.check_invariants();
  EXPECT_EQ(estimate.attempts(1), elapsed.size());
  const std::vector<Duration> empty(30'000, 0ns);
  estimate.count_run_times(empty);
  estimate.check_invariants();
}

TEST(PrefetchEstimate, KnownCostsStandForMeasurements) {
  PrefetchEstimate estimate;
  const std::vector<Duration> costs(3, 1h);
  estimate.expect(costs);
  EXPECT_EQ(estimate.attempts(1), 3U) << "equal tasks end together";
  estimate.check_invariants();
}

}  // namespace
}  // namespace rollcall::coordinator
