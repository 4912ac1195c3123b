#include "coordinator/core/stop_state.h"

#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

class StopStateTest : public testing::Test {
 protected:
  StopStateTest() : records(spec()) {}
  static RunSpec spec() {
    RunSpec spec;
    spec.task_count = 10;
    return spec;
  }
  void accept(std::uint32_t task, Outcome outcome) {
    records.task.push_back(task_at(task));
    records.set_done(task_at(task), outcome);
  }
  RunRecords records;
};

TEST_F(StopStateTest, ADrainLetsAttemptsEnd) {
  StopState stop;
  EXPECT_FALSE(stop.is_stopping());
  EXPECT_TRUE(stop.drain());
  EXPECT_TRUE(stop.is_stopping());
  EXPECT_TRUE(stop.is_draining());
  EXPECT_FALSE(stop.is_cancelling());
  EXPECT_FALSE(stop.drain()) << "again";
}

TEST_F(StopStateTest, TimesOutOnce) {
  using namespace std::chrono_literals;
  StopState stop({}, 5s);
  EXPECT_EQ(stop.deadline(), std::nullopt) << "the run has not begun";
  const Instant begin = instant_from_ns(7);
  stop.begin(begin);
  EXPECT_EQ(stop.deadline(), begin + 5s);
  EXPECT_FALSE(stop.take_timeout(begin + 5s - 1ns));
  EXPECT_FALSE(stop.has_timed_out());
  EXPECT_TRUE(stop.take_timeout(begin + 5s));
  EXPECT_TRUE(stop.has_timed_out());
  EXPECT_FALSE(stop.take_timeout(begin + 6s));
  EXPECT_EQ(stop.deadline(), std::nullopt);
}

TEST_F(StopStateTest, NothingIsCancelledBeforeTheReasonIsDurable) {
  StopState stop;
  stop.cancel();
  EXPECT_TRUE(stop.is_stopping());
  EXPECT_FALSE(stop.is_cancelling());
  stop.committed();
  EXPECT_TRUE(stop.is_cancelling());
}

TEST_F(StopStateTest, ACancelReplacesADrain) {
  StopState stop;
  stop.drain();
  stop.cancel();
  EXPECT_FALSE(stop.is_draining());
  EXPECT_FALSE(stop.drain());
  stop.committed();
  EXPECT_TRUE(stop.is_cancelling());
}

TEST_F(StopStateTest, ASuspensionLetsAttemptsEnd) {
  StopState stop;
  stop.suspend(/*lets_running_end=*/true);
  EXPECT_TRUE(stop.is_suspending());
  EXPECT_TRUE(stop.is_stopping());
  EXPECT_TRUE(stop.is_draining());
  EXPECT_FALSE(stop.is_ending()) << "no task is cancelled";
  EXPECT_FALSE(stop.drain());
}

TEST_F(StopStateTest, ASuspensionCancelsAtOnce) {
  StopState stop;
  stop.suspend(/*lets_running_end=*/true);
  stop.suspend(/*lets_running_end=*/false);
  EXPECT_FALSE(stop.is_draining());
  EXPECT_TRUE(stop.is_cancelling());
  EXPECT_FALSE(stop.is_ending());
}

TEST_F(StopStateTest, ASuspensionMayFollowAHalt) {
  StopState stop;
  stop.cancel();
  stop.suspend(/*lets_running_end=*/true);
  EXPECT_TRUE(stop.is_suspending());
  stop.committed();
  EXPECT_TRUE(stop.is_cancelling());
}

TEST_F(StopStateTest, HaltsAtACountOfFailures) {
  Halt halt;
  halt.count = 2;
  StopState stop(halt);
  accept(0, Outcome::failed);
  accept(1, Outcome::succeeded);
  EXPECT_FALSE(stop.count_for_halt(records));
  EXPECT_FALSE(stop.count_for_halt(records)) << "no outcome counts twice";
  accept(2, Outcome::lost);
  EXPECT_TRUE(stop.count_for_halt(records));
  EXPECT_EQ(stop.halting(), 2U);
  stop.check_invariants(records);
}

TEST_F(StopStateTest, HaltsAtAShareOfSuccesses) {
  Halt halt;
  halt.on_success = true;
  halt.share = 0.15;  // of ten tasks: two
  StopState stop(halt);
  accept(0, Outcome::succeeded);
  EXPECT_FALSE(stop.count_for_halt(records));
  accept(1, Outcome::succeeded);
  EXPECT_TRUE(stop.count_for_halt(records));
}

TEST_F(StopStateTest, AShareIsDecidedWhenTheInputHasEnded) {
  Halt halt;
  halt.share = 0.1;
  StopState stop(halt);
  records.spec.is_open = true;
  accept(0, Outcome::failed);
  EXPECT_FALSE(stop.count_for_halt(records)) << "there may be a thousand tasks";
  records.close("");
  EXPECT_TRUE(stop.count_for_halt(records));
}

TEST_F(StopStateTest, ACountIsDecidedBeforeTheInputHasEnded) {
  Halt halt;
  halt.count = 1;
  StopState stop(halt);
  records.spec.is_open = true;
  accept(0, Outcome::failed);
  EXPECT_TRUE(stop.count_for_halt(records));
}

TEST_F(StopStateTest, AStoppedRunDoesNotHaltAgain) {
  Halt halt;
  halt.count = 1;
  StopState stop(halt);
  accept(0, Outcome::failed);
  stop.cancel();
  EXPECT_FALSE(stop.count_for_halt(records));
}

TEST_F(StopStateTest, NothingHaltsWithoutTheOption) {
  StopState stop;
  accept(0, Outcome::failed);
  EXPECT_FALSE(stop.count_for_halt(records));
}

}  // namespace
}  // namespace rollcall::coordinator
