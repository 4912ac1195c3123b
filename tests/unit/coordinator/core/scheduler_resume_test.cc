// Resuming a run after a crash.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::Contains;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

using SchedulerResumeTest = JournaledSchedulerTest;

TEST_F(SchedulerResumeTest, HeldAttemptsAreAdoptedAndNotRunAgain) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  stage->committed(3);
  crash();
  stage->heartbeat(1);
  expect({"w1 <- Reject say_hello: unknown connection"});
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {1}, 1);
  EXPECT_THAT(stage->take(), Not(Contains(StartsWith("w1 <- Assignment"))));
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Assignment"))));
  EXPECT_EQ(records().attempts_adopted, 3U);
  EXPECT_EQ(stage->scheduler().assigned(), 3U);
  stage->report(1, 2, {{{1}}});
  stage->report(2, 1, {{{2, 3}}});
  stage->committed(2);
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
  EXPECT_EQ(records().attempts_total, 4U);
  EXPECT_EQ(records().stale, 0U);
}

TEST_F(SchedulerResumeTest, NothingIsDispatchedBeforeEveryInventoryIsKnown) {
  begin_with_two();
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {}, 0);  // its assignments were lost in the crash
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Assignment"))));
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 2: 0 for 1 s")));
}

TEST_F(SchedulerResumeTest, ALateOutcomeOfOneLostDuringRecoveryStillCounts) {
  begin_with_two();
  crash();
  stage->wait(policy.liveness / 1ms / 2);
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->vanished(0);
  stage->wait(policy.liveness / 1ms);  // the other one does not come back either
  stage->report(1, 1, {{{0}}});
  join(3);
  join(4);
  stage->ignore();
  stage->committed(5);
  EXPECT_EQ(stage->scheduler().assigned(), 3U);
  stage->ignore();
}

// The worker's sockets deliver messages meant for the dead coordinator: it held nothing then.
TEST_F(SchedulerResumeTest, AStaleHelloAndItsEmptyInventoryDoNotOpenTheBarrier) {
  begin_with_two();
  Header before = stage->header(1);
  crash();
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  stage->hello(1, 0, 1);
  stage->ignore();
  Inventory empty;
  empty.nonce = 1;
  empty.is_last_part = true;
  stage->send(stage->worker(1).connection, before, empty);
  expect({"w1 <- Reject wrong_epoch: meant for another run, epoch or session"});
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Assignment"))));
  EXPECT_EQ(records().attempts_adopted, 4U);
}

TEST_F(SchedulerResumeTest, SilenceForTheLivenessTimeEndsRecovery) {
  begin_with_two();
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  for (int second = 1; second <= 9; ++second) {
    stage->wait(1'000);
    stage->heartbeat(1);
  }
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Assignment"))));
  stage->wait(2'000);
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 2: 2 for 1 s, 3 for 1 s")));
}

TEST_F(SchedulerResumeTest, AVanishedWorkerIsNotWaitedFor) {
  begin_with_two();
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->ignore();
  stage->vanished(1);
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 2: 2")));
}

TEST_F(SchedulerResumeTest, AnUncommittedReportIsRepeatedAndCountsOnce) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});  // never committed
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  stage->ignore();
  stage->report(1, 1, {{{0}}});
  expect({"commit 1: 1 outcomes, 0 new sessions"});
  stage->committed(1);
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1"});
}

TEST_F(SchedulerResumeTest, CommittedOutcomesThatMayNotHaveBeenPrintedArePublishedAgain) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  stage->committed(3);  // published after the last commit
  stage->crash();
  EXPECT_THAT(stage->take(), Contains("results: 0 succeeded"));
}

TEST_F(SchedulerResumeTest, AnInventoryCountsOnceItsLastPartHasArrived) {
  begin_with_two();
  crash();
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  stage->hello(1, 0, 2);
  stage->ignore();
  Inventory part;
  part.nonce = 2;
  part.assignments_received = 1;
  part.started_count = part.begun = 2;
  part.list = 1;
  part.held.task = {task_at(0)};
  part.held.attempt = {1};
  stage->send(1, part);
  EXPECT_EQ(stage->scheduler().assigned(), 2U);
  part.part = 1;
  part.held.task = {task_at(1)};
  part.is_last_part = true;
  stage->send(1, part);
  EXPECT_EQ(stage->scheduler().assigned(), 4U);
  stage->ignore();
}

