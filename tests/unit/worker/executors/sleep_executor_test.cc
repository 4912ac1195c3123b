// Sleeps on a real event loop.
#include "worker/executors/sleep_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "common/os/clock.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class SleepExecutorTest : public testing::Test {
 protected:
  SleepExecutorTest() : executor_({loop_, "w", 0, 0, [this] { take_ended(); }, {}, {}}) {
    EXPECT_TRUE(executor_.prepare({}).has_value());
  }

  void start(std::uint64_t assignment, std::vector<std::uint32_t> tasks, Duration pause,
             Instant now = os::now()) {
    AttemptColumns attempts;
    for (const std::uint32_t task : tasks) {
      attempts.task.push_back(TaskId{task});
      attempts.attempt.push_back(1);
      attempts.pause.push_back(pause);
    }
    executor_.start(now, {assignment, std::move(attempts)});
  }
  void take_ended() {
    OutcomeColumns ended;
    while (executor_.take_ended(os::now(), ended)) {
      batches_.push_back(ended.size());
      tasks_.insert(tasks_.end(), ended.task.begin(), ended.task.end());
      outcomes_.insert(outcomes_.end(), ended.outcome.begin(), ended.outcome.end());
    }
  }
  bool wait_for(std::size_t count) {
    while (tasks_.size() < count) {
      loop_.restart();
      if (loop_.run_one_for(30s) == 0) return false;
    }
    return true;
  }

  boost::asio::io_context loop_;
  SleepExecutor executor_;
  std::vector<TaskId> tasks_;
  std::vector<Outcome> outcomes_;
  std::vector<std::size_t> batches_;
};

TEST_F(SleepExecutorTest, ReportsEachWhenItIsOver) {
  const Instant now = os::now();
  start(1, {0}, 20ms, now);
  start(1, {1}, 10ms, now);
  take_ended();  // sets the timer
  ASSERT_TRUE(wait_for(2));
  EXPECT_THAT(tasks_, ElementsAre(TaskId{1}, TaskId{0}));
  EXPECT_THAT(outcomes_, ElementsAre(Outcome::succeeded, Outcome::succeeded));
}

TEST_F(SleepExecutorTest, CancelsAssignmentsUpToANumber) {
  start(1, {0}, 1'000s);
  start(2, {1}, 1'000s);
  executor_.cancel(os::now(), 1);
  HeldColumns running;
  executor_.list(running);
  EXPECT_THAT(running.task, UnorderedElementsAre(TaskId{0}, TaskId{1})) << "until it was taken";
  take_ended();
  EXPECT_THAT(tasks_, ElementsAre(TaskId{0}));
  EXPECT_THAT(outcomes_, ElementsAre(Outcome::cancelled));
  executor_.list(running);
  EXPECT_THAT(running.task, ElementsAre(TaskId{1}));
}

TEST_F(SleepExecutorTest, CancelsSingleAttempts) {
  start(1, {0, 1, 2}, 1'000s);
  executor_.cancel_listed(os::now(), {{TaskId{1}, 1}, {TaskId{2}, 7}, {TaskId{9}, 1}});
  take_ended();
  EXPECT_THAT(tasks_, ElementsAre(TaskId{1}));
  EXPECT_THAT(outcomes_, ElementsAre(Outcome::cancelled));
  HeldColumns running;
  executor_.list(running);
  EXPECT_THAT(running.task, UnorderedElementsAre(TaskId{0}, TaskId{2})) << "another attempt";
}

TEST_F(SleepExecutorTest, DropsWithoutOutcomes) {
  start(1, {0}, 1ns);
  start(1, {1}, 1'000s);
  executor_.cancel(os::now(), 1);
  executor_.drop();
  take_ended();
  EXPECT_THAT(tasks_, SizeIs(0));
}

TEST_F(SleepExecutorTest, ReturnsManyOutcomesInBatches) {
  std::vector<std::uint32_t> many(1'000);
  for (std::uint32_t i = 0; i < many.size(); ++i) many[i] = i;
  start(1, many, 1ns);
  take_ended();
  ASSERT_TRUE(wait_for(many.size()));
  EXPECT_GT(batches_.size(), 1U);
}

}  // namespace
}  // namespace rollcall::worker
