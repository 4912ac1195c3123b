// Runs of commands: slots, retries, --halt.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SchedulerExecTest : public SchedulerTest {
 protected:
  SchedulerExecTest() { use_commands(); }

  Outcome outcome_of(std::uint32_t task) const { return records().outcome_of(TaskId{task}); }
  bool is_done(std::uint32_t task) const {
    return records().state_of(TaskId{task}) == TaskState::done;
  }
};

TEST_F(SchedulerExecTest, SlotsAreTheProcessorsUnlessTheWorkerOffersOthers) {
  begin();
  stage->hello(1);
  EXPECT_THAT(stage->take(), Contains("w1 <- Welcome: slots 2"));
  stage->hello(2, 7);
  EXPECT_THAT(stage->take(), Contains("w2 <- Welcome: slots 7"));
}

TEST_F(SchedulerExecTest, SlotsAreLoweredToWhatTheWorkerCanRun) {
  begin();
  stage->worker(1).command_slots = 5;
  stage->hello(1, 400);
  EXPECT_THAT(stage->take(), Contains("w1 <- Welcome: slots 5"));
  EXPECT_EQ(records().sessions[0].slots, 5U);
}

TEST_F(SchedulerExecTest, AWorkerWithoutCommandSlotsIsRejected) {
  begin();
  stage->worker(1).command_slots = 0;
  stage->hello(1, 4);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Reject refused")));
  EXPECT_THAT(records().sessions, IsEmpty());
}

TEST_F(SchedulerExecTest, AnAssignmentHasNoMoreThanFitIntoAMessage) {
  policy.assignment_attempts = 1;
  begin();
  join(1, 2);
  EXPECT_THAT(stage->take(), testing::AllOf(Contains(HasSubstr("Assignment 1: 0 ")),
                                            Contains(HasSubstr("Assignment 2: 1 "))));
}

TEST_F(SchedulerExecTest, PrefetchIsMeasuredWhenItIsNotGiven) {
  spec.task_count = 100;
  policy.prefetch = std::nullopt;
  begin();
  join(1, /*slots=*/1);
  EXPECT_EQ(stage->scheduler().assigned(), 1U);
  stage->report(1, 1, {{{0}}});
  EXPECT_GT(stage->scheduler().assigned(), 1U);
  stage->ignore();
}

class RetryTest : public SchedulerExecTest {
 protected:
  /// w1 has started the only task.
  void begin_with_one(std::uint32_t retries) {
    spec.task_count = 1;
    policy.retries = retries;
    begin_with({1}, 2);
  }
};

TEST_F(RetryTest, WithoutRetriesTheFirstFailureIsFinal) {
  begin_with_one(0);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->ignore();
  EXPECT_EQ(outcome_of(0), Outcome::failed);
}

TEST_F(RetryTest, FailuresAndTimeoutsAreRetriedAfterAGrowingDelay) {
  begin_with_one(2);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  stage->wait(99);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  stage->wait(1);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Assignment 2: 0 (attempt 2)")));
  stage->report(1, 2, {{{0}, Outcome::timed_out}});
  stage->wait(199);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  stage->wait(1);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Assignment 3: 0 (attempt 3)")));
  EXPECT_FALSE(is_done(0));
  stage->report(1, 3, {{{0}, Outcome::failed}});
  stage->ignore();
  EXPECT_EQ(outcome_of(0), Outcome::failed);
  EXPECT_EQ(records().attempts_retried, 2U);
}

TEST_F(RetryTest, FailedAttemptsArePublishedAndTimed) {
  spec.task_count = 3;
  policy.retries = 1;
  begin_with({1}, 3);
  stage->report(1, 1, {{{0}}, {{1}, Outcome::failed}, {{2}, Outcome::timed_out}});
  EXPECT_THAT(stage->take(), Contains("w1 failed, to be retried: outcomes 1 2"));
  const double first = records().retry_seconds;
  stage->wait(200);
  stage->report(1, 2, {{{1}, Outcome::failed}, {{2}}});  // the last attempts
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("to be retried"))));
  EXPECT_EQ(records().retry_seconds, first);
}

