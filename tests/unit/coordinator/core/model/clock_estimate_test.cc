#include "coordinator/core/model/clock_estimate.h"

#include <gtest/gtest.h>

#include "common/base/rng.h"
#include "tests/support/times.h"

namespace rollcall {
namespace {

using namespace std::chrono_literals;

TEST(ClockEstimate, KnowsNothingBeforeItsFirstSample) {
  ClockEstimate clock;
  EXPECT_FALSE(clock.known());
  EXPECT_EQ(clock.bound(at(5s)), Duration::max());
  EXPECT_EQ(clock.to_coordinator(at(3s)), at(3s));
  clock.add(TimeEcho{}, at(5s));  // a worker that had nothing to answer to
  EXPECT_FALSE(clock.known());
}

TEST(ClockEstimate, FindsTheOffsetOfAFairRoundTrip) {
  ClockEstimate clock;
  clock.add({at(10s), at(1'010s + 1ms), at(1'010s + 3ms)}, at(10s + 4ms));
  EXPECT_EQ(clock.to_coordinator(at(1'020s)), at(20s));
  EXPECT_GE(clock.bound(at(10s + 4ms)), 1ms);
  EXPECT_LE(clock.bound(at(10s + 4ms)), 1ms + 2us);
}

TEST(ClockEstimate, TheBoundGrowsWithTheTimeSinceTheSample) {
  ClockEstimate clock;
  clock.add({at(10s), at(20s), at(20s)}, at(10s));
  EXPECT_GE(clock.bound(at(110s)), 20ms);  // 200 ppm of 100 s
  EXPECT_LE(clock.bound(at(110s)), 20ms + 1us);
}

TEST(ClockEstimate, TheSmallestBoundWins) {
  ClockEstimate clock;
  clock.add({at(10s), at(10s), at(10s)}, at(10s + 10us));
  const Duration good = clock.bound(at(11s));
  clock.add({at(10s), at(10s + 500ms), at(10s + 500ms)}, at(11s));  // a slow one
  EXPECT_EQ(clock.bound(at(11s)), good);
}

TEST(ClockEstimate, IgnoresImpossibleSamples) {
  ClockEstimate clock;
  clock.add({at(10s), at(20s), at(19s)}, at(10s + 1ms));  // answered before it was asked
  clock.add({at(10s), at(20s), at(25s)}, at(10s + 1ms));  // held for longer than it was away
  EXPECT_FALSE(clock.known());
}

/// Whatever the delays and the drift, the truth is within the bound.
TEST(ClockEstimate, TheTruthIsWithinTheBound) {
  Rng rng(1);
  const auto random = [&](Duration most) {
    return Duration(static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most.count()))));
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t ppm = static_cast<std::int64_t>(rng.below(401)) - 200;
    const auto worker = [&](Instant t) {
      return t + 1'000s +
             Duration(to_ns(t) / 1'000'000 * ppm + to_ns(t) % 1'000'000 * ppm / 1'000'000);
    };
    const Instant sent = at(1s) + random(10s);
    const bool slow_up = rng.below(2) == 0;  // as unfair as can be
    const Instant got = sent + (slow_up ? 0ns : random(100ms));
    const Instant answered = got + random(2s);
    const Instant received = answered + (slow_up ? random(100ms) : 0ns);
    ClockEstimate clock;
    clock.add({sent, worker(got), worker(answered)}, received);
    ASSERT_TRUE(clock.known());
    const Instant later = received + random(5s);
    const Duration error = std::chrono::abs(clock.to_coordinator(worker(later)) - later);
    ASSERT_LE(error, clock.bound(later)) << "ppm " << ppm;
  }
}

TEST(DriftOver, IsTwoHundredPartsPerMillionRoundedUp) {
  EXPECT_EQ(drift_over(0s), 0s);
  EXPECT_EQ(drift_over(1s), 200us);
  EXPECT_EQ(drift_over(-1s), 200us);
  EXPECT_EQ(drift_over(1ns), 1ns);
  EXPECT_GT(drift_over(Duration(std::int64_t{1} << 60U)), 0s);
}

}  // namespace
}  // namespace rollcall
