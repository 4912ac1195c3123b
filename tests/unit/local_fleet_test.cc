#include "coordinator/core/local_fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(LocalFleet, GivesEachStartATicketOfItsOwn) {
  LocalFleet fleet(2, 5);
  EXPECT_THAT(fleet.start_all(), ElementsAre(1U, 2U));
  EXPECT_THAT(fleet.exited(1), Optional(3U));
  EXPECT_THAT(fleet.exited(2), Optional(4U));
  EXPECT_EQ(fleet.running(), 2U);
}

TEST(LocalFleet, StopsAfterSoManyRestarts) {
  LocalFleet fleet(1, 2);
  fleet.start_all();
  EXPECT_THAT(fleet.exited(1), Optional(2U));
  EXPECT_THAT(fleet.exited(2), Optional(3U));
  EXPECT_EQ(fleet.exited(3), std::nullopt);
  EXPECT_EQ(fleet.running(), 0U);
}

TEST(LocalFleet, ACompletedTaskGivesAllRestartsBack) {
  LocalFleet fleet(1, 1);
  fleet.start_all();
  EXPECT_THAT(fleet.exited(1), Optional(2U));
  fleet.completed(2);
  EXPECT_THAT(fleet.exited(2), Optional(3U));
  EXPECT_EQ(fleet.exited(3), std::nullopt);
}

TEST(LocalFleet, WithoutALimitItGoesOn) {
  LocalFleet fleet(1, std::nullopt);
  fleet.start_all();
  for (std::uint32_t ticket = 1; ticket < 100; ++ticket) {
    EXPECT_THAT(fleet.exited(ticket), Optional(ticket + 1));
  }
}

TEST(LocalFleet, AtTheEndOfTheRunNobodyIsStartedAgain) {
  LocalFleet fleet(2, 5);
  fleet.start_all();
  EXPECT_TRUE(fleet.ended(1));
  EXPECT_FALSE(fleet.ended(1));
  EXPECT_EQ(fleet.running(), 1U);
}

TEST(LocalFleet, ALifeEndsOnceAndStrangersNever) {
  LocalFleet fleet(1, 5);
  fleet.start_all();
  EXPECT_THAT(fleet.exited(1), Optional(2U));
  EXPECT_EQ(fleet.exited(1), std::nullopt);
  EXPECT_EQ(fleet.exited(0), std::nullopt);
  EXPECT_EQ(fleet.exited(99), std::nullopt);
  fleet.completed(0);
  fleet.completed(99);
  EXPECT_EQ(fleet.running(), 1U);
}

}  // namespace
}  // namespace rollcall::coordinator
