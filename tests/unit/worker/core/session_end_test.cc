// Attempts, sessions and workers that end early.
#include "tests/support/session_fixture.h"

namespace rollcall::worker {
namespace {

TEST_F(SessionTest, CancelEndsWaitingAndRunningAttempts) {
  join(1);
  receive(assignment(1, {0, 1}));
  take<StartAttempts>();
  receive(assignment(2, {2}));
  receive(Cancel{1});
  EXPECT_EQ(take<CancelAttempts>().assignments_through, 1U);
  end_attempts({0}, Outcome::cancelled);
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({2})) << "it came later";
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.outcomes.task, tasks({1, 0}));
  EXPECT_EQ(report.outcomes.outcome, std::vector(2, Outcome::cancelled));
  EXPECT_EQ(report.outcomes.started[0], now);
  EXPECT_EQ(report.outcomes.elapsed[0], Duration::zero());
  EXPECT_EQ(report.started_count, 3U);
}

TEST_F(SessionTest, CancelledAssignmentIsNotStartedWhenItArrives) {
  join();
  receive(Cancel{2});
  receive(assignment(1, {0}));
  receive(assignment(2, {1}));
  receive(assignment(3, {2}));
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({2}));
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.outcomes.task, tasks({0, 1}));
  EXPECT_EQ(report.outcomes.outcome, std::vector(2, Outcome::cancelled));
}

TEST_F(SessionTest, ARepeatedCancelChangesNothing) {
  join();
  run_all(1, {0});
  receive(Cancel{1});
  take<CancelAttempts>();
  receive(Cancel{1});
}

TEST_F(SessionTest, DrainFinishesRunningTasksAndReturnsTheRest) {
  join(1);
  receive(assignment(1, {0, 1}));
  take<StartAttempts>();
  receive(Drain{});
  end_turn();
  const auto unstarted_returns = sent<Report>();  // now, not when the running attempt ends
  EXPECT_TRUE(unstarted_returns.draining);
  EXPECT_EQ(unstarted_returns.outcomes.task, tasks({1}));
  EXPECT_EQ(unstarted_returns.outcomes.outcome, std::vector(1, Outcome::returned));
  end_attempts({0});  // and starts nothing
  end_turn();
  sent<Report>();
  receive(Ack{2, now});
  const auto goodbye = sent<Goodbye>();
  EXPECT_EQ(goodbye.reports_sent, 2U);
  EXPECT_EQ(goodbye.outcomes_sent, 2U);
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, DrainWithNothingToDoEndsAtOnce) {
  join();
  receive(Drain{});
  sent<Goodbye>();
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, TerminateReportsEndedTasksAndReturnsRunningOnes) {
  join(1);
  receive(assignment(1, {0, 1, 2}));
  take<StartAttempts>();
  end_attempts({0});
  take<StartAttempts>();
  handle(TerminateRequested{});
  take<DropAttempts>();
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({0}));
  const auto goodbye = sent<Goodbye>();
  EXPECT_EQ(goodbye.reports_sent, 1U);
  EXPECT_EQ(goodbye.outcomes_sent, 1U);
  end_turn();
  receive(assignment(2, {5}));  // too late
  receive(Ack{1, now});
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, TerminateRepeatsGoodbyeUntilItGivesUp) {
  join();
  run_all(1, {0, 1});
  end_attempts({0});
  handle(TerminateRequested{});
  take<DropAttempts>();
  sent<Report>();
  sent<Goodbye>();
  pass_to_deadline();
  EXPECT_EQ(sent<Goodbye>().outcomes_sent, 1U);
  pass_to_deadline();
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, ShutdownEndsATerminatingSession) {
  join();
  run_all(1, {0});
  end_attempts({0});
  handle(TerminateRequested{});
  sent<Report>();
  sent<Goodbye>();
  receive(Shutdown{});
  sent<Goodbye>();
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, TerminateWithNothingToConfirmEndsAtOnce) {
  join();
  handle(TerminateRequested{});
  sent<Goodbye>();
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, TerminateBeforeAnyWelcomeEndsAtOnce) {
  begin();
  handle(TerminateRequested{});
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, TerminateDuringAHandshakeStillDeliversTheLastReport) {
  join();
  run_all(1, {0});
  receive(Reject{RejectReason::say_hello, ""});
  const Hello hello = sent<Hello>();
  end_attempts({0});
  handle(TerminateRequested{});
  receive(welcome(hello.nonce));
  sent<Inventory>();
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({0}));
  EXPECT_EQ(sent<Goodbye>().outcomes_sent, 1U);
}

TEST_F(SessionTest, ShutdownSendsGoodbyeAndEnds) {
  join();
  run_all(1, {0});
  receive(Shutdown{});
  take<DropAttempts>();
  EXPECT_EQ(sent<Goodbye>().outcomes_sent, 0U);
  const auto exit = take<Exit>();
  EXPECT_EQ(exit.status, kExitDone);
  EXPECT_TRUE(session.over());
  EXPECT_FALSE(session.next_deadline().has_value());
  receive(assignment(2, {1}));  // is ignored after the end
}

