// Joining, dispatch and the end of a run.
#include <algorithm>

#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST_F(SchedulerTest, WaitsForItsWorkers) {
  policy.wait_for_workers = 2;
  begin();
  join(1);
  expect({"w1 <- Welcome: slots 0", "w1 has joined"});
  join(2);
  expect({"w2 <- Welcome: slots 0", "w2 has joined", "w1 <- Assignment 1: 0 for 1 s, 1 for 1 s",
          "w2 <- Assignment 1: 2 for 1 s, 3 for 1 s"});
}

TEST_F(SchedulerTest, StartsWithFewerWorkersAfterJoinTimeout) {
  policy.wait_for_workers = 2;
  policy.join_timeout = 5s;
  begin();
  join(1);
  stage->ignore();
  stage->at(4'999);
  expect({});
  stage->at(5'000);
  expect({"log: starting with 1 of 2 workers: no more connected within --join-timeout",
          "w1 <- Assignment 1: 0 for 1 s, 1 for 1 s, 2 for 1 s, 3 for 1 s"});
}

TEST_F(SchedulerTest, FailsWhenNoWorkerJoins) {
  policy.join_timeout = 5s;
  begin();
  stage->at(5'000);
  expect({"log: no worker connected within --join-timeout",
          "results: 0 lost, 1 lost, 2 lost, 3 lost", "the run is finished", "the end"});
  EXPECT_TRUE(stage->scheduler().ran_out_of_workers());
}

TEST_F(SchedulerTest, AStallOfTheCoordinatorIsNoAbsenceOfWorkers) {
  policy.join_timeout = 5s;
  begin();
  stage->oversleep(60'000);
  stage->hello(1);
  stage->inventory(1);
  EXPECT_EQ(stage->scheduler().assigned(), 4U);
  stage->ignore();
}

TEST_F(SchedulerTest, HelloAloneIsNotEnoughForWork) {
  begin();
  stage->hello(1);
  stage->heartbeat(1);
  expect({"w1 <- Welcome: slots 0", "w1 <- Reject say_hello: no Inventory since the last Hello"});
}

TEST_F(SchedulerTest, NoTasksEndAtOnce) {
  spec.task_count = 0;
  policy.local_workers = 2;
  begin();
  expect({"the run is finished", "the end"});
}

TEST_F(SchedulerTest, SendsTheLongestFirst) {
  spec.task_count = 100;
  spec.pause_min = 0s;
  spec.pause_max = 10s;
  begin();
  stage->hello(1);
  Actions actions;
  Scheduler scheduler(spec, policy, 1);
  const auto now = instant_from_ns(1);
  Hello hello;
  hello.secret.bytes.fill(1);
  hello.kinds = all_kinds();
  const Header header{kProtocolVersion, spec.id, 1, session_of(hello.secret)};
  scheduler.step(now, ListeningStarted{}, actions);
  scheduler.step(now, MessageReceived{ConnectionId{1}, {header, hello}}, actions);
  scheduler.step(now, MessageReceived{ConnectionId{1}, {header, Inventory{}}}, actions);
  scheduler.step(now, TurnEnded{}, actions);
  const auto* send = std::get_if<Send>(&actions.back());
  ASSERT_NE(send, nullptr);
  const auto& pauses = std::get<Assignment>(send->message.body).attempts.pause;
  EXPECT_EQ(pauses.size(), 100U);
  EXPECT_TRUE(std::is_sorted(pauses.begin(), pauses.end(), std::greater<>()));
  stage->ignore();
}

TEST_F(SchedulerTest, SharesAreEqual) {
  spec.task_count = 7;
  policy.wait_for_workers = 3;
  begin();
  for (const int w : {1, 2, 3}) stage->hello(w);
  stage->ignore();
  for (const int w : {1, 2, 3}) stage->inventory(w);
  expect({"w1 has joined", "w2 has joined", "w3 has joined",
          "w1 <- Assignment 1: 0 for 1 s, 1 for 1 s, 2 for 1 s",
          "w2 <- Assignment 1: 3 for 1 s, 4 for 1 s, 5 for 1 s", "w3 <- Assignment 1: 6 for 1 s"});
}

TEST_F(SchedulerTest, CreditIsSlotsAndPrefetch) {
  policy.prefetch = 1;
  begin();
  join(1, /*slots=*/2);
  expect({"w1 <- Welcome: slots 2", "w1 has joined",
          "w1 <- Assignment 1: 0 for 1 s, 1 for 1 s, 2 for 1 s"});
  stage->report(1, 1, {{{0}}});
  expect({"w1 has started 0-2", "results: 0 succeeded", "w1 <- Assignment 2: 3 for 1 s",
          "w1 <- Ack: reports committed through 1"});
}

TEST_F(SchedulerTest, PrefetchFollowsThePausesWhenItIsNotGiven) {
  spec.task_count = 100;
  spec.pause_min = spec.pause_max = 1ms;
  policy.prefetch = std::nullopt;
  begin();
  join(1, /*slots=*/1);
  // 10 ms of work are ten tasks ahead of the one that runs.
  EXPECT_EQ(stage->scheduler().assigned(), 11U);
  stage->ignore();
}

TEST_F(SchedulerTest, SendsNoMoreThanTheWindowWithoutAnAcknowledgement) {
  spec.task_count = 10 * limits::assignment_attempts;
  begin();
  stage->worker(1).reached = false;
  join(1);
  EXPECT_EQ(stage->scheduler().assigned(),
            limits::assignments_in_flight * limits::assignment_attempts);
  EXPECT_EQ(stage->take().size(), 2 + limits::assignments_in_flight);
  stage->worker(1).got = 1;
  stage->heartbeat(1);
  EXPECT_EQ(stage->take().size(), 2U);  // one more Assignment, and the Ack
}

TEST_F(SchedulerTest, ALateWorkerGetsPendingTasks) {
  begin_with({1}, /*slots=*/1);
  join(2, /*slots=*/1);
  expect({"w2 <- Welcome: slots 1", "w2 has joined", "w2 <- Assignment 1: 1 for 1 s"});
}

TEST_F(SchedulerTest, AWorkerThatJoinsAfterTheEndIsShutDown) {
  spec.task_count = 1;
  begin_with({1});
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  stage->hello(2);
  expect({"w2 <- Welcome: slots 0", "w2 <- Shutdown"});
}

TEST_F(SchedulerTest, EndsWithoutTheGoodbyeOfAWorkerThatNeverSaysIt) {
  spec.task_count = 1;
  begin_with({1});
  stage->report(1, 1, {{{0}}});
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1", "the run is finished",
          "w1 <- Shutdown"});
  stage->at(1'999);
  expect({"w1 <- Shutdown"});  // said again with the tick
  stage->at(2'000);
  expect({"w1 <- Shutdown", "the end"});
}

TEST_F(SchedulerTest, AWaitTimeoutCancelsRunningAndPendingTasks) {
  spec.method = CollectionMethod::wait;
  spec.wait_timeout = 500ms;
  begin_with({1}, /*slots=*/2);
  stage->at(499);
  expect({});
  stage->at(500);
  expect({"results: 2 cancelled, 3 cancelled", "w1 <- Cancel: assignments through 1"});
  EXPECT_TRUE(records().wait_timeout_passed);
  stage->at(1'000);
  expect({"w1 <- Cancel: assignments through 1"});  // until it has answered
  stage->report(1, 1, {{{0}, Outcome::cancelled}, {{1}, Outcome::succeeded}});
  expect({"results: 0 cancelled, 1 succeeded", "w1 <- Ack: reports committed through 1",
          "the run is finished", "w1 <- Shutdown"});
}

TEST_F(SchedulerTest, ARunTimeoutCancelsRunningAndPendingTasks) {
  policy.run_timeout = 500ms;
  begin_with({1}, /*slots=*/2);
  stage->at(499);
  expect({});
  stage->at(500);
  expect({"log: --run-timeout: the run is ended after 0.5 s", "results: 2 cancelled, 3 cancelled",
          "w1 <- Cancel: assignments through 1"});
  EXPECT_TRUE(stage->scheduler().run_timed_out());
  stage->report(1, 1, {{{0, 1}, Outcome::cancelled}});
  stage->ignore();
  EXPECT_TRUE(records().accepted() == 4);
}

TEST_F(SchedulerTest, ARunTimeoutCountsBeforeAnyWorkerHasJoined) {
  policy.run_timeout = 500ms;
  begin();
  stage->at(500);
  const std::vector<std::string> lines = stage->take();
  EXPECT_THAT(lines,
              testing::Contains("results: 0 cancelled, 1 cancelled, 2 cancelled, 3 cancelled"));
  EXPECT_THAT(lines, testing::Contains("the end"));
}

TEST_F(SchedulerTest, ARunThatEndsInTimeDoesNotTimeOut) {
  policy.run_timeout = 500ms;
  spec.task_count = 1;
  begin_with({1});
  stage->report(1, 1, {{{0}}});
  stage->at(3'000);
  stage->ignore();
  EXPECT_TRUE(stage->ended());
  EXPECT_FALSE(stage->scheduler().run_timed_out());
}

TEST_F(SchedulerTest, AStopCancelsLikeAWaitTimeout) {
  begin_with({1}, /*slots=*/2);
  stage->stop();
  expect({"results: 2 cancelled, 3 cancelled", "w1 <- Cancel: assignments through 1"});
  EXPECT_TRUE(records().stop_requested);
}

TEST_F(SchedulerTest, AStopBeforeAnyWorkerHasJoinedEndsTheRun) {
  begin();
  stage->stop();
  expect({"results: 0 cancelled, 1 cancelled, 2 cancelled, 3 cancelled", "the run is finished",
          "the end"});
  EXPECT_FALSE(stage->scheduler().ran_out_of_workers());
}

TEST_F(SchedulerTest, ASessionLostWhileCancellingNeedsNoAnswer) {
  begin_with({1}, /*slots=*/4);
  stage->stop();
  stage->ignore();
  stage->at(10'000);
  const std::vector<std::string> lines = stage->take();
  EXPECT_THAT(lines,
              testing::Contains("results: 0 cancelled, 1 cancelled, 2 cancelled, 3 cancelled"));
  EXPECT_THAT(lines, testing::Contains("the end"));
}

TEST_F(SchedulerTest, CancelledMethodCancelsEachAssignmentAtOnce) {
  spec.task_count = 2;
  spec.method = CollectionMethod::cancelled;
  begin();
  join(1, /*slots=*/1);
  expect({"w1 <- Welcome: slots 1", "w1 has joined", "w1 <- Assignment 1: 0 for 1 s",
          "w1 <- Cancel: assignments through 1"});
  stage->report(1, 1, {{{0}, Outcome::cancelled}});
  expect({"w1 has started 0", "results: 0 cancelled", "w1 <- Assignment 2: 1 for 1 s",
          "w1 <- Cancel: assignments through 2", "w1 <- Ack: reports committed through 1"});
}

}  // namespace
}  // namespace rollcall::coordinator
