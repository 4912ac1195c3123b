// Messages that are repeated, out of order, stale, unassigned or malformed.
#include "common/limits.h"
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST_F(SchedulerTest, HelloAgainWithTheSameNonceChangesNothing) {
  begin_with({1});
  stage->hello(1, 0, /*nonce=*/1);
  expect({"w1 <- Welcome: slots 0"});
  EXPECT_EQ(records().sessions.size(), 1U);
  EXPECT_EQ(stage->scheduler().assigned(), 4U);
  stage->heartbeat(1);  // it works on, without another Inventory
  expect({"w1 <- Ack: reports committed through 0"});
}

TEST_F(SchedulerTest, AnInventoryForAnEarlierHelloIsRejected) {
  begin();
  stage->hello(1, 0, /*nonce=*/1);
  stage->hello(1, 0, /*nonce=*/2);
  stage->inventory(1, /*nonce=*/1);
  expect({"w1 <- Welcome: slots 0", "w1 <- Welcome: slots 0",
          "w1 <- Reject say_hello: this Inventory answers an earlier Hello"});
  stage->inventory(1, /*nonce=*/2);
  EXPECT_THAT(stage->take(), testing::Contains("w1 has joined"));
}

TEST_F(SchedulerTest, AnInventoryAfterReconnectingRepeatsLostAssignments) {
  begin();
  stage->worker(1).reached = false;
  join(1);
  stage->ignore();
  stage->worker(1).connection = ConnectionId{9};
  stage->worker(1).reached = true;
  stage->hello(1, 0, /*nonce=*/2);
  stage->inventory(1, /*nonce=*/2);
  expect({"w1 is back after 0 s", "w1 <- Welcome: slots 0",
          "w1 <- Assignment 1: 0 for 1 s, 1 for 1 s, 2 for 1 s, 3 for 1 s"});
}

TEST_F(SchedulerTest, AStaleHelloFromAnOldConnectionIsCorrected) {
  begin_with({1});
  stage->worker(1).connection = ConnectionId{9};
  stage->hello(1, 0, /*nonce=*/2);
  stage->inventory(1, /*nonce=*/2);
  stage->ignore();
  stage->worker(1).connection = ConnectionId{1};
  stage->hello(1, 0, /*nonce=*/1);  // it was under way for long
  expect({"w1 is back after 0 s", "w1 <- Welcome: slots 0"});
  stage->worker(1).connection = ConnectionId{9};
  stage->heartbeat(1);
  expect({"w1 <- Reject say_hello: unknown connection"});
  stage->hello(1, 0, /*nonce=*/3);
  stage->inventory(1, /*nonce=*/3);
  stage->heartbeat(1);
  expect(
      {"w1 is back after 0 s", "w1 <- Welcome: slots 0", "w1 <- Ack: reports committed through 0"});
}

TEST_F(SchedulerTest, ASessionIsBackOnceItIsHeardOnANewConnection) {
  begin_with({1});
  stage->at(100);
  stage->heartbeat(1);
  stage->give(ConnectionClosed{ConnectionId{1}});
  stage->at(900);
  stage->worker(1).connection = ConnectionId{9};
  stage->hello(1, 0, /*nonce=*/2);
  EXPECT_THAT(stage->take(), testing::Contains("w1 is back after 0.8 s"));
  stage->hello(1, 0, /*nonce=*/3);  // repeated: its Welcome was lost
  EXPECT_THAT(stage->take(), testing::Not(testing::Contains(HasSubstr("is back"))));
}

TEST_F(SchedulerTest, AnUnknownConnectionIsAskedForAHello) {
  begin_with({1});
  stage->send(ConnectionId{77}, stage->header(1), Heartbeat{});
  expect({"connection 77 <- Reject say_hello: unknown connection"});
}

TEST_F(SchedulerTest, WrongRunEpochOrSessionIsToldAndChangesNothing) {
  begin_with({1});
  Header other_run = stage->header(1);
  other_run.run.bytes.fill(9);
  Header other_epoch = stage->header(1);
  other_epoch.epoch = 2;
  Header other_session = stage->header(1);
  other_session.session.bytes.fill(9);
  Report report;
  report.number = 1;
  report.outcomes.push_back(task_at(0), 1, Outcome::succeeded, {}, 1s, 1s);
  for (const Header& header : {other_run, other_epoch, other_session}) {
    stage->send(ConnectionId{1}, header, report);
    expect({"w1 <- Reject wrong_epoch: meant for another run, epoch or session"});
  }
  EXPECT_EQ(stage->scheduler().done(), 0U);
}