TEST_F(RetryTest, ASuccessEndsTheRetries) {
  begin_with_one(5);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->wait(100);
  stage->report(1, 2, {{{0}}});
  stage->ignore();
  EXPECT_EQ(outcome_of(0), Outcome::succeeded);
  EXPECT_EQ(records().attempt[0], 2);
}

TEST_F(RetryTest, TheWorkersCountIncludesRetriedFailures) {
  begin_with_one(1);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->wait(100);
  stage->report(1, 2, {{{0}}});
  stage->goodbye(1, 2, 2);
  stage->ignore();
  const SessionRecord& session = records().sessions[0];
  EXPECT_EQ(session.tasks_done + session.stale, session.goodbye->outcomes_sent);
}

TEST_F(RetryTest, ALateSuccessOfALostSessionCancelsTheRetry) {
  begin_with_one(3);
  stage->oversleep(1);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->wait(100);  // w1 has attempt 2
  join(2, 2);
  stage->at(stage->now_ms() + 9'000);
  for (int i = 0; i < 4; ++i) {
    stage->heartbeat(2);
    stage->wait(3'000);
  }
  stage->ignore();
  ASSERT_EQ(records().sessions[0].end, SessionEnd::lost);
  stage->report(2, 1, {{{0}, Outcome::failed}});  // attempt 3, on w2
  stage->report(1, 2, {{{0}}});                   // attempt 2, late
  EXPECT_EQ(outcome_of(0), Outcome::succeeded);
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
}

class ResumedRetryTest : public SchedulerExecTest {
 protected:
  /// Of six, w1 holds tasks 0 and 1, w2 holds 2 and 3; the coordinator has died and is back.
  void begin_and_crash() {
    spec.task_count = 6;
    policy.journal = true;
    policy.retries = 3;
    policy.wait_for_workers = 2;
    begin();
    for (const int w : {1, 2}) stage->hello(w, 2);
    for (const int w : {1, 2}) stage->inventory(w);
    stage->committed(2);
    for (const int w : {1, 2}) stage->heartbeat(w);
    stage->crash();
    stage->ignore();
  }
};

TEST_F(ResumedRetryTest, AFailureDuringRecoveryIsRetriedOnceAndWhenDue) {
  begin_and_crash();
  stage->hello(1, 2, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->report(1, 1, {{{0, 1}, Outcome::failed}});
  stage->hello(2, 2, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  EXPECT_THAT(stage->take(), testing::AllOf(Contains(HasSubstr("w1 <- Assignment 2: 4 for")),
                                            Contains(HasSubstr("w1 <- Assignment 3: 5 for"))));
  stage->report(1, 2, {{{4}}});
  stage->wait(99);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  stage->wait(1);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("w1 <- Assignment 4: 0 (attempt 2)")));
  stage->report(1, 3, {{{5}}});
  EXPECT_THAT(stage->take(), Contains(HasSubstr("w1 <- Assignment 5: 1 (attempt 2)")));
  stage->report(1, 4, {{{0, 1}}});
  stage->report(2, 1, {{{2, 3}}});
  stage->ignore();
  EXPECT_EQ(stage->scheduler().done(), 6U);
}

TEST_F(ResumedRetryTest, AFailedTaskThatRunsElsewhereIsNotRetried) {
  begin_and_crash();
  stage->hello(1, 2, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->report(1, 1, {{{0, 1}, Outcome::failed}});
  stage->hello(2, 2, 2);
  stage->worker(2).attempt[task_at(0)] = 2;
  stage->inventory_of(2, 2, {2, 3, 0}, 2);
  stage->report(1, 2, {{{4, 5}}});
  stage->ignore();
  stage->wait(150);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Assignment 4: 1 (attempt 2)")));
  EXPECT_EQ(stage->scheduler().assigned(), 4U);
  stage->report(2, 1, {{{0}, Outcome::failed}});
  stage->ignore();
  stage->wait(199);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  stage->wait(1);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("0 (attempt 3)")));
}

TEST_F(ResumedRetryTest, AFailedTaskThatIsReturnedElsewhereStillWaitsForItsRetry) {
  begin_and_crash();
  stage->hello(1, 2, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->hello(2, 2, 2);
  stage->worker(2).attempt[task_at(0)] = 2;
  stage->inventory_of(2, 2, {2, 3, 0}, 2);
  stage->report(1, 2, {{{1, 4}}});  // it has a free slot
  stage->wait(10);
  stage->report(2, 1, {{{0}, Outcome::returned}});
  stage->wait(89);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr(": 0 (attempt"))));
  stage->wait(1);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Assignment 4: 0 (attempt")));
}

