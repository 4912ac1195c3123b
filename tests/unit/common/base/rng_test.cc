#include "common/base/rng.h"

#include <gtest/gtest.h>

#include <array>

#include "coordinator/core/model/run_spec.h"

namespace rollcall {
namespace {

using namespace std::chrono_literals;

// The numbers are part of the product: the same seed gives the same pauses on every machine.
TEST(Rng, IsReproducible) {
  EXPECT_EQ(mix64(1), 0x5692161d100b05e5U);
  Rng rng(42);
  const std::uint64_t first = rng.next();
  EXPECT_EQ(first, random_at(42, 0));
  EXPECT_EQ(rng.next(), random_at(42, 1));
  EXPECT_NE(first, Rng(43).next());
}

TEST(Rng, StaysInItsRange) {
  Rng rng(7);
  std::array<int, 10> counts{};
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t n = rng.below(10);
    ASSERT_LT(n, 10U);
    ++counts[n];
    const double u = rng.unit();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
  }
  for (const int count : counts) {
    EXPECT_NEAR(count, 10'000, 600);
  }
}

TEST(ScaleBelow, ReachesBothEnds) {
  EXPECT_EQ(scale_below(0, 10), 0U);
  EXPECT_EQ(scale_below(~std::uint64_t{0}, 10), 9U);
  EXPECT_EQ(scale_below(~std::uint64_t{0}, 1), 0U);
}

TEST(RunSpec, SleepDurationsAreUniformAndDependOnSeedAndTaskOnly) {
  coordinator::RunSpec spec;
  spec.task_count = 100'000;
  spec.pause_min = 1s;
  spec.pause_max = 10s;
  spec.seed = 5;
  double sum = 0;
  for (std::size_t t = 0; t < spec.task_count; ++t) {
    const Duration pause = spec.pause(task_at(t));
    ASSERT_GE(pause, 1s);
    ASSERT_LE(pause, 10s);
    sum += to_seconds(pause);
  }
  EXPECT_NEAR(sum / spec.task_count, 5.5, 0.05);
  spec.pause_max = 1s;
  EXPECT_EQ(spec.pause(task_at(3)), 1s);
}

}  // namespace
}  // namespace rollcall