TEST_F(SchedulerTest, AMalformedMessageIsLoggedAndAnswered) {
  begin_with({1});
  stage->malformed(1, RejectReason::bad_message, "a column is too long");
  expect({"log: dropped a malformed message of worker w1: a column is too long",
          "w1 <- Reject bad_message: a column is too long"});
  stage->give(
      MalformedReceived{ConnectionId{77}, {}, RejectReason::bad_message, "noise", "1.2.3.4"});
  expect({"log: dropped a malformed message of a process at 1.2.3.4: noise",
          "connection 77 <- Reject bad_message: noise"});
  EXPECT_EQ(stage->scheduler().messages_refused(), 2U);
}

TEST_F(SchedulerTest, AnotherProtocolVersionIsRefusedByItsName) {
  begin_with({1});
  MalformedReceived old{ConnectionId{77}, {},           RejectReason::protocol_version, "",
                        "1.2.3.4",        "w7 on host7"};
  old.header.protocol = 1;
  stage->give(old);
  expect({"log: refused worker w7 on host7: it speaks protocol version 1, expected 2",
          "connection 77 <- Reject protocol_version: the worker speaks protocol version 1, the "
          "coordinator 2"});
  old.worker.clear();
  stage->give(old);
  EXPECT_THAT(stage->take(),
              testing::Contains("log: refused a process at 1.2.3.4: it speaks protocol version 1, "
                                "expected 2"));
  EXPECT_EQ(stage->scheduler().messages_refused(), 2U);
}

TEST_F(SchedulerTest, AWorkerThatCannotRunTheKindOfTheRunIsRefused) {
  begin_with({1});
  stage->worker(2).kinds = set_of(KindId::exec);
  stage->hello(2);
  expect({"w2 <- Reject refused: the worker cannot run tasks of kind sleep"});
  EXPECT_EQ(stage->scheduler().sessions().size(), 1U);
}

TEST_F(SchedulerTest, AContradictionEndsItsSession) {
  begin_with({1});
  stage->give(ContradictionReceived{ConnectionId{1}, stage->header(1), "task 0 attempt 1: why"});
  EXPECT_THAT(stage->take(),
              testing::Contains(HasSubstr(
                  "w1 has left (lost: its report contradicts itself: task 0 attempt 1: why)")));
  EXPECT_EQ(records().sessions[0].end, SessionEnd::lost);
  EXPECT_EQ(stage->scheduler().messages_refused(), 1U);
}

TEST_F(SchedulerTest, UsualRefusalsAreLoggedOnlyIfThereAreMany) {
  Scheduler scheduler(spec, policy, 1);
  Actions actions;
  scheduler.step(instant_from_ns(0), ListeningStarted{}, actions);
  actions.clear();
  scheduler.step(instant_from_ns(0),
                 RefusedReceived{ConnectionId{77}, {}, WorkerBodyKind::report, "1.2.3.4"}, actions);
  ASSERT_EQ(actions.size(), 2U);
  const Log& log = std::get<Log>(actions[0]);
  EXPECT_EQ(log.text, "refused a message of a process at 1.2.3.4: unknown connection");
  EXPECT_TRUE(log.is_usual);
  EXPECT_EQ(std::get<Reject>(std::get<Send>(actions[1]).message.body).reason,
            RejectReason::say_hello);
}

TEST_F(SchedulerTest, AHelloThatNamesAnotherSessionIsRefused) {
  begin_with({1});
  Hello hello;
  hello.secret = stage->worker(2).secret;
  hello.name = "w2";
  hello.host = "host";
  stage->send(ConnectionId{2}, stage->header(1), hello);
  expect({"log: refused worker w2 on host: its session is not the hash of its secret",
          "w2 <- Reject bad_message: its session is not the hash of its secret"});
  EXPECT_EQ(records().sessions.size(), 1U);
}

TEST_F(SchedulerTest, OneConnectionCannotJoinWithManySessions) {
  begin();
  stage->hello(1);
  expect({"w1 <- Welcome: slots 0"});
  for (const int other : {2, 3}) {
    stage->worker(other).connection = ConnectionId{1};
    Hello hello;
    hello.secret = stage->worker(other).secret;
    hello.name = "flood";
    hello.host = "host";
    stage->send(ConnectionId{1}, Header{}, hello);
    expect({"log: refused worker flood on host: another session is joining on this connection",
            "w1 <- Reject bad_message: another session is joining on this connection"});
  }
  EXPECT_EQ(records().sessions.size(), 1U);
}