TEST_F(ResumedRetryTest, AnInventoryMayListMoreAttemptsThanTasks) {
  begin_and_crash();
  stage->hello(1, 2, 2);
  Inventory inventory;
  inventory.nonce = 2;
  inventory.assignments_received = 1;
  inventory.started_count = 7;
  inventory.begun = 7;  // each has failed, which is not acknowledged; the last one runs
  inventory.list = 1;
  inventory.is_last_part = true;
  for (Attempt attempt = 1; attempt <= 7; ++attempt) {
    inventory.held.task.push_back(task_at(0));
    inventory.held.attempt.push_back(attempt);
  }
  stage->send(1, inventory);
  EXPECT_EQ(stage->scheduler().assigned(), 1U);
  stage->worker(1).attempt[task_at(0)] = 7;
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  EXPECT_TRUE(is_done(0));
}

TEST_F(ResumedRetryTest, AnEndlessInventoryEndsTheSession) {
  begin_and_crash();
  stage->hello(1, 2, 2);
  Inventory inventory;
  inventory.nonce = 2;
  inventory.list = 1;
  inventory.held.task.assign(limits::inventory_ended, task_at(0));
  inventory.held.attempt.assign(limits::inventory_ended, 1);
  stage->send(1, inventory);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("is lost"))));
  inventory.part = 1;
  stage->send(1, inventory);
  EXPECT_THAT(stage->take(),
              Contains(HasSubstr("w1 <- Reject session_lost: its inventory contradicts itself")));
}

class HaltTest : public SchedulerExecTest {
 protected:
  /// w1 runs tasks 0 and 1 of four.
  void begin_with_two(const Halt& halt) {
    policy.halt = halt;
    begin_with({1}, 2);
  }
};

