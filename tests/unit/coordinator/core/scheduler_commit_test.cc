// Commit before publish.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::Contains;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

using SchedulerCommitTest = JournaledSchedulerTest;

TEST_F(SchedulerCommitTest, ASessionGetsNoWorkBeforeItIsDurable) {
  begin();
  stage->hello(1);
  stage->inventory(1);
  expect({"w1 <- Welcome: slots 0", "commit 1: 0 outcomes, 1 new sessions", "w1 has joined"});
  stage->committed(1);
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 1")));
}

TEST_F(SchedulerCommitTest, AnOutcomeIsDurableBeforeItIsPublished) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  expect({"commit 3: 1 outcomes, 0 new sessions"});
  stage->heartbeat(1);
  expect({"w1 <- Ack: reports committed through 0"});
  stage->committed(3);
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1"});
  EXPECT_EQ(records().reports_repeated, 0U);
  stage->report(1, 1, {{{0}}});
  expect({"w1 <- Ack: reports committed through 1"});
  EXPECT_EQ(records().reports_repeated, 1U);
}

TEST_F(SchedulerCommitTest, TheRunEndsOnlyWhenItsLastOutcomeIsDurable) {
  begin_with_two();
  stage->report(1, 1, {{{0, 1}}});
  stage->report(2, 1, {{{2, 3}}});
  expect({"commit 3: 2 outcomes, 0 new sessions", "commit 4: 2 outcomes, 0 new sessions"});
  stage->committed(3);
  EXPECT_THAT(stage->take(), Not(Contains("the run is finished")));
  stage->committed(4);
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
}

TEST_F(SchedulerCommitTest, WorkersCancelOnceTheReasonIsDurable) {
  spec.wait_timeout = 5s;
  begin_with_two();
  stage->wait(5'001);
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Cancel"))));
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Cancel"))));
  stage->committed(1);
  EXPECT_THAT(stage->take(), Contains(StartsWith("w2 <- Cancel")));
}

TEST_F(SchedulerCommitTest, ASignalMayLeaveTheRunAsItIs) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  stage->leave_running();
  expect({});
  stage->committed(3);
  expect({"results: 0 succeeded", "the end"});
  EXPECT_TRUE(stage->scheduler().suspended());
  EXPECT_EQ(stage->scheduler().done(), 1U);
}

class SuspendedRunTest : public SchedulerCommitTest {
 protected:
  /// Two workers hold two attempts each.
  SuspendedRunTest() { policy.retries = 2; }
  void end_commits() {
    stage->committed(stage->commits());
    stage->ignore();
  }
  TaskState state_of(std::uint32_t task) const { return records().state_of(task_at(task)); }
};

TEST_F(SuspendedRunTest, RunningAttemptsEndAndAreCommitted) {
  begin_with_two();
  stage->stop(/*let_running_end=*/true);
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Cancel"))));
  stage->report(1, 1, {{{0, 1}}});
  end_commits();
  stage->report(2, 1, {{{2}}, {{3}, Outcome::returned}});
  EXPECT_THAT(stage->take(), Not(Contains("w1 <- Shutdown"))) << "the last outcome is not durable";
  stage->committed(stage->commits());
  EXPECT_THAT(stage->take(), testing::AllOf(Contains("results: 2 succeeded"),
                                            Contains("w1 <- Shutdown"), Contains("w2 <- Shutdown"),
                                            Not(Contains(testing::HasSubstr("Assignment")))));
  EXPECT_EQ(state_of(3), TaskState::pending);
  stage->goodbye(1, 1, 2);
  stage->goodbye(2, 1, 2);
  end_commits();
  EXPECT_TRUE(stage->ended());
  EXPECT_TRUE(stage->scheduler().suspended());
  EXPECT_FALSE(records().stop_requested);
}

TEST_F(SuspendedRunTest, TheSecondStopCancelsAttemptsButNoTask) {
  begin_with_two();
  stage->stop(/*let_running_end=*/true);
  stage->ignore();
  stage->stop();
  EXPECT_THAT(stage->take(), testing::AllOf(Contains("w1 <- Cancel: assignments through 1"),
                                            Contains("w2 <- Cancel: assignments through 1")));
  stage->report(1, 1, {{{0}}, {{1}, Outcome::cancelled}});
  stage->report(2, 1, {{{2, 3}, Outcome::cancelled}});
  end_commits();
  EXPECT_EQ(stage->scheduler().done(), 1U);
  EXPECT_EQ(state_of(1), TaskState::pending);
  stage->goodbye(1, 1, 2);
  stage->goodbye(2, 1, 2);
  end_commits();
  EXPECT_TRUE(stage->scheduler().suspended());
  stage->crash();
  stage->ignore();
  join(3);
  stage->committed(1);
  EXPECT_THAT(stage->take(), Contains("w3 <- Assignment 1: 1 (attempt 2) for 1 s, 2 (attempt 2) "
                                      "for 1 s, 3 (attempt 2) for 1 s"))
      << "nothing is waited for: both workers have left";
}

TEST_F(SuspendedRunTest, ATaskThatFailsIsLeftToItsRetries) {
  use_commands();
  begin_with_two();
  stage->stop(/*let_running_end=*/true);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->ignore();
  EXPECT_EQ(state_of(0), TaskState::pending);
}

