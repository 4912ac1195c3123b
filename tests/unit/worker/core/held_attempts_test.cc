// Assignments that arrive, are cancelled, revoked and started.
#include "worker/core/held_attempts.h"

#include "tests/support/times.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <variant>
#include <vector>

namespace rollcall::worker {
namespace {

class HeldAttemptsTest : public testing::Test {
 protected:
  bool assign(std::uint64_t number, std::initializer_list<std::uint32_t> tasks) {
    Assignment assignment{number, {}};
    for (const std::uint32_t task : tasks) {
      assignment.attempts.task.push_back(TaskId{task});
      assignment.attempts.attempt.push_back(1);
      assignment.attempts.pause.push_back({});
    }
    return held_.assign(kNow, assignment, ended_);
  }
  /// The tasks that start when `most` attempts may run.
  std::vector<TaskId> start(std::size_t most) {
    Actions actions;
    held_.start(most, actions);
    held_.check_invariants();
    std::vector<TaskId> tasks;
    for (const Action& action : actions) {
      const auto& started = std::get<StartAttempts>(action).attempts.task;
      tasks.insert(tasks.end(), started.begin(), started.end());
    }
    return tasks;
  }
  static std::vector<TaskId> tasks(std::initializer_list<std::uint32_t> numbers) {
    std::vector<TaskId> made;
    for (const std::uint32_t n : numbers) made.push_back(TaskId{n});
    return made;
  }

  HeldAttempts held_;
  OutcomeColumns ended_;
};

TEST_F(HeldAttemptsTest, TakesAssignmentsOnceAndInOrder) {
  EXPECT_TRUE(assign(1, {0}));
  EXPECT_FALSE(assign(1, {0}));
  EXPECT_FALSE(assign(3, {2}));
  EXPECT_EQ(held_.assignments_received(), 1U);
  EXPECT_EQ(held_.waiting(), 1U);
}

TEST_F(HeldAttemptsTest, ARepeatedAssignmentIsNewsToo) {
  assign(1, {0});
  held_.news_sent();
  assign(1, {0});
  EXPECT_TRUE(held_.has_news()) << "else it would be resent for ever";
}

TEST_F(HeldAttemptsTest, RunsNoMoreThanTheLimit) {
  assign(1, {0, 1, 2});
  EXPECT_EQ(start(2), tasks({0, 1}));
  EXPECT_EQ(start(2), tasks({}));
  held_.end(1);
  EXPECT_EQ(start(2), tasks({2}));
  EXPECT_EQ(held_.running(), 2U);
  EXPECT_EQ(held_.started_count(), 3U);
}

TEST_F(HeldAttemptsTest, CancelsWaitingAttemptsAndLaterArrivals) {
  assign(1, {0, 1});
  start(1);
  EXPECT_TRUE(held_.cancel(kNow, 2, ended_)) << "one runs";
  assign(2, {2});
  assign(3, {3});
  EXPECT_EQ(ended_.task, tasks({1, 2}));
  EXPECT_EQ(ended_.outcome, std::vector(2, Outcome::cancelled));
  EXPECT_FALSE(held_.cancel(kNow, 2, ended_));
  EXPECT_EQ(start(10), tasks({3}));
}

TEST_F(HeldAttemptsTest, ReturnsRevokedAttemptsNowAndLater) {
  assign(1, {0, 1});
  held_.revoke(kNow, {2, 1}, ended_);
  assign(2, {2});
  EXPECT_EQ(ended_.task, tasks({1, 2}));
  EXPECT_EQ(ended_.outcome, std::vector(2, Outcome::returned));
  EXPECT_EQ(start(10), tasks({0}));
  EXPECT_EQ(held_.started_count(), 3U) << "the places of those returned are passed";
}

TEST_F(HeldAttemptsTest, ANewEpochForgetsCancelsAndRevokes) {
  held_.cancel(kNow, 9, ended_);
  held_.revoke(kNow, {9, 0}, ended_);
  held_.start_epoch();
  assign(1, {0});
  EXPECT_EQ(start(1), tasks({0}));
}

TEST_F(HeldAttemptsTest, DropsEverything) {
  assign(1, {0, 1});
  EXPECT_EQ(start(1), tasks({0}));
  EXPECT_TRUE(held_.drop());
  EXPECT_FALSE(held_.drop());
  EXPECT_EQ(held_.running() + held_.waiting(), 0U);
  EXPECT_EQ(ended_.size(), 0U);
}

}  // namespace
}  // namespace rollcall::worker