TEST_F(HaltTest, SoonLetsRunningAttemptsEndAndStartsNoOthers) {
  begin_with_two({false, false, 1});
  stage->report(1, 1, {{{0}, Outcome::failed}});
  const auto lines = stage->take();
  EXPECT_THAT(lines, Not(Contains(HasSubstr("Cancel"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("Assignment"))));
  EXPECT_EQ(outcome_of(2), Outcome::cancelled);
  EXPECT_EQ(outcome_of(3), Outcome::cancelled);
  EXPECT_FALSE(is_done(1));
  stage->report(1, 2, {{{1}}});
  stage->ignore();
  EXPECT_EQ(outcome_of(1), Outcome::succeeded);
}

TEST_F(HaltTest, NowCancelsRunningAttempts) {
  begin_with_two({false, true, 1});
  stage->report(1, 1, {{{0}, Outcome::failed}});
  EXPECT_THAT(stage->take(), Contains("w1 <- Cancel: assignments through 1"));
}

TEST_F(HaltTest, SuccessesCountOnRequest) {
  begin_with_two({true, false, 2});
  stage->report(1, 1, {{{0}}});
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Assignment")));
  stage->report(1, 2, {{{1}}});
  stage->ignore();
  EXPECT_EQ(outcome_of(3), Outcome::cancelled);
}

TEST_F(HaltTest, APartOfAllTasksIsRoundedUp) {
  begin_with_two({false, false, 0, 0.3});  // of four: two
  stage->report(1, 1, {{{0}, Outcome::failed}});
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Assignment")));
  stage->report(1, 2, {{{1}, Outcome::failed}});
  stage->ignore();
  EXPECT_EQ(outcome_of(3), Outcome::cancelled);
}

TEST_F(HaltTest, AttemptsThatWaitInAWorkerAreRevoked) {
  policy.prefetch = 2;
  begin_with_two({false, false, 1});  // holds all, and begins 2 when 0 has ended
  stage->report(1, 1, {{{0}, Outcome::failed}});
  EXPECT_THAT(stage->take(), Contains(HasSubstr("w1 <- Revoke")));
  EXPECT_FALSE(is_done(3));
  stage->report(1, 2, {{{3}, Outcome::returned}});
  stage->ignore();
  EXPECT_EQ(outcome_of(3), Outcome::cancelled);
}

TEST_F(HaltTest, NothingIsRetriedAfterAHalt) {
  policy.retries = 3;
  begin_with_two({false, false, 1});
  stage->report(1, 1, {{{0}, Outcome::failed}});
  EXPECT_FALSE(is_done(0));  // tried again: no failure yet
  stage->stop(true);
  EXPECT_EQ(outcome_of(0), Outcome::cancelled);
  stage->report(1, 2, {{{1}, Outcome::failed}});
  stage->ignore();
  EXPECT_EQ(outcome_of(1), Outcome::failed);
}

TEST_F(SchedulerExecTest, AStopRevokesUnstartedAttempts) {
  spec.task_count = 3;
  policy.prefetch = 2;
  begin_with({1}, 1);
  join(2, 1);
  stage->at(9'000);
  for (int i = 0; i < 4; ++i) {
    stage->heartbeat(2);
    stage->wait(3'000);
  }
  ASSERT_EQ(records().sessions[0].end, SessionEnd::lost);
  stage->heartbeat(2);              // has begun 0
  stage->report(1, 1, {{{0, 1}}});  // late
  stage->ignore();
  ASSERT_EQ(stage->scheduler().assigned(), 1U);
  stage->stop(true);
  EXPECT_THAT(stage->take(), Contains("w2 <- Revoke: assignments through 2, keep 0"));
}

/// It may have counted attempts as started that wait for a slot.
TEST_F(SchedulerExecTest, AStopRevokesEvenIfEveryAttemptHasStarted) {
  begin_with({1}, 4);
  stage->stop(true);
  EXPECT_THAT(stage->take(), Contains("w1 <- Revoke: assignments through 1, keep 0"));
  stage->report(1, 1, {{{0, 1}}, {{2, 3}, Outcome::returned}});
  stage->ignore();
  EXPECT_EQ(outcome_of(1), Outcome::succeeded);
  EXPECT_EQ(outcome_of(2), Outcome::cancelled);
}

TEST_F(SchedulerExecTest, AHaltOnSuccessIsNoWarning) {
  policy.halt = Halt{/*on_success=*/true, /*now=*/false, /*count=*/1};
  begin_with({1}, 2);
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  ASSERT_FALSE(stage->logs().empty());
  EXPECT_EQ(stage->logs().back().text, "--halt: 1 task succeeded; no new task is started");
  EXPECT_EQ(stage->logs().back().severity, Severity::info);
}

TEST_F(SchedulerExecTest, TheFirstStopLetsAttemptsEndAndTheSecondCancelsThem) {
  begin_with({1}, 2);
  stage->stop(true);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Cancel"))));
  EXPECT_EQ(outcome_of(2), Outcome::cancelled);
  stage->stop(false);
  EXPECT_THAT(stage->take(), Contains("w1 <- Cancel: assignments through 1"));
}

}  // namespace
}  // namespace rollcall::coordinator