TEST_F(SchedulerResumeTest, AnInconsistentInventoryEndsItsSession) {
  begin_with_two();
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0}, 2);
  EXPECT_THAT(stage->take(),
              Contains("w1 <- Reject session_lost: its inventory contradicts itself"));
}

TEST_F(SchedulerResumeTest, OfTwoSessionsThatHoldATaskOneOwnsIt) {
  begin_with_two();
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->worker(2).attempt[task_at(1)] = 1;
  stage->inventory_of(2, 2, {1, 2, 3}, 2);
  EXPECT_EQ(stage->scheduler().assigned(), 4U);
  stage->report(2, 1, {{{1}}});
  stage->committed(1);
  EXPECT_EQ(stage->scheduler().done(), 1U) << "the first outcome counts, whoever has it";
  stage->report(1, 1, {{{1}}});
  stage->committed(2);
  EXPECT_EQ(records().stale, 1U);
  stage->ignore();
}

TEST_F(SchedulerResumeTest, AResumedRunWithoutWorkersLosesNothing) {
  policy.join_timeout = std::chrono::seconds(5);
  begin();
  stage->at(5'000);
  expect({"log: no worker connected within --join-timeout", "the end"});
  EXPECT_TRUE(stage->scheduler().suspended());
  EXPECT_TRUE(stage->scheduler().ran_out_of_workers());
  EXPECT_EQ(stage->scheduler().done(), 0U);
}

/// It was returned, and done by the other, when the coordinator died before it had committed
/// either.
TEST_F(SchedulerResumeTest, OfTwoHeldAttemptsAtATaskTheLaterCounts) {
  begin_with_two();
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->worker(2).attempt[task_at(1)] = 2;
  stage->inventory_of(2, 2, {1, 2, 3}, 2);
  EXPECT_EQ(stage->scheduler().assigned(), 4U);
  stage->ignore();
  stage->report(1, 1, {{{1}, Outcome::returned}});
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Assignment"))));
  stage->report(2, 1, {{{1}}});
  stage->committed(2);
  EXPECT_EQ(stage->scheduler().done(), 1U);
  stage->ignore();
}

TEST_F(SchedulerResumeTest, LocalWorkersThatAreMissingAreStarted) {
  policy.local_workers = 2;
  policy.wait_for_workers = 2;
  begin();
  stage->hello(1, 0, 1, /*launch id=*/1);
  stage->hello(2, 0, 1, /*launch id=*/2);
  stage->inventory(1);
  stage->inventory(2);
  stage->committed(2);
  stage->ignore();
  stage->crash();
  EXPECT_THAT(stage->take(), Not(Contains(StartsWith("start local worker"))));
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->ignore();
  stage->vanished(1);
  EXPECT_THAT(stage->take(), Contains("start local worker, launch id 1048577"));
}

class SchedulerAdoptionTest : public SchedulerResumeTest {
 protected:
  /// A local worker of the first epoch has come back with what it held, and another one has not.
  void resume_with_an_adopted_worker() {
    policy.local_workers = 1;
    begin();
    stage->hello(1, 0, 1, /*launch id=*/1);
    stage->inventory(1);
    stage->committed(1);
    stage->ignore();
    stage->crash();
    stage->hello(1, 0, 2);
    stage->inventory_of(1, 2, {0, 1, 2, 3}, 4);
    stage->ignore();
  }
};

TEST_F(SchedulerAdoptionTest, AnAdoptedWorkerWhoseProcessEndsIsLostAtOnceAndReplaced) {
  resume_with_an_adopted_worker();
  stage->vanished(0);
  EXPECT_THAT(stage->take(),
              testing::IsSupersetOf({testing::Eq("w1 <- Reject session_lost: its process ended"),
                                     testing::Eq("start local worker, launch id 1048577")}));
}

TEST_F(SchedulerAdoptionTest, AnAdoptedProcessIsReplacedOnceHoweverOftenItComesBack) {
  resume_with_an_adopted_worker();
  for (int second = 1; second <= 11; ++second) stage->wait(1'000);
  EXPECT_THAT(stage->take(), Contains("start local worker, launch id 1048577"));
  stage->hello(3, 0, 1, /*launch id=*/1);  // the same process, as a new session
  stage->inventory(3);
  stage->committed(2);
  stage->ignore();
  stage->vanished(1);
  EXPECT_THAT(stage->take(), Not(Contains(StartsWith("start local worker"))));
}

}  // namespace
}  // namespace rollcall::coordinator
