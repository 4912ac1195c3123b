// Draining, leaving, and the idle timeout.
#include "worker/core/leaving.h"

#include <gtest/gtest.h>

#include <chrono>

#include "common/limits.h"
#include "tests/support/times.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

TEST(Leaving, DrainsOnce) {
  Leaving leaving;
  EXPECT_TRUE(leaving.drain(false));
  EXPECT_TRUE(leaving.is_draining());
  EXPECT_FALSE(leaving.drain(false));
  EXPECT_EQ(leaving.due(), kNever);
  leaving.check_invariants();
}

TEST(Leaving, DrainsInTheNextRunOnlyIfRequested) {
  Leaving leaving;
  leaving.drain(false);
  leaving.forget_run();
  EXPECT_FALSE(leaving.is_draining());
  leaving.drain(true);
  leaving.forget_run();
  EXPECT_TRUE(leaving.is_draining());
}

TEST(Leaving, RepeatsTheGoodbyeUntilItGivesUp) {
  Leaving leaving;
  EXPECT_TRUE(leaving.leave(kNow));
  EXPECT_FALSE(leaving.leave(kNow + 1s));
  EXPECT_FALSE(leaving.drain(false)) << "no attempt is left to finish";
  leaving.goodbye_sent(kNow, 100ms);
  EXPECT_EQ(leaving.due(), kNow + 100ms);
  EXPECT_FALSE(leaving.is_goodbye_due(kNow + 99ms));
  EXPECT_TRUE(leaving.is_goodbye_due(kNow + 100ms));
  leaving.disconnected();
  EXPECT_EQ(leaving.due(), kNow + limits::shutdown);
  EXPECT_TRUE(leaving.has_given_up(kNow + limits::shutdown));
  leaving.check_invariants();
}

TEST(Leaving, MayHurryADrain) {
  Leaving leaving;
  leaving.drain(true);
  EXPECT_TRUE(leaving.leave(kNow));
  EXPECT_TRUE(leaving.is_leaving());
}

TEST(Leaving, CountsIdlenessFromItsBeginning) {
  Leaving leaving(5s);
  leaving.watch_idleness(kNow, true);
  leaving.watch_idleness(kNow + 3s, true);
  EXPECT_TRUE(leaving.has_idled_too_long(kNow + 5s));
  leaving.watch_idleness(kNow + 4s, false);
  EXPECT_EQ(leaving.due(), kNever);
  leaving.watch_idleness(kNow + 6s, true);
  EXPECT_FALSE(leaving.has_idled_too_long(kNow + 10s));
  EXPECT_EQ(leaving.due(), kNow + 11s);
}

TEST(Leaving, StaysForEverWithoutAnIdleTimeout) {
  Leaving leaving;
  leaving.watch_idleness(kNow, true);
  EXPECT_EQ(leaving.due(), kNever);
}

}  // namespace
}  // namespace rollcall::worker
