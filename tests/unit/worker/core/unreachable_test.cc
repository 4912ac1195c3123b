// A worker that cannot connect logs each cause once, and then counts it.
#include "worker/core/unreachable.h"

#include <gtest/gtest.h>

#include "common/limits.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

constexpr Instant kBegin{1h};

TEST(Unreachable, LogsACauseOnceAndThenItsCount) {
  Unreachable unreachable;
  const auto logged = [&](Duration after) {
    const auto line = unreachable.failed(kBegin + after, "tcp://h:1", "connection refused");
    return line ? line->text() : "";
  };
  EXPECT_EQ(logged(0s),
            "cannot reach the coordinator endpoint=tcp://h:1 cause=\"connection refused\"");
  for (int s = 1; s < 30; ++s) EXPECT_EQ(logged(std::chrono::seconds(s)), "");
  EXPECT_EQ(logged(30s),
            "cannot reach the coordinator endpoint=tcp://h:1 cause=\"connection refused\" times=30 "
            "within=\"30 s\"");
  EXPECT_EQ(logged(31s), "");
}

TEST(Unreachable, LogsAnotherCauseOrEndpointAtOnce) {
  Unreachable unreachable;
  EXPECT_TRUE(unreachable.failed(kBegin, "tcp://h:1", "a"));
  EXPECT_TRUE(unreachable.failed(kBegin, "tcp://h:1", "b"));
  EXPECT_TRUE(unreachable.failed(kBegin, "tcp://i:1", "b"));
  EXPECT_EQ(unreachable.cause(), "b");
}

TEST(Unreachable, BeginsAgainOnceItWasConnected) {
  Unreachable unreachable;
  EXPECT_TRUE(unreachable.failed(kBegin, "tcp://h:1", "a"));
  unreachable.connected();
  EXPECT_EQ(unreachable.cause(), "");
  EXPECT_TRUE(unreachable.failed(kBegin, "tcp://h:1", "a"));
}

}  // namespace
}  // namespace rollcall::worker