TEST_F(SchedulerTest, ARepeatedReportCountsOnce) {
  begin_with({1});
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  stage->report(1, 1, {{{0}}});
  expect({"w1 <- Ack: reports committed through 1"});
  EXPECT_EQ(records().stale, 0U);
  EXPECT_EQ(records().accepted(), 1U);
}

TEST_F(SchedulerTest, AReportAfterAGapWaitsForItsTurn) {
  begin_with({1});
  stage->report(1, 2, {{{1}}});
  expect({"w1 <- Ack: reports committed through 0"});
  stage->report(1, 1, {{{0}}});
  stage->report(1, 2, {{{1}}});
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1", "results: 1 succeeded",
          "w1 <- Ack: reports committed through 2"});
}

TEST_F(SchedulerTest, ARepeatedOutcomeInOneReportIsStale) {
  begin_with({1});
  stage->report(1, 1, {{{0, 0}}});
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1"});
  EXPECT_EQ(records().stale, 1U);
}

TEST_F(SchedulerTest, OutcomesOfUnassignedTasksAreCountedAsSuch) {
  begin_with({1, 2});
  stage->worker(1).attempt[task_at(2)] = 1;  // w2 has it
  stage->report(1, 1, {{{2}}});
  const std::vector<std::string> lines = stage->take();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], HasSubstr("dropped 1 outcomes of session"));
  EXPECT_EQ(records().stale, 1U);
  EXPECT_EQ(stage->scheduler().done(), 0U);
}

TEST_F(SchedulerTest, ATaskThatDoesNotExistIsUnassigned) {
  begin_with({1});
  Report report;
  report.number = 1;
  report.outcomes.push_back(task_at(4'000'000'000U), 1, Outcome::succeeded, {}, 1s, 1s);
  stage->send(1, report);
  EXPECT_THAT(stage->take(), testing::Contains(HasSubstr("their tasks were not assigned to it")));
}

TEST_F(SchedulerTest, AnUnacknowledgedAssignmentIsSentAgainAfterTwoIntervals) {
  begin();
  stage->worker(1).reached = false;
  join(1);
  stage->ignore();
  stage->at(1'999);
  expect({});
  stage->at(2'000);
  expect({"w1 <- Assignment 1: 0 for 1 s, 1 for 1 s, 2 for 1 s, 3 for 1 s"});
  stage->at(3'999);
  expect({});
  stage->worker(1).got = 1;
  stage->heartbeat(1);
  stage->ignore();
  stage->at(6'000);
  expect({});  // acknowledged
}

TEST_F(SchedulerTest, AssignmentsAfterALostOneAreSentAgainWithIt) {
  begin_with({1}, /*slots=*/2);
  stage->worker(1).reached = false;
  stage->report(1, 1, {{{0}}});  // assignment 2 gets lost
  stage->at(1'900);
  stage->worker(1).reached = true;
  stage->report(1, 2, {{{1}}});  // and 3 comes out of order
  stage->ignore();
  stage->at(2'000);
  expect({"w1 <- Assignment 2: 2 for 1 s", "w1 <- Assignment 3: 3 for 1 s"});
}

TEST_F(SchedulerTest, AnAcknowledgedAssignmentStaysAcknowledged) {
  begin_with({1});
  stage->worker(1).got = 0;
  stage->heartbeat(1);  // one that was under way for long
  stage->ignore();
  stage->at(5'000);
  expect({});
}

TEST_F(SchedulerTest, ManyLongTimesInOneReportOverflowNothing) {
  spec.task_count = 2'000;
  begin();
  join(1, /*slots=*/0);
  Report report;
  report.number = 1;
  for (std::size_t t = 0; t < spec.task_count; ++t) {
    const Duration longest(std::int64_t{1} << 59U);
    report.outcomes.push_back(task_at(t), 1, Outcome::succeeded, {}, longest, 1s);
  }
  stage->worker(1).got = 1;
  stage->ignore();
  stage->send(1, report);
  EXPECT_TRUE(stage->scheduler().done() == 2'000U);
  stage->ignore();
}

}  // namespace
}  // namespace rollcall::coordinator
