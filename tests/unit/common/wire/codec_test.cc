#include "common/wire/codec.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/rng.h"
#include "common/limits.h"
#include "tests/fuzz/wire_samples.h"
#include "tests/support/bytes.h"

namespace rollcall {
namespace {

using namespace std::chrono_literals;

template <class Body>
Body coordinator_round_trip(const Body& body) {
  WireCodec codec;
  std::string bytes;
  codec.encode(CoordinatorMessage{{}, body}, bytes);
  CoordinatorMessage message;
  EXPECT_TRUE(codec.decode(span_of(bytes), message));
  return std::get<Body>(message.body);
}

template <class Body>
Body worker_round_trip(const Body& body) {
  WireCodec codec;
  std::string bytes;
  codec.encode(WorkerMessage{{}, body}, bytes);
  WorkerMessage message;
  EXPECT_TRUE(codec.decode(span_of(bytes), message));
  return std::get<Body>(message.body);
}

void expect_same(const AttemptColumns& a, const AttemptColumns& b) {
  EXPECT_EQ(a.task, b.task);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.pause, b.pause);
  EXPECT_EQ(a.command, b.command);
  EXPECT_EQ(a.job, b.job);
}

void expect_same(const OutcomeColumns& a, const OutcomeColumns& b) {
  EXPECT_EQ(a.task, b.task);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.started, b.started);
  EXPECT_EQ(a.elapsed, b.elapsed);
  EXPECT_EQ(a.result, b.result);
  EXPECT_EQ(a.command, b.command);
}

void expect_same(const TimeEcho& a, const TimeEcho& b) {
  EXPECT_EQ(a.coordinator_sent, b.coordinator_sent);
  EXPECT_EQ(a.worker_received, b.worker_received);
  EXPECT_EQ(a.worker_sent, b.worker_sent);
}

// Every message comes back as it was.

TEST(WireRoundTrip, Header) {
  Header header;
  header.run.bytes.fill(0xab);
  header.session.bytes.fill(0xcd);
  header.epoch = std::numeric_limits<Epoch>::max();
  WireCodec codec;
  std::string bytes;
  for (const Header& each : {header, Header{}}) {
    codec.encode(CoordinatorMessage{each, Drain{}}, bytes);
    CoordinatorMessage message;
    message.header = header;
    ASSERT_TRUE(codec.decode(span_of(bytes), message));
    EXPECT_EQ(message.header, each);
    EXPECT_TRUE(std::holds_alternative<Drain>(message.body));
  }
}

TEST(WireRoundTrip, Hello) {
  SessionSecret secret;
  secret.bytes.fill(7);
  const Hello sent{secret, ~0ULL, "höst", "name", 1, 2, 3, 4, 5, all_kinds(), FeatureSet(6)};
  const Hello got = worker_round_trip(sent);
  EXPECT_EQ(got.secret, sent.secret);
  EXPECT_EQ(got.nonce, sent.nonce);
  EXPECT_EQ(got.host, sent.host);
  EXPECT_EQ(got.name, sent.name);
  EXPECT_EQ(got.pid, sent.pid);
  EXPECT_EQ(got.slots, sent.slots);
  EXPECT_EQ(got.processors, sent.processors);
  EXPECT_EQ(got.launch_id, sent.launch_id);
  EXPECT_EQ(got.command_slots, sent.command_slots);
  EXPECT_EQ(got.kinds, sent.kinds);
  EXPECT_EQ(got.features, sent.features);
}

