#include "coordinator/run/signal_policy.h"

#include <gtest/gtest.h>

#include <csignal>

namespace rollcall::coordinator {
namespace {

using Response = SignalPolicy::Response;

TEST(SignalPolicy, StopsAtOnceByDefault) {
  SignalPolicy policy(/*waits_for_running=*/false);
  EXPECT_EQ(policy.first(), 0);
  EXPECT_EQ(policy.on_signal(SIGTERM), Response::stop);
  EXPECT_FALSE(policy.interrupted());
  EXPECT_EQ(policy.on_signal(SIGINT), Response::end_now);
  EXPECT_TRUE(policy.interrupted());
  EXPECT_EQ(policy.first(), SIGTERM);
}

TEST(SignalPolicy, WaitsForRunningTasksFirst) {
  SignalPolicy policy(/*waits_for_running=*/true);
  EXPECT_EQ(policy.on_signal(SIGINT), Response::wait_for_running);
  EXPECT_EQ(policy.on_signal(SIGINT), Response::stop);
  EXPECT_FALSE(policy.interrupted());
  EXPECT_EQ(policy.on_signal(SIGINT), Response::end_now);
  EXPECT_EQ(policy.first(), SIGINT);
}

}  // namespace
}  // namespace rollcall::coordinator