TEST_F(SuspendedRunTest, ALostWorkerLeavesItsTasksPending) {
  begin_with_two();
  stage->stop(/*let_running_end=*/true);
  stage->report(1, 1, {{{0, 1}}});
  stage->at(5'000);
  stage->heartbeat(1);
  stage->wait(7'000);
  end_commits();
  EXPECT_EQ(state_of(2), TaskState::pending);
  stage->goodbye(1, 1, 2);
  end_commits();
  EXPECT_TRUE(stage->scheduler().suspended());
}

TEST_F(SuspendedRunTest, ARunWhoseLastTasksEndIsFinished) {
  begin_with_two();
  stage->stop(/*let_running_end=*/true);
  stage->report(1, 1, {{{0, 1}}});
  stage->report(2, 1, {{{2, 3}}});
  end_commits();
  stage->goodbye(1, 1, 2);
  stage->goodbye(2, 1, 2);
  end_commits();
  EXPECT_TRUE(stage->ended());
  EXPECT_FALSE(stage->scheduler().suspended());
}

TEST_F(SuspendedRunTest, AStopBeforeAnyWorkerHasJoinedEndsAtOnce) {
  begin();
  stage->stop(/*let_running_end=*/true);
  expect({"the run is finished", "the end"});
  EXPECT_TRUE(stage->scheduler().suspended());
}

/// Both were told to cancel when the coordinator died.
TEST_F(SuspendedRunTest, TheNextCoordinatorTakesNoCancelledAttemptAsAResult) {
  begin_with_two();
  stage->stop();
  stage->ignore();
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  stage->report(1, 1, {{{0, 1}, Outcome::cancelled}});
  stage->ignore();
  EXPECT_EQ(stage->scheduler().done(), 0U);
}

/// A stop in the middle of recovery waits until it is known what runs.
TEST_F(SuspendedRunTest, AStopDuringRecoveryWaitsForInventories) {
  begin_with_two();
  crash();
  stage->stop(/*let_running_end=*/true);
  expect({});
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {}, 0);
  EXPECT_THAT(stage->take(), Contains("w1 <- Revoke: assignments through 1, keep 0"));
  stage->report(1, 1, {{{0, 1}}});
  end_commits();
  EXPECT_EQ(stage->scheduler().done(), 2U);
  stage->goodbye(1, 1, 2);
  stage->goodbye(2, 0, 0);
  end_commits();
  EXPECT_TRUE(stage->scheduler().suspended());
}

/// What it printed last is not printed again, though no other commit follows.
TEST_F(SchedulerCommitTest, AnIdleCoordinatorCommitsWhatItHasPublished) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  stage->committed(3);
  stage->ignore();
  EXPECT_EQ(stage->last_commit().counters.published, 0U);
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Contains("commit 4: 0 outcomes, 0 new sessions"));
  EXPECT_EQ(stage->last_commit().counters.published, 1U);
  stage->committed(4);
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Not(Contains(StartsWith("commit"))));
}

/// Else the next coordinator would wait for it.
TEST_F(SchedulerCommitTest, AGoodbyeDuringTheLastCommitCounts) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  stage->goodbye(1, 1, 1);
  stage->leave_running();
  stage->ignore();
  stage->committed(3);
  EXPECT_THAT(stage->take(), Not(Contains("the end")));
  stage->committed(4);
  EXPECT_THAT(stage->take(), Contains("the end"));
  crash();
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  EXPECT_THAT(stage->take(), Contains(testing::HasSubstr("Assignment")));
}

/// Whether it asks to be woken for what it cannot do anything about: its shell would spin.
TEST_F(SchedulerCommitTest, AFullDiskAtTheEndIsWaitedForWithoutHaste) {
  begin_with_two();
  stage->report(1, 1, {{{0, 1}}});
  stage->report(2, 1, {{{2, 3}}});
  stage->committed(4);
  stage->goodbye(1, 1, 2);  // the disk is full now
  stage->wait(60'000);
  stage->ignore();
  EXPECT_GT(*stage->scheduler().next_deadline(), stage_now());
  stage->committed(5);
  EXPECT_THAT(stage->take(), Contains("the end"));
}

TEST_F(SchedulerCommitTest, AFullDiskAtTheWaitTimeoutIsWaitedForWithoutHaste) {
  spec.method = CollectionMethod::wait;
  spec.wait_timeout = std::chrono::seconds(5);
  begin_with_two();
  stage->report(1, 1, {{{0, 1}}});
  stage->report(2, 1, {{{2, 3}}});
  stage->wait(60'000);
  stage->ignore();
  EXPECT_GT(*stage->scheduler().next_deadline(), stage_now());
}

TEST_F(SchedulerCommitTest, ALeavingLocalWorkerIsWaitedForUntilItsLastReportIsDurable) {
  begin_with_two();
  stage->report(1, 1, {{{0, 1}}});
  stage->goodbye(1, 1, 2);
  expect({"commit 3: 2 outcomes, 0 new sessions"});
  stage->committed(3);
  EXPECT_THAT(stage->take(), Contains("w1 <- Shutdown"));
  ASSERT_TRUE(records().sessions[0].goodbye);
}

}  // namespace
}  // namespace rollcall::coordinator
