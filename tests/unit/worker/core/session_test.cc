// A session: handshake, assignments, reports, heartbeats.
#include <algorithm>

#include "tests/support/session_fixture.h"

namespace rollcall::worker {
namespace {

TEST_F(SessionTest, HelloCarriesItsIdentity) {
  const Hello hello = begin();
  EXPECT_EQ(hello.secret, secret(1));
  EXPECT_EQ(session.id(), session_of(secret(1)));
  EXPECT_EQ(hello.host, "host");
  EXPECT_EQ(hello.name, "name");
  EXPECT_EQ(hello.pid, 42U);
  EXPECT_EQ(hello.processors, 2U);
  EXPECT_EQ(hello.launch_id, 9U);
  EXPECT_EQ(hello.kinds, all_kinds());
}

TEST_F(SessionTest, RepeatsItsHelloLessAndLessOften) {
  const Hello first = begin();
  Duration last{};
  for (int i = 0; i < 9; ++i) {
    const Duration wait = *session.next_deadline() - now;
    EXPECT_GE(wait, std::min(limits::hello_retry_first * (1 << i), limits::hello_retry_longest));
    EXPECT_LE(wait, limits::hello_retry_longest * 3 / 2);
    EXPECT_GE(2 * wait, last);
    last = wait;
    pass_to_deadline();
    EXPECT_EQ(sent<Hello>().nonce, first.nonce) << "a fresh nonce would invalidate the responses";
  }
}

TEST_F(SessionTest, AnswersWelcomeWithItsInventory) {
  const Hello hello = begin();
  receive(welcome(hello.nonce));
  const auto inventory = sent<Inventory>();
  EXPECT_EQ(inventory.nonce, hello.nonce);
  EXPECT_EQ(inventory.assignments_received, 0U);
  EXPECT_EQ(inventory.reports_sent, 0U);
  EXPECT_EQ(inventory.echo.coordinator_sent, instant_from_ns(1'000));
  EXPECT_EQ(inventory.echo.worker_received, now);
}

TEST_F(SessionTest, PreparesBeforeItStartsAttemptsEachTimeThatItHasJoined) {
  join(3);
  EXPECT_TRUE(prepared.empty());
  job.kind = KindId::exec;
  run_all(1, {0});
  ASSERT_EQ(prepared.size(), 1U);
  EXPECT_EQ(prepared[0].kind, KindId::exec);
  EXPECT_EQ(prepared[0].slots, 3U);
  run_all(2, {1});
  EXPECT_EQ(prepared.size(), 1U);
  handle(Reconnected{});
  receive(welcome(sent<Hello>().nonce, 3));
  sent<Inventory>();
  run_all(3, {2});
  EXPECT_EQ(prepared.size(), 2U);
}

TEST_F(SessionTest, AnswersARepeatedWelcome) {
  const Hello hello = begin();
  receive(welcome(hello.nonce));
  sent<Inventory>();
  receive(welcome(hello.nonce));
  sent<Inventory>();
}

TEST_F(SessionTest, DropsWelcomeToAnotherHello) {
  const Hello hello = begin();
  receive(welcome(hello.nonce + 1));
  EXPECT_FALSE(session.welcomed());
  EXPECT_EQ(session.dropped().old_welcome, 1U);
}

// Messages of a dead coordinator may arrive before the Welcome of its successor.
TEST_F(SessionTest, ObeysNothingBetweenHelloAndWelcome) {
  join();
  run_all(1, {0});
  receive(Reject{RejectReason::say_hello, ""});
  const Hello hello = sent<Hello>();
  receive(assignment(2, {1}));
  receive(Cancel{1});
  receive(Drain{});
  receive(Shutdown{});
  receive(Ack{0, now});
  EXPECT_EQ(session.dropped().not_handshaking, 5U);
  receive(welcome(hello.nonce));
  EXPECT_EQ(sent<Inventory>().assignments_received, 1U);
}

TEST_F(SessionTest, ObeysNothingBeforeItsFirstWelcome) {
  begin();
  receive_as({kProtocolVersion, {}, 0, session.id()}, assignment(1, {1}));
  EXPECT_EQ(session.dropped().not_handshaking, 1U);
}

TEST_F(SessionTest, DropsMessagesToAnotherRunEpochOrSession) {
  join();
  Header other = header();
  other.run.bytes[5] ^= 1U;
  receive_as(other, assignment(1, {1}));
  other = header();
  other.epoch += 1;
  receive_as(other, assignment(1, {1}));
  other = header();
  other.session.bytes[5] ^= 1U;
  receive_as(other, assignment(1, {1}));
  EXPECT_EQ(session.dropped().unassigned, 3U);
  EXPECT_EQ(session.running(), 0U);
}

TEST_F(SessionTest, StartsEverythingOnArrivalWithoutSlots) {
  join();
  receive(assignment(1, {3, 1, 2}));
  const auto started = take<StartAttempts>();
  EXPECT_EQ(started.assignment, 1U);
  EXPECT_EQ(started.attempts.task, tasks({3, 1, 2}));
  EXPECT_EQ(started.attempts.pause[0], Duration(1'003));
  end_turn();
  const auto beat = sent<Heartbeat>();
  EXPECT_EQ(beat.assignments_received, 1U);
  EXPECT_EQ(beat.started_count, 3U);
  end_turn();  // and only once
}

TEST_F(SessionTest, TakesEachAssignmentOnceAndInOrder) {
  join();
  run_all(1, {0});
  receive(assignment(1, {0}));  // again
  end_turn();
  EXPECT_EQ(sent<Heartbeat>().assignments_received, 1U) << "else it would be resent for ever";
  receive(assignment(3, {5}));  // the second was lost
  end_turn();
  EXPECT_EQ(sent<Heartbeat>().assignments_received, 1U);
  run_all(2, {4});
  EXPECT_EQ(session.dropped().out_of_order, 2U);
}

TEST_F(SessionTest, NeverRunsMoreThanItsSlotsAndRefillsAtOnce) {
  join(2);
  receive(assignment(1, {0, 1, 2}));
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({0, 1}));
  receive(assignment(2, {3, 4}));
  EXPECT_EQ(session.waiting(), 3U);
  end_attempts({1, 0});
  const auto rest = take<StartAttempts>();
  EXPECT_EQ(rest.assignment, 1U);
  EXPECT_EQ(rest.attempts.task, tasks({2}));
  const auto next = take<StartAttempts>();
  EXPECT_EQ(next.assignment, 2U);
  EXPECT_EQ(next.attempts.task, tasks({3}));
  EXPECT_EQ(session.running(), 2U);
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.started_count, 4U);
  EXPECT_EQ(report.assignments_received, 2U);
}

TEST_F(SessionTest, ReportsTheOutcomesOfATurnTogether) {
  join();
  run_all(1, {0, 1, 2});
  end_attempts({0});
  end_attempts({2, 1});
  end_turn();
  const auto report = sent<Report>();
  EXPECT_EQ(report.number, 1U);
  EXPECT_EQ(report.outcomes.task, tasks({0, 2, 1}));
  EXPECT_EQ(report.outcomes.result[1], Duration(1'002));
}

TEST_F(SessionTest, SplitsOutcomesThatExceedAReport) {
  join();
  Assignment many{1, {}, {job}};
  OutcomeColumns ended;
  const std::size_t count = limits::report_outcomes + 5;
  for (std::size_t i = 0; i < count; ++i) {
    many.attempts.task.push_back(task_at(i));
    many.attempts.attempt.push_back(1);
    many.attempts.pause.push_back(1s);
    ended.push_back(task_at(i), 1, Outcome::succeeded, now, 1s, 1s);
  }
  receive(many);
  EXPECT_EQ(take<StartAttempts>().attempts.size(), count);
  handle(AttemptsEnded{ended});
  const auto full = sent<Report>();
  end_turn();
  const auto rest = sent<Report>();
  EXPECT_EQ(full.outcomes.size(), limits::report_outcomes);
  EXPECT_EQ(rest.number, 2U);
  EXPECT_EQ(rest.outcomes.task.front(), task_at(limits::report_outcomes));
  EXPECT_EQ(rest.outcomes.size(), 5U);
}

TEST_F(SessionTest, ResendsReportsInOrderUntilAcknowledged) {
  join();
  run_all(1, {0, 1, 2});
  for (const std::uint32_t task : {0U, 1U, 2U}) {
    end_attempts({task});
    end_turn();
    EXPECT_EQ(sent<Report>().number, task + 1);
  }
  receive(Ack{1, now});
  now += limits::resend_intervals * 1s;
  handle(DeadlineReached{});
  sent<Heartbeat>();
  EXPECT_EQ(sent<Report>().number, 2U);
  const auto last = sent<Report>();
  EXPECT_EQ(last.number, 3U);
  EXPECT_EQ(last.outcomes.task, tasks({2}));
  receive(Ack{3, now});
  for (int i = 0; i < 3; ++i) {
    pass_to_deadline();
    sent<Heartbeat>();
    receive(Ack{3, now});
  }
}

TEST_F(SessionTest, ProgressPostponesResending) {
  join();
  run_all(1, {0, 1});
  for (const std::uint32_t task : {0U, 1U}) {
    end_attempts({task});
    end_turn();
    sent<Report>();
  }
  pass_to_deadline();
  sent<Heartbeat>();
  receive(Ack{1, now});
  pass_to_deadline();
  sent<Heartbeat>();
  pass_to_deadline();
  sent<Heartbeat>();
  EXPECT_EQ(sent<Report>().number, 2U);
}

TEST_F(SessionTest, SendsUnacknowledgedReportsAfterItsInventory) {
  join();
  run_all(1, {0, 1});
  end_attempts({0});
  end_turn();
  sent<Report>();
  receive(Reject{RejectReason::wrong_epoch, ""});
  const Hello hello = sent<Hello>();
  end_attempts({1});
  end_turn();  // sends nothing before the Welcome
  Header next = header();
  next.epoch += 1;
  receive_as(next, welcome(hello.nonce));
  const auto inventory = take<Send>();
  EXPECT_EQ(inventory.message->header, next);
  EXPECT_EQ(std::get<Inventory>(inventory.message->body).reports_sent, 1U);
  const auto again = take<Send>();
  ASSERT_NE(again.message, nullptr);
  EXPECT_EQ(again.message->header, next) << "else it would be rejected for ever";
  EXPECT_EQ(std::get<Report>(again.message->body).outcomes.task, tasks({0}));
  end_turn();
  EXPECT_EQ(std::get<Report>(take<Send>().message->body).outcomes.task, tasks({1}));
}

TEST_F(SessionTest, DropsAckOfAReportThatWasNeverSent) {
  join();
  receive(Ack{1, now});
  EXPECT_EQ(session.dropped().unknown_report, 1U);
}

TEST_F(SessionTest, HoldsOutcomesBackWhenTooManyReportsAreUnacknowledged) {
  join();
  receive(assignment(1, {}));
  std::uint64_t number = 1;
  for (std::size_t i = 0; i < limits::reports_in_flight; ++i) {
    receive(assignment(++number, {7}));
    take<StartAttempts>();
    end_attempts({7});
    end_turn();
    sent<Report>();
  }
  receive(assignment(++number, {8}));
  take<StartAttempts>();
  end_attempts({8});
  end_turn();
  sent<Heartbeat>();  // no Report
  receive(Ack{1, now});
  end_turn();
  EXPECT_EQ(sent<Report>().outcomes.task, tasks({8}));
}

TEST_F(SessionTest, StartsNothingWhileAFullReportWaits) {
  join();
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < limits::reports_in_flight; ++i) {
    receive(assignment(++number, {7}));
    take<StartAttempts>();
    end_attempts({7});
    end_turn();
    sent<Report>();
  }
  Assignment many{++number, {}, {job}};
  OutcomeColumns ended;
  for (std::size_t i = 0; i < limits::report_outcomes; ++i) {
    many.attempts.task.push_back(task_at(i));
    many.attempts.attempt.push_back(1);
    many.attempts.pause.push_back(1s);
    ended.push_back(task_at(i), 1, Outcome::succeeded, now, 1s, 1s);
  }
  receive(many);
  take<StartAttempts>();
  handle(AttemptsEnded{ended});
  receive(assignment(++number, {9}));
  EXPECT_EQ(session.running(), 0U);
  EXPECT_EQ(session.waiting(), 1U);
  end_turn();
  sent<Heartbeat>();
  receive(Ack{1, now});
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({9}));
  end_turn();
  EXPECT_EQ(sent<Report>().outcomes.size(), limits::report_outcomes);
}

TEST_F(SessionTest, SendsHeartbeatsThatEchoTheLastAck) {
  join();
  for (int i = 1; i <= 3; ++i) {
    const Instant before = now;
    pass_to_deadline();
    EXPECT_EQ(now - before, 1s - (i > 1 ? 5ms : 0ms));
    const auto beat = sent<Heartbeat>();
    EXPECT_EQ(beat.echo.worker_sent, now);
    EXPECT_EQ(beat.echo.coordinator_sent, instant_from_ns(i == 1 ? 1'000 : i - 1));
    now += 5ms;
    receive(Ack{0, instant_from_ns(i)});
  }
}

}  // namespace
}  // namespace rollcall::worker
