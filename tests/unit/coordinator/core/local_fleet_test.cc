#include "coordinator/core/local_fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;
using namespace std::chrono_literals;

/// The life with this launch id is over, and all pauses pass. The launch id of the next one.
std::optional<std::uint32_t> next(LocalFleet& fleet, std::uint32_t launch_id) {
  fleet.exited(Instant(), launch_id);
  fleet.check_invariants();
  const auto when = fleet.next_start();
  if (!when) return std::nullopt;
  const auto launch_ids = fleet.start_due(*when);
  EXPECT_THAT(launch_ids, SizeIs(1));
  fleet.check_invariants();
  return launch_ids.front();
}

TEST(LocalFleet, GivesEachStartALaunchIdOfItsOwn) {
  LocalFleet fleet(2, 5);
  EXPECT_THAT(fleet.start_all(), ElementsAre(1U, 2U));
  EXPECT_THAT(next(fleet, 1), Optional(3U));
  EXPECT_THAT(next(fleet, 2), Optional(4U));
  EXPECT_EQ(fleet.running(), 2U);
}

TEST(LocalFleet, StopsAtTheLimitOfRestarts) {
  LocalFleet fleet(1, 2);
  fleet.start_all();
  EXPECT_THAT(next(fleet, 1), Optional(2U));
  EXPECT_THAT(next(fleet, 2), Optional(3U));
  EXPECT_EQ(next(fleet, 3), std::nullopt);
  EXPECT_EQ(fleet.running(), 0U);
}

TEST(LocalFleet, ACompletedTaskRestoresAllRestarts) {
  LocalFleet fleet(1, 1);
  fleet.start_all();
  EXPECT_THAT(next(fleet, 1), Optional(2U));
  fleet.completed(2);
  EXPECT_THAT(next(fleet, 2), Optional(3U));
  EXPECT_EQ(next(fleet, 3), std::nullopt);
}

TEST(LocalFleet, WithoutALimitRestartsGoOn) {
  LocalFleet fleet(1, std::nullopt);
  fleet.start_all();
  for (std::uint32_t launch_id = 1; launch_id < 100; ++launch_id) {
    EXPECT_THAT(next(fleet, launch_id), Optional(launch_id + 1));
  }
}

TEST(LocalFleet, NoWorkerIsRestartedAtTheEndOfTheRun) {
  LocalFleet fleet(2, 5);
  fleet.start_all();
  EXPECT_TRUE(fleet.ended(1));
  EXPECT_FALSE(fleet.ended(1));
  EXPECT_EQ(fleet.running(), 1U);
  fleet.check_invariants();
}

TEST(LocalFleet, AWorkerThatDoesNotJoinIsRestartedAfterAGrowingDelay) {
  LocalFleet fleet(1, std::nullopt);
  fleet.start_all();
  Instant now(1s);
  std::uint32_t launch_id = 1;
  for (const Duration pause :
       {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10000ms, 10000ms}) {
    fleet.exited(now, launch_id++);
    EXPECT_FALSE(fleet.has_ended());
    EXPECT_THAT(fleet.next_start(), Optional(now + pause));
    EXPECT_THAT(fleet.start_due(now + pause - 1ns), IsEmpty());
    now += pause;
    EXPECT_THAT(fleet.start_due(now), ElementsAre(launch_id));
    EXPECT_EQ(fleet.next_start(), std::nullopt);
  }
  EXPECT_EQ(fleet.lives_not_joined(launch_id), 10U);
}

TEST(LocalFleet, AWorkerThatHasJoinedIsRestartedAtOnce) {
  LocalFleet fleet(1, std::nullopt);
  fleet.start_all();
  fleet.exited(Instant(1s), 1);
  EXPECT_THAT(fleet.start_due(Instant(2s)), ElementsAre(2U));
  fleet.joined(2);
  EXPECT_EQ(fleet.lives_not_joined(2), 0U);
  fleet.exited(Instant(3s), 2);
  EXPECT_THAT(fleet.start_due(Instant(3s)), ElementsAre(3U));
  fleet.exited(Instant(4s), 3);
  EXPECT_THAT(fleet.next_start(), Optional(Instant(4100ms)));
}

TEST(LocalFleet, AnIncarnationEndsOnceAndUnknownOnesAreIgnored) {
  LocalFleet fleet(1, 5);
  fleet.start_all();
  EXPECT_THAT(next(fleet, 1), Optional(2U));
  EXPECT_EQ(next(fleet, 1), std::nullopt);
  EXPECT_EQ(next(fleet, 0), std::nullopt);
  EXPECT_EQ(next(fleet, 99), std::nullopt);
  fleet.completed(0);
  fleet.completed(99);
  EXPECT_EQ(fleet.running(), 1U);
}

}  // namespace
}  // namespace rollcall::coordinator
