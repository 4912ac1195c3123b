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

TEST(SignalPolicy, AHangUpEndsRunningTasksHoweverOftenItIsSent) {
  SignalPolicy policy(/*waits_for_running=*/true);
  EXPECT_EQ(policy.on_signal(SIGHUP), Response::end_running);
  EXPECT_EQ(policy.on_signal(SIGHUP), Response::end_running);
  EXPECT_EQ(policy.first(), SIGHUP);
  EXPECT_EQ(policy.on_signal(SIGTERM), Response::end_now);
  EXPECT_EQ(policy.on_signal(SIGHUP), Response::end_now);
}

TEST(SignalPolicy, AHangUpIsStrongerThanTheFirstSignal) {
  SignalPolicy policy(/*waits_for_running=*/true);
  EXPECT_EQ(policy.on_signal(SIGTERM), Response::wait_for_running);
  EXPECT_EQ(policy.on_signal(SIGHUP), Response::end_running);
  SignalPolicy sleeps(/*waits_for_running=*/false);
  EXPECT_EQ(sleeps.on_signal(SIGHUP), Response::end_running);
}

TEST(SignalPolicy, SigquitEndsTheProgram) {
  SignalPolicy policy(/*waits_for_running=*/true);
  EXPECT_EQ(policy.on_signal(SIGQUIT), Response::end_now);
  EXPECT_EQ(policy.first(), SIGQUIT);
}

}  // namespace
}  // namespace rollcall::coordinator
