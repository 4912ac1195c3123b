#include "coordinator/run/signal_policy.h"

#include <gtest/gtest.h>

#include <csignal>

namespace rollcall::coordinator {
namespace {

using Response = SignalPolicy::Response;

TEST(SignalPolicy, EndsRunningTasksByDefault) {
  SignalPolicy policy(/*waits_for_running=*/false);
  EXPECT_EQ(policy.first(), 0);
  EXPECT_EQ(policy.on_signal(SIGTERM), Response::end_running);
  EXPECT_EQ(policy.on_signal(SIGINT), Response::end_now);
  EXPECT_EQ(policy.first(), SIGTERM);
}

TEST(SignalPolicy, WaitsForRunningTasksFirst) {
  SignalPolicy policy(/*waits_for_running=*/true);
  EXPECT_EQ(policy.on_signal(SIGINT), Response::wait_for_running);
  EXPECT_EQ(policy.on_signal(SIGINT), Response::end_running);
  EXPECT_EQ(policy.on_signal(SIGINT), Response::end_now);
  EXPECT_EQ(policy.on_signal(SIGINT), Response::end_now);
  EXPECT_EQ(policy.first(), SIGINT);
}

TEST(SignalPolicy, LeavesTasksRunningIfTheUserWantsThat) {
  SignalPolicy policy(/*waits_for_running=*/true, /*leaves_running=*/true);
  EXPECT_EQ(policy.on_signal(SIGTERM), Response::leave_running);
  EXPECT_EQ(policy.on_signal(SIGTERM), Response::end_now);
}

}  // namespace
}  // namespace rollcall::coordinator