TEST(WireRoundTrip, InventoryHeartbeatGoodbye) {
  const TimeEcho echo{instant_from_ns(kTimeBound - 1), instant_from_ns(1 - kTimeBound),
                      instant_from_ns(-5)};
  const auto inventory = worker_round_trip(Inventory{echo, 1, 2, 3});
  expect_same(inventory.echo, echo);
  EXPECT_EQ(inventory.nonce, 1U);
  EXPECT_EQ(inventory.assignments_received, 2U);
  EXPECT_EQ(inventory.reports_sent, 3U);
  EXPECT_EQ(inventory.held.size(), 0U);
  Inventory list{echo, 1, 2, 3};
  list.started_count = 9;
  list.begun = 1;
  list.list = 4;
  list.part = 5;
  list.is_last_part = true;
  list.held = {{TaskId{7}, TaskId{0}, TaskId{4'294'967'294U}}, {1, 65'535, 2}};
  const auto listed = worker_round_trip(list);
  EXPECT_EQ(listed.started_count, 9U);
  EXPECT_EQ(listed.begun, 1U);
  EXPECT_EQ(listed.list, 4U);
  EXPECT_EQ(listed.part, 5U);
  EXPECT_TRUE(listed.is_last_part);
  EXPECT_EQ(listed.held.task, list.held.task);
  EXPECT_EQ(listed.held.attempt, list.held.attempt);
  const auto heartbeat = worker_round_trip(Heartbeat{echo, 4, 5});
  expect_same(heartbeat.echo, echo);
  EXPECT_EQ(heartbeat.assignments_received, 4U);
  EXPECT_EQ(heartbeat.started_count, 5U);
  const auto goodbye = worker_round_trip(Goodbye{6, 7, 8.25, 9});
  EXPECT_EQ(goodbye.reports_sent, 6U);
  EXPECT_EQ(goodbye.outcomes_sent, 7U);
  EXPECT_EQ(goodbye.cpu_seconds, 8.25);
  EXPECT_EQ(goodbye.peak_rss_bytes, 9U);
}

TEST(WireRoundTrip, WelcomeAckCancelRejectShutdown) {
  Welcome terms{1, instant_from_ns(2), 3, 4ns, 5ns, limits::longest_duration};
  terms.rejoin_for = 6ns;
  terms.features.set(63);
  terms.run_name = "nightly";
  const auto welcome = coordinator_round_trip(terms);
  EXPECT_EQ(welcome.nonce, 1U);
  EXPECT_EQ(welcome.sent, instant_from_ns(2));
  EXPECT_EQ(welcome.slots, 3U);
  EXPECT_EQ(welcome.heartbeat_interval, 4ns);
  EXPECT_EQ(welcome.liveness, 5ns);
  EXPECT_EQ(welcome.orphan_for, limits::longest_duration);
  EXPECT_EQ(welcome.rejoin_for, 6ns);
  EXPECT_EQ(welcome.features, terms.features);
  EXPECT_EQ(welcome.run_name, "nightly");
  const auto ack = coordinator_round_trip(Ack{6, instant_from_ns(7)});
  EXPECT_EQ(ack.reports_committed, 6U);
  EXPECT_EQ(ack.sent, instant_from_ns(7));
  const HeldColumns rows{{TaskId{9}, TaskId{0}, TaskId{0xfffffffe}}, {1, 65'535, 2}};
  const auto cancel = coordinator_round_trip(Cancel{8, rows});
  EXPECT_EQ(cancel.assignments_through, 8U);
  EXPECT_EQ(cancel.attempts.task, rows.task);
  EXPECT_EQ(cancel.attempts.attempt, rows.attempt);
  const auto reject = coordinator_round_trip(Reject{RejectReason::session_lost, "gone"});
  EXPECT_EQ(reject.reason, RejectReason::session_lost);
  EXPECT_EQ(reject.text, "gone");
  coordinator_round_trip(Shutdown{});
}

TEST(WireRoundTrip, EveryFormOfColumn) {
  WireCodec codec;  // one for all, so that what it keeps from one message could show in the next
  std::string bytes;
  for (int turn = 0; turn < 2; ++turn) {
    for (const WorkerMessage& sent : test::worker_samples()) {
      codec.encode(sent, bytes);
      WorkerMessage got;
      ASSERT_TRUE(codec.decode(span_of(bytes), got));
      ASSERT_EQ(got.body.index(), sent.body.index());
      if (const auto* report = std::get_if<Report>(&sent.body))
        expect_same(std::get<Report>(got.body).outcomes, report->outcomes);
    }
    for (const CoordinatorMessage& sent : test::coordinator_samples()) {
      codec.encode(sent, bytes);
      CoordinatorMessage got;
      ASSERT_TRUE(codec.decode(span_of(bytes), got));
      ASSERT_EQ(got.body.index(), sent.body.index());
      if (const auto* assignment = std::get_if<Assignment>(&sent.body)) {
        expect_same(std::get<Assignment>(got.body).attempts, assignment->attempts);
        EXPECT_EQ(std::get<Assignment>(got.body).jobs, assignment->jobs);
      }
    }
  }
}

TEST(WireRoundTrip, ExtremesOfColumns) {
  Assignment assignment{1, {}};
  Report report{1, 2, 3, {}};
  const Instant late = instant_from_ns(kTimeBound - 1);
  const Instant early = instant_from_ns(1 - kTimeBound);
  for (const std::size_t id : {0xfffffffeUL, 0UL, 0xfffffffdUL, 0xfffffffeUL, 7UL, 7UL}) {
    assignment.attempts.task.push_back(task_at(id));
    assignment.attempts.attempt.push_back(id == 7 ? 1 : 65535);
    assignment.attempts.pause.push_back(id == 7 ? 0ns : Duration(limits::longest_duration));
    report.outcomes.push_back(task_at(id), 65535, id == 7 ? Outcome::not_started : Outcome::failed,
                              id == 0 ? late : early, Duration(kTimeBound - 1),
                              id == 7 ? 0ns : Duration(kTimeBound - 1));
  }
  expect_same(coordinator_round_trip(assignment).attempts, assignment.attempts);
  expect_same(worker_round_trip(report).outcomes, report.outcomes);
}

// Small.

TEST(WireSize, ContiguousAssignmentIsUnder100Bytes) {
  Assignment assignment{1, {}};
  for (std::size_t i = 0; i < limits::assignment_attempts; ++i) {
    assignment.attempts.task.push_back(task_at(1'000'000 + i));
    assignment.attempts.attempt.push_back(1);
    assignment.attempts.pause.push_back(5s);
  }
  CoordinatorMessage message{{}, assignment};
  message.header.run.bytes.fill(1);
  message.header.session.bytes.fill(1);
  std::string bytes;
  WireCodec().encode(message, bytes);
  EXPECT_LT(bytes.size(), 100U);
}

/// The first job is the default, in the message and in memory.
TEST(WireSize, AttemptsOfTheFirstJobNeedNoColumn) {
  CoordinatorMessage message{{}, Assignment{1, {}}};
  AttemptColumns& attempts = std::get<Assignment>(message.body).attempts;
  attempts.task = {TaskId{1}, TaskId{2}};
  attempts.attempt = {1, 1};
  attempts.pause = {0s, 0s};
  std::string without;
  WireCodec codec;
  codec.encode(message, without);
  attempts.job = {kFirstJob, kFirstJob};
  std::string with;
  codec.encode(message, with);
  EXPECT_EQ(with, without);
  CoordinatorMessage got;
  ASSERT_TRUE(codec.decode(span_of(with), got));
  EXPECT_TRUE(std::get<Assignment>(got.body).attempts.job.empty());
}

TEST(WireSize, RandomReportIsAtMost16BytesATask) {
  Report report{1, 1, 1, {}};
  Rng rng(1);
  std::int64_t start = 1'000'000'000'000;
  for (std::size_t i = 0; i < limits::report_outcomes; ++i) {
    start += static_cast<std::int64_t>(rng.below(200'000)) - 100'000;
    const Duration pause = 1s + Duration(rng.below(9'000'000'000));
    report.outcomes.push_back(task_at(rng.below(1'000'000)), 1, Outcome::succeeded,
                              instant_from_ns(start), pause + Duration(rng.below(500'000)), pause);
  }
  std::string bytes;
  WireCodec().encode(WorkerMessage{{}, report}, bytes);
  EXPECT_LE(bytes.size(), 16 * limits::report_outcomes);
}

// Whatever comes, nothing breaks and nothing malformed gets through.

TEST(WireDamage, TruncatedMessages) {
  WireCodec codec;
  for (const std::string& bytes : test::sample_bytes()) {
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      test::decode_both_ways(codec, span_of(bytes).first(n));
    }
    EXPECT_EQ(test::decode_both_ways(codec, span_of(bytes)), 1);
  }
}

TEST(WireDamage, RandomBytesAndRandomDamage) {
  WireCodec codec;
  Rng rng(20240601);
  const auto samples = test::sample_bytes();
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = samples[rng.below(samples.size())];
    test::damage(bytes, samples, rng);
    taken += test::decode_both_ways(codec, span_of(bytes));
    for (char& byte : bytes) byte = static_cast<char>(rng.next());
    test::decode_both_ways(codec, span_of(bytes));
  }
  EXPECT_GT(taken, 1'000);  // else the damage is too great to test anything
}

}  // namespace
}  // namespace rollcall
