// Lost sessions, and the attempts that they held.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

class SchedulerLossTest : public SchedulerTest {
 protected:
  SchedulerLossTest() {
    spec.task_count = 2;
    spec.pause_min = spec.pause_max = 5s;
    policy.liveness = 3s;
  }
  /// w1 is silent for ever, w2 lives; w1's task 0 is with w2 as attempt 2.
  void lose_w1() {
    begin_with({1, 2});
    for (const int s : {1'000, 2'000}) {
      stage->at(s);
      stage->heartbeat(2);
    }
    stage->at(3'000);
    stage->heartbeat(2);
  }
};

TEST_F(SchedulerLossTest, SilenceForTheLivenessTimeIsLoss) {
  lose_w1();
  expect({"w2 <- Ack: reports committed through 0", "w2 <- Ack: reports committed through 0",
          "w1 <- Reject session_lost: no heartbeat for 3 s",
          "w1 has left (lost: no heartbeat for 3 s), 1 returned",
          "w2 <- Assignment 2: 0 (attempt 2) for 5 s", "w2 has started 0",
          "w2 <- Ack: reports committed through 0"});
  EXPECT_EQ(records().attempts().lost, 1U);
  EXPECT_EQ(records().attempt[0], 2);
}

TEST_F(SchedulerLossTest, NoSessionIsLostBeforeTheInboxIsEmpty) {
  begin_with({1});
  stage->oversleep(3'900);  // less than a tick too late each time: nothing to compensate
  for (int i = 0; i < 3; ++i) stage->turn(/*inbox_empty=*/false);
  EXPECT_EQ(stage->scheduler().live_sessions(), 1U);
  stage->heartbeat(1);
  EXPECT_EQ(stage->scheduler().live_sessions(), 1U);
  stage->ignore();
}

TEST_F(SchedulerLossTest, AStallOfTheCoordinatorIsNoSilence) {
  begin_with({1});
  stage->oversleep(60'000);
  stage->turn();
  expect({"log: the coordinator stalled for 59 s"});
  stage->at(61'999);
  expect({});
  stage->at(62'000);
  EXPECT_EQ(stage->scheduler().live_sessions(), 0U);
  stage->ignore();
}

TEST_F(SchedulerLossTest, LateOutcomeOfAnExpiredAttemptCounts) {
  lose_w1();
  stage->ignore();
  stage->report(1, 1, {{{0}}});
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1",
          "w1 <- Reject session_lost: this session was declared lost"});
  EXPECT_EQ(records().attempt[0], 1);
  EXPECT_EQ(records().stale, 0U);
  // What w2 says of the same task is stale: it was asked for it, and it is too late.
  stage->report(2, 1, {{{0, 1}}});
  expect({"results: 1 succeeded", "w2 <- Ack: reports committed through 1", "the run is finished",
          "w2 <- Shutdown"});
  EXPECT_EQ(records().stale, 1U);
  EXPECT_EQ(records().sessions[1].stale, 1U);
}

TEST_F(SchedulerLossTest, ARepeatedAssignmentNamesTheAssignedAttempts) {
  begin_with({1, 2});
  stage->worker(2).reached = false;  // attempt 2 of task 0 gets lost on its way to w2
  for (const int s : {1'000, 2'000, 3'000}) {
    stage->at(s);
    stage->heartbeat(2);
  }
  stage->report(1, 1, {{{0}}});  // attempt 1 supersedes it
  stage->ignore();
  stage->at(4'000);
  stage->heartbeat(2);
  stage->at(5'000);
  EXPECT_THAT(stage->take(), testing::Contains("w2 <- Assignment 2: 0 (attempt 2) for 5 s"));
}

TEST_F(SchedulerLossTest, LateOutcomeOfATaskThatIsDoneIsStale) {
  lose_w1();
  stage->report(2, 1, {{{0}}});
  stage->ignore();
  stage->report(1, 1, {{{0}}});
  expect({"w1 <- Ack: reports committed through 1",
          "w1 <- Reject session_lost: this session was declared lost"});
  EXPECT_EQ(records().stale, 1U);
  EXPECT_EQ(records().attempt[0], 2);
}

TEST_F(SchedulerLossTest, ALostSessionIsNotWelcomedAgain) {
  lose_w1();
  stage->ignore();
  stage->hello(1, 0, /*nonce=*/2);
  expect({"w1 <- Reject session_lost: this session has ended"});
  stage->heartbeat(1);
  expect({"w1 <- Ack: reports committed through 0",
          "w1 <- Reject session_lost: this session was declared lost"});
}

TEST_F(SchedulerLossTest, TheExitOfALocalWorkerIsALossAtOnce) {
  policy.local_workers = 1;
  begin();
  join(1, 0, /*launch id=*/1);
  stage->ignore();
  stage->exited(1);
  expect({"log: local worker 1 ended: killed by signal 9",
          "w1 <- Reject session_lost: its process ended", "start local worker, launch id 2",
          "w1 has left (lost: its process ended), 2 returned"});
}

TEST_F(SchedulerLossTest, ASilentLocalWorkerIsKilledAndRestarted) {
  policy.local_workers = 1;
  begin();
  join(1, 0, /*launch id=*/1);
  stage->heartbeat(1);
  stage->at(2'900);
  stage->ignore();
  stage->at(3'100);
  EXPECT_THAT(stage->take(),
              testing::IsSupersetOf({"w1 has left (lost: no heartbeat for 3 s), 2 returned",
                                     "kill local worker w1"}));
  stage->exited(1);
  expect({"log: local worker 1 ended: killed by signal 9", "start local worker, launch id 2"});
}

TEST_F(SchedulerLossTest, LocalWorkersAreRestartedALimitedNumberOfTimes) {
  policy.local_workers = 1;
  policy.others_may_join = false;
  policy.worker_restarts = 2;
  begin();
  expect({"start local worker, launch id 1"});
  stage->exited(1);
  expect({"log: local worker 1 ended: killed by signal 9"});
  stage->at(100);
  expect({"start local worker, launch id 2"});
  stage->exited(2);
  expect({"log: local worker 2 ended: killed by signal 9 (2 times in a row)"});
  stage->at(299);
  expect({});
  stage->at(300);
  expect({"start local worker, launch id 3"});
  stage->exited(3);
  expect({"log: no local worker could be kept running", "results: 0 lost, 1 lost",
          "the run is finished", "the end"});
}

TEST_F(SchedulerLossTest, ANewSessionOnTheSameConnectionEndsTheOld) {
  begin_with({1});
  stage->worker(2).connection = stage->worker(1).connection;
  stage->worker(1).connection = ConnectionId{99};
  stage->hello(2);
  expect({"w2 <- Reject session_lost: its process started a new session", "w2 <- Welcome: slots 0",
          "w1 has left (lost: its process started a new session), 2 returned"});
}

TEST_F(SchedulerLossTest, ATaskThatCostsTooManySessionsIsLost) {
  policy.max_losses = 2;
  policy.local_workers = 1;
  spec.task_count = 1;
  begin();
  join(1, 0, 1);
  stage->heartbeat(1);
  stage->exited(1);
  join(2, 0, 2);
  stage->heartbeat(2);
  stage->ignore();
  stage->exited(2);
  EXPECT_THAT(stage->take(), testing::Contains("results: 0 lost"));
}

TEST_F(SchedulerLossTest, UnstartedAttemptsAreNotCharged) {
  policy.max_losses = 1;
  policy.local_workers = 1;
  begin();
  stage->worker(1).starts = false;
  join(1, 0, 1);
  stage->heartbeat(1);
  stage->ignore();
  stage->exited(1);
  EXPECT_THAT(stage->take(),
              testing::Contains("w1 has left (lost: its process ended), 2 returned"));
}

TEST_F(SchedulerLossTest, AnEarlyGoodbyeReturnsTasksWithoutChargingThem) {
  policy.max_losses = 1;
  begin_with({1, 2});
  stage->goodbye(1, 0, 0);
  expect({"w1 <- Shutdown", "w1 has left (said goodbye), 1 returned",
          "w2 <- Assignment 2: 0 (attempt 2) for 5 s"});
}

TEST_F(SchedulerLossTest, AGoodbyeDoesNotCountWhileReportsAreMissing) {
  begin_with({1, 2});
  stage->goodbye(1, 1, 1);
  expect({"w1 <- Ack: reports committed through 0"});
  stage->report(1, 1, {{{0}}});
  stage->goodbye(1, 1, 1);
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1", "w1 <- Shutdown",
          "w1 has left (said goodbye), 0 returned"});
  ASSERT_TRUE(records().sessions[0].goodbye);
  EXPECT_EQ(records().sessions[0].goodbye->outcomes_sent, 1U);
}

TEST_F(SchedulerLossTest, GoodbyesAtTheEndEndTheRun) {
  begin_with({1, 2});
  stage->report(1, 1, {{{0}}});
  stage->report(2, 1, {{{1}}});
  stage->ignore();
  stage->goodbye(1, 1, 1);
  expect({});
  stage->goodbye(2, 1, 1);
  expect({"the end"});
}

TEST_F(SchedulerLossTest, ALocalWorkerThatConnectsAfterTheEndIsShutDown) {
  policy.local_workers = 1;
  begin();
  stage->stop();
  stage->ignore();
  stage->hello(1, /*slots=*/0, /*nonce=*/1, /*launch id=*/1);
  expect({"w1 <- Welcome: slots 0", "w1 <- Shutdown"});
  stage->goodbye(1, 0, 0);
  expect({});
  stage->exited(1, "exit status 0");
  expect({"the end"});
}

TEST_F(SchedulerLossTest, TheLastWorkersGoodbyeLeavesTimeForAnother) {
  policy.join_timeout = 4s;
  begin_with({1});
  stage->goodbye(1, 0, 0);
  stage->ignore();
  stage->at(3'000);
  expect({});
  stage->at(5'000);
  expect({"log: no worker connected within --join-timeout", "results: 0 lost, 1 lost",
          "the run is finished", "the end"});
}

TEST_F(SchedulerLossTest, ASessionThatStartsNothingIsQuarantined) {
  spec.task_count = 5;
  begin_with({1}, /*slots=*/3);
  stage->report(1, 1, {{{0, 1, 2}, Outcome::not_started}});
  const std::vector<std::string> lines = stage->take();
  EXPECT_THAT(lines, testing::Contains("w1 <- Drain: finish"));
  EXPECT_THAT(lines, testing::Not(testing::Contains(testing::HasSubstr("Assignment"))));
  stage->at(1'000);
  expect({"w1 <- Drain: finish"});  // said again: it may have been lost
  stage->goodbye(1, 1, 3);
  join(2);
  stage->ignore();
  EXPECT_EQ(stage->scheduler().assigned(), 5U);
}

}  // namespace
}  // namespace rollcall::coordinator