TEST_F(SessionTest, SendsARequestedHelloWithAFreshNonceAndContinues) {
  const Hello first = begin();
  receive(welcome(first.nonce));
  sent<Inventory>();
  run_all(1, {0});
  receive(Reject{RejectReason::say_hello, ""});
  const Hello second = sent<Hello>();
  EXPECT_NE(second.nonce, first.nonce);
  EXPECT_EQ(second.secret, first.secret);
  EXPECT_EQ(session.running(), 1U);
  receive(Reject{RejectReason::say_hello, ""});  // the answer to an earlier message
  receive(welcome(first.nonce));                 // an old Welcome
  EXPECT_FALSE(session.welcomed());
  receive(welcome(second.nonce));
  EXPECT_EQ(sent<Inventory>().assignments_received, 1U);
}

TEST_F(SessionTest, ANewConnectionGetsAFreshNonce) {
  const Hello first = begin();
  receive(welcome(first.nonce));
  sent<Inventory>();
  handle(Reconnected{});
  const Hello second = sent<Hello>();
  EXPECT_NE(second.nonce, first.nonce);
  EXPECT_EQ(second.secret, first.secret);
}

TEST_F(SessionTest, ALostSessionDropsEverythingAndStartsOver) {
  join();
  run_all(1, {0, 1});
  end_attempts({0});
  end_turn();
  sent<Report>();
  const SessionId old = session.id();
  receive(Reject{RejectReason::session_lost, ""});
  take<DropAttempts>();
  take<StartOver>();
  EXPECT_FALSE(session.next_deadline().has_value());
  const Hello hello = begin(2);
  EXPECT_NE(session.id(), old);
  receive(welcome(hello.nonce));
  const auto inventory = sent<Inventory>();
  EXPECT_EQ(inventory.assignments_received, 0U);
  EXPECT_EQ(inventory.reports_sent, 0U);
  run_all(1, {0});
}

TEST_F(SessionTest, IgnoresTheLossOfAnotherSession) {
  join();
  run_all(1, {0});
  Header other = header();
  other.session.bytes[0] ^= 1U;
  receive_as(other, Reject{RejectReason::session_lost, ""});
  receive_as({kProtocolVersion, {}, 0, {}}, Reject{RejectReason::session_lost, ""});
  other = header();
  other.epoch -= 1;
  receive_as(other, Reject{RejectReason::session_lost, ""});
  EXPECT_EQ(session.running(), 1U);
  EXPECT_EQ(session.dropped().unassigned, 3U);
}

TEST_F(SessionTest, ASessionMayBeLostDuringItsHandshake) {
  begin();
  receive_as({kProtocolVersion, run_, kEpoch, session.id()},
             Reject{RejectReason::session_lost, ""});
  take<StartOver>();
  begin(2);
}

TEST_F(SessionTest, AnotherRunGetsNoReportsOfTheLastOne) {
  join();
  run_all(1, {0, 1});
  end_attempts({0});
  end_turn();
  sent<Report>();
  receive(Reject{RejectReason::wrong_epoch, ""});
  const Hello hello = sent<Hello>();
  run_.bytes[0] ^= 1U;
  receive(welcome(hello.nonce));
  take<DropAttempts>();
  const auto inventory = sent<Inventory>();
  EXPECT_EQ(inventory.assignments_received, 0U);
  EXPECT_EQ(inventory.reports_sent, 0U);
}

TEST_F(SessionTest, GivesUpOnAnotherProtocolVersion) {
  begin();
  receive_as({kProtocolVersion, {}, 0, {}}, Reject{RejectReason::protocol_version, "speak 9"});
  const auto exit = take<Exit>();
  EXPECT_EQ(exit.status, kExitNoCoordinator);
  EXPECT_NE(exit.reason.find("speak 9"), std::string::npos);
}

TEST_F(SessionTest, ARejectedMessageChangesNothing) {
  join();
  run_all(1, {0});
  receive(Reject{RejectReason::bad_message, "what?"});
  EXPECT_EQ(session.running(), 1U);
}

TEST_F(SessionTest, NeverConnectedEndsAfterTheTimeout) {
  begin();
  const Instant end = now + limits::connect_timeout;
  while (*session.next_deadline() < end) {
    pass_to_deadline();
    sent<Hello>();
  }
  pass_to_deadline();
  EXPECT_EQ(now, end);
  EXPECT_EQ(take<Exit>().status, kExitNoCoordinator);
}

TEST_F(SessionTest, OrphanedEndsAfterSilence) {
  join();
  pass_to_deadline();
  sent<Heartbeat>();
  receive(Ack{0, now});
  const Instant end = now + 10s;
  while (*session.next_deadline() < end) {
    pass_to_deadline();
    sent<Heartbeat>();
  }
  pass_to_deadline();
  EXPECT_EQ(now, end);
  EXPECT_EQ(take<Exit>().status, kExitNoCoordinator);
}

