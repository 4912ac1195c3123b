// Revokes, drains, and sessions that leave.
#include "tests/support/session_fixture.h"

namespace rollcall::worker {
namespace {

TEST_F(SessionTest, RevokeReturnsTheLastTasksAndSkipsThem) {
  join(1);
  receive(assignment(1, {0, 1, 2, 3}));
  take<StartAttempts>();
  end_turn();
  EXPECT_EQ(sent<Heartbeat>().started_count, 1U);
  receive(Revoke{1, 2});
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.outcomes.task, tasks({2, 3}));
  EXPECT_EQ(report.outcomes.outcome, std::vector(2, Outcome::returned));
  EXPECT_EQ(report.started_count, 1U);  // 1 is before them, and has not begun
  EXPECT_FALSE(report.draining);
  receive(assignment(2, {4}));
  end_attempts({0});
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({1}));
  end_turn();
  EXPECT_EQ(sent<Report>().started_count, 4U);  // the places of 2 and 3 are passed
  end_attempts({1});
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({4}));
  end_turn();
  EXPECT_EQ(sent<Report>().started_count, 5U);
}

TEST_F(SessionTest, RevokeReturnsNothingThatHasStarted) {
  join(2);
  receive(assignment(1, {0, 1}));
  take<StartAttempts>();
  end_turn();
  sent<Heartbeat>();
  receive(Revoke{1, 0});
  end_turn();
  EXPECT_EQ(sent<Heartbeat>().started_count, 2U);
}

TEST_F(SessionTest, RevokeLeavesLaterAssignmentsAlone) {
  join(1);
  receive(assignment(1, {0, 1}));
  take<StartAttempts>();
  receive(assignment(2, {2}));
  receive(Revoke{1, 0});
  receive(Revoke{1, 0});  // a repetition
  end_turn();
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({1}));
  end_attempts({0});
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({2}));
}

TEST_F(SessionTest, RevokeReturnsLaterAssignmentsToo) {
  join(2);
  receive(Revoke{2, 1});
  receive(Revoke{1, 0});  // an older one, late
  end_turn();
  sent<Heartbeat>();
  receive(assignment(1, {0, 1}));
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({0}));
  receive(assignment(2, {2}));
  end_turn();
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({1, 2}));
  receive(assignment(3, {3}));
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({3}));
}

class CommandSessionTest : public SessionTest {
 protected:
  /// In a run of commands, with one slot: the first of these attempts runs, two wait for the slot
  /// in the executor, and the rest waits in the session.
  void begin_commands(std::initializer_list<std::uint32_t> numbers) {
    join(1);
    job.kind = KindId::exec;
    receive(assignment(1, numbers));
    EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({0, 1, 2}));
    end_turn();
    sent<Heartbeat>();
  }
};

TEST_F(CommandSessionTest, ARevokeOfEverythingReturnsWhatWaitsForASlot) {
  begin_commands({0, 1, 2, 3});
  receive(Revoke{1, 0});
  EXPECT_EQ(take<ReturnWaiting>().assignments_through, 1U);
  end_turn();
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({3}));
  end_attempts({1, 2}, Outcome::returned);
  end_turn();
  EXPECT_EQ(sent<Report>().outcomes.outcome, std::vector(2, Outcome::returned));
}

/// The coordinator moves attempts to an idle worker: those that are next here stay.
TEST_F(CommandSessionTest, ARevokeOfSomeLeavesWhatWaitsForASlot) {
  begin_commands({0, 1, 2, 3});
  receive(Revoke{1, 3});
  end_turn();
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({3}));
}

TEST_F(CommandSessionTest, ADrainReturnsWhatWaitsForASlot) {
  begin_commands({0, 1, 2});
  receive(Drain{});
  take<ReturnWaiting>();
  end_turn();
  EXPECT_TRUE(sent<Heartbeat>().draining);
}

TEST_F(SessionTest, AssignmentsDuringADrainAreReturnedAtOnce) {
  join(1);
  receive(assignment(1, {0}));
  take<StartAttempts>();
  receive(Drain{});
  end_turn();
  EXPECT_TRUE(sent<Heartbeat>().draining);
  receive(assignment(2, {1}));
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.outcomes.outcome, std::vector(1, Outcome::returned));
  EXPECT_EQ(report.assignments_received, 2U);
  EXPECT_EQ(report.started_count, 2U);
}

TEST_F(SessionTest, ADrainThatReturnsStopsRunningAttempts) {
  join();
  run_all(1, {0});
  receive(Drain{DrainMode::return_running});
  take<DropAttempts>();
  EXPECT_EQ(sent<Goodbye>().outcomes_sent, 0U);
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, ADrainThatFinishesCanBeHurried) {
  join();
  run_all(1, {0});
  receive(Drain{});
  end_turn();
  sent<Heartbeat>();
  receive(Drain{DrainMode::return_running});
  take<DropAttempts>();
  sent<Goodbye>();
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, TerminateThatFinishesIsADrain) {
  join(1);
  receive(assignment(1, {0, 1}));
  take<StartAttempts>();
  handle(TerminateRequested{DrainMode::finish});
  end_turn();
  const auto report = sent<Report>();
  EXPECT_TRUE(report.draining);
  EXPECT_EQ(report.outcomes.task, tasks({1}));
  receive(Ack{1, now});
  end_attempts({0});
  end_turn();
  sent<Report>();
  receive(Ack{2, now});
  sent<Goodbye>();
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, TerminateThatFinishesEndsAtOnceBeforeTheFirstWelcome) {
  begin();
  handle(TerminateRequested{DrainMode::finish});
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, TheInventoryOfTheNextConnectionReportsADrain) {
  join();
  run_all(1, {0});
  receive(Drain{});
  handle(Reconnected{});
  const auto hello = sent<Hello>();
  receive(welcome(hello.nonce));
  EXPECT_TRUE(sent<Inventory>().draining);
}

TEST_F(SessionTest, ADrainingSessionDoesNotStartOver) {
  join();
  run_all(1, {0});
  receive(Drain{});
  receive(Reject{RejectReason::session_lost, ""});
  take<DropAttempts>();
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

class IdleSessionTest : public SessionTest {
 protected:
  IdleSessionTest() { session = Session({"host", "name", 42, 0, 2, 9}, 60s, 5s); }
};

TEST_F(IdleSessionTest, LeavesAfterItsIdleTimeout) {
  join();
  const Instant joined = now;
  for (;;) {
    pass_to_deadline();
    sent<Heartbeat>();
    if (now >= joined + 5s) break;
    receive(Ack{0, now});
  }
  EXPECT_EQ(now, joined + 5s);
  sent<Goodbye>();
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(IdleSessionTest, StaysWhileItHoldsAttempts) {
  join();
  run_all(1, {0});
  const Instant begun = now;
  while (now < begun + 20s) {
    pass_to_deadline();
    sent<Heartbeat>();
    receive(Ack{0, now});
  }
  EXPECT_FALSE(session.over());
}

}  // namespace
}  // namespace rollcall::worker
