// Assignments that arrive, are cancelled, revoked and started.
#include "worker/core/held_attempts.h"

#include "common/limits.h"

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
    if (!held_.expects(assignment)) return false;
    assignment.jobs = {{kFirstJob, KindId::sleep, /*needs_slot=*/true}};
    EXPECT_EQ(jobs_.take(assignment, all_kinds()), "");
    held_.assign(kNow, assignment, jobs_, ended_);
    return true;
  }
  /// The tasks that start with this many slots.
  std::vector<TaskId> start(std::size_t slots) {
    Actions actions;
    held_.start(slots, actions);
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

  /// These running tasks have ended.
  void end(std::initializer_list<std::uint32_t> tasks) {
    OutcomeColumns ended;
    for (const std::uint32_t task : tasks) {
      ended.push_back(TaskId{task}, 1, Outcome::succeeded, kNow, {}, {});
    }
    held_.end(ended);
    held_.check_invariants();
  }
  bool cancel_listed(std::initializer_list<std::uint32_t> numbers) {
    const bool may_run = held_.cancel_listed(
        kNow, {tasks(numbers), std::vector<Attempt>(numbers.size(), 1)}, ended_);
    held_.check_invariants();
    return may_run;
  }

  Jobs jobs_;
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
  end({0});
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

TEST_F(HeldAttemptsTest, CancelsSingleWaitingAttempts) {
  assign(1, {0, 1, 2, 3, 4});
  start(1);
  EXPECT_TRUE(cancel_listed({2, 4, 9})) << "one runs";
  EXPECT_EQ(ended_.task, tasks({2, 4}));
  EXPECT_EQ(ended_.outcome, std::vector(2, Outcome::cancelled));
  EXPECT_EQ(held_.waiting(), 2U);
  EXPECT_EQ(held_.started_count(), 1U) << "they keep their places";
  EXPECT_EQ(start(2), tasks({1}));
  EXPECT_EQ(held_.started_count(), 3U) << "the place behind it is passed";
  EXPECT_EQ(start(9), tasks({3}));
  EXPECT_EQ(held_.started_count(), 5U);
}

TEST_F(HeldAttemptsTest, TheNextAttemptIsCancelledAtOnceWithItsPlace) {
  assign(1, {0, 1});
  EXPECT_FALSE(cancel_listed({0})) << "none runs";
  EXPECT_EQ(held_.started_count(), 1U);
  EXPECT_EQ(start(9), tasks({1}));
}

TEST_F(HeldAttemptsTest, CancelsASingleAttemptThatArrivesLater) {
  cancel_listed({5, 6});
  assign(1, {4, 5});
  EXPECT_EQ(ended_.task, tasks({5}));
  EXPECT_EQ(start(9), tasks({4}));
  assign(2, {6, 7});
  EXPECT_EQ(ended_.task, tasks({5, 6}));
  EXPECT_EQ(start(9), tasks({7}));
}

TEST_F(HeldAttemptsTest, ARepeatedCancelOfASingleAttemptChangesNothing) {
  assign(1, {0, 1, 2});
  cancel_listed({1});
  cancel_listed({1});
  EXPECT_EQ(ended_.size(), 1U);
  EXPECT_EQ(start(9), tasks({0, 2}));
}

/// No more assignments were on their way when the Cancel was sent.
TEST_F(HeldAttemptsTest, ForgetsACancelOnceItsAssignmentMustHaveArrived) {
  cancel_listed({9});
  std::uint64_t number = 0;
  while (number < limits::assignments_in_flight) assign(++number, {});
  assign(++number, {9});
  EXPECT_EQ(start(9), tasks({9}));
}

TEST_F(HeldAttemptsTest, ACancelledAttemptIsNotReturned) {
  assign(1, {0, 1, 2, 3});
  cancel_listed({1});
  held_.revoke(kNow, {1, 1}, ended_);
  EXPECT_EQ(ended_.task, tasks({1, 2, 3}));
  EXPECT_EQ(ended_.outcome,
            (std::vector{Outcome::cancelled, Outcome::returned, Outcome::returned}));
  cancel_listed({2});
  EXPECT_EQ(ended_.size(), 3U) << "it was returned";
  EXPECT_EQ(start(9), tasks({0}));
  EXPECT_EQ(held_.started_count(), 4U);
}

TEST_F(HeldAttemptsTest, ANewEpochForgetsSingleCancels) {
  cancel_listed({0});
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