TEST_F(SessionTest, AfterSilenceItTriesToRejoinAsANewSession) {
  const Hello first = begin();
  Welcome terms = welcome(first.nonce);
  terms.rejoin_for = 60s;
  receive(terms);
  sent<Inventory>();
  const Instant heard = now;
  run_all(1, {0});
  while (*session.next_deadline() < heard + 10s) {
    pass_to_deadline();
    sent<Heartbeat>();
  }
  pass_to_deadline();
  EXPECT_EQ(now, heard + 10s);
  take<DropAttempts>();
  take<StartOver>();
  const Hello second = begin(2);
  while (*session.next_deadline() < heard + 30s) {
    pass_to_deadline();
    EXPECT_EQ(sent<Hello>().nonce, second.nonce);
  }
  terms.nonce = second.nonce;  // the network has healed
  receive(terms);
  EXPECT_EQ(sent<Inventory>().assignments_received, 0U);
  run_all(1, {0});
}

TEST_F(SessionTest, ARejoiningWorkerThatHearsNothingEnds) {
  const Hello first = begin();
  Welcome terms = welcome(first.nonce);
  terms.rejoin_for = 60s;
  receive(terms);
  sent<Inventory>();
  const Instant heard = now;
  now += 10s;
  handle(DeadlineReached{});
  sent<Heartbeat>();
  while (*session.next_deadline() < heard + 20s) {  // it was late itself, and listens again
    pass_to_deadline();
    sent<Heartbeat>();
  }
  pass_to_deadline();
  take<StartOver>();
  begin(2);
  while (*session.next_deadline() < heard + 60s) {
    pass_to_deadline();
    sent<Hello>();
  }
  pass_to_deadline();
  EXPECT_EQ(now, heard + 60s);
  EXPECT_EQ(take<Exit>().status, kExitNoCoordinator);
}

TEST_F(SessionTest, AFailedExecutorReportsWhatHasEndedAndStartsOver) {
  join();
  run_all(1, {0, 1});
  const SessionId old = session.id();
  end_attempts({0});
  handle(ExecutorFailed{"a guardian was killed"});
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({0}));
  take<DropAttempts>();
  take<StartOver>();
  const Hello hello = begin(2);
  EXPECT_NE(session.id(), old);
  receive(welcome(hello.nonce));
  EXPECT_EQ(sent<Inventory>().reports_sent, 0U);
  run_all(1, {2});
  EXPECT_EQ(prepared.size(), 2U);
}

TEST_F(SessionTest, ADrainingWorkerWhoseExecutorFailsReturnsItsAttempts) {
  join();
  run_all(1, {0});
  receive(Drain{});
  end_turn();
  EXPECT_TRUE(sent<Heartbeat>().draining);
  handle(ExecutorFailed{"a guardian was killed"});
  take<DropAttempts>();
  EXPECT_EQ(sent<Goodbye>().outcomes_sent, 0U);
  EXPECT_EQ(take<Exit>().status, kExitDone);
}

TEST_F(SessionTest, AnExecutorThatFailsTimeAndAgainEndsTheWorker) {
  join();
  for (std::uint8_t n = 2; n < limits::executor_failures + 1; ++n) {
    handle(ExecutorFailed{"a guardian was killed"});
    take<StartOver>();
    const Hello hello = begin(n);
    receive(welcome(hello.nonce));
    sent<Inventory>();
  }
  handle(ExecutorFailed{"a guardian was killed"});
  EXPECT_EQ(take<Exit>().status, kExitNoCoordinator);
}

TEST_F(SessionTest, OrphanForAppliesDuringANewHandshake) {
  const Hello hello = begin();
  Welcome terms = welcome(hello.nonce);
  terms.orphan_for = 60s;
  receive(terms);
  sent<Inventory>();
  handle(Reconnected{});
  sent<Hello>();
  const Instant end = now + 60s;
  while (*session.next_deadline() < end) {
    pass_to_deadline();
    sent<Hello>();
  }
  pass_to_deadline();
  EXPECT_EQ(take<Exit>().status, kExitNoCoordinator);
}

// The worker was stopped by SIGSTOP for longer than the liveness time.
TEST_F(SessionTest, AFrozenWorkerListensBeforeItIsOrphaned) {
  join();
  run_all(1, {0});
  now += 1h;
  handle(DeadlineReached{});
  sent<Heartbeat>();
  now += 1s;
  receive(Ack{0, now});
  EXPECT_FALSE(session.over());
  EXPECT_EQ(session.running(), 1U);
}

TEST_F(SessionTest, AFrozenWorkerThatHearsNothingMoreIsOrphaned) {
  join();
  now += 1h;
  handle(DeadlineReached{});
  sent<Heartbeat>();
  const Instant end = now + 10s;
  while (*session.next_deadline() < end) {
    pass_to_deadline();
    sent<Heartbeat>();
  }
  pass_to_deadline();
  EXPECT_EQ(take<Exit>().status, kExitNoCoordinator);
}

}  // namespace
}  // namespace rollcall::worker
