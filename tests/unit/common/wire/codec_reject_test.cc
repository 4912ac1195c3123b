// What WireCodec refuses, in bytes that it would never write itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string_view>

#include "common/limits.h"
#include "common/model/kind_id.h"
#include "common/wire/codec.h"
#include "common/wire/envelope.h"
#include "tests/fuzz/wire_samples.h"
#include "tests/support/bytes.h"
#include "tests/support/wire_writer.h"

namespace rollcall {
namespace {

using namespace test;
using testing::HasSubstr;

// Refused messages. Each test first accepts a good body, so that one difference is the reason.

TEST(WireReject, Envelope) {
  EXPECT_EQ(from_coordinator(kAck, number(1, 5)), "");
  EXPECT_THAT(complaint<CoordinatorMessage>(""), HasSubstr("magic number"));
  std::string bytes = envelope(kAck, number(1, 5));
  bytes[2] = 'X';
  EXPECT_THAT(complaint<CoordinatorMessage>(bytes), HasSubstr("magic number"));
  EXPECT_THAT(complaint<CoordinatorMessage>(envelope(kAck, "").substr(0, 45)),
              HasSubstr("unknown message type"));
  EXPECT_THAT(complaint<CoordinatorMessage>(envelope(50, "new")),
              HasSubstr("unknown message type"));
  EXPECT_THAT(complaint<CoordinatorMessage>(envelope(kHello, "")),
              HasSubstr("unknown message type"));
  EXPECT_THAT(complaint<WorkerMessage>(envelope(kAck, number(1, 5))),
              HasSubstr("unknown message type"));
  EXPECT_THAT(complaint<CoordinatorMessage>("\x0dROLL" + number(2, 2) + text(3, "short")),
              HasSubstr("16 bytes"));
  EXPECT_THAT(complaint<CoordinatorMessage>(std::string(limits::message_bytes + 1, '\0')),
              HasSubstr("too long"));
  EXPECT_THAT(complaint<WorkerMessage>(std::string(limits::message_bytes + 1, '\0')),
              HasSubstr("too long"));
  for (const char end : {'\0', '\x0c'}) {  // no tag; the end of a group that never began
    EXPECT_THAT(complaint<CoordinatorMessage>(envelope(kAck, "") + end + "more"),
                HasSubstr("malformed"));
  }
}

TEST(WireReject, MoreThanOneBody) {
  EXPECT_THAT(complaint<CoordinatorMessage>(envelope(kAck, "") + text(kAck, "")),
              HasSubstr("more than one body"));
}

/// The error of the checks that come before a message is parsed; empty if it passes.
std::string raw_complaint(const std::string& bytes) {
  Envelope raw;
  Result<void> checked = read_envelope(span_of(bytes), Direction::from_worker, raw);
  if (checked) checked = check_sizes(raw);
  return checked ? "" : checked.error().message;
}

/// `count` elements, each of these bytes.
std::string repeated(std::size_t count, const std::string& element) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += element;
  return bytes;
}

TEST(WireReject, TooManyRowsBeforeTheyAreParsed) {
  const std::string empty_result = text(11, "");
  const auto report = [](const std::string& columns) {
    return raw_complaint(envelope(kReport, number(1, 1) + columns));
  };
  EXPECT_EQ(report(repeated(limits::report_outcomes, empty_result)), "");
  EXPECT_THAT(report(repeated(limits::report_outcomes + 1, empty_result)), HasSubstr("many rows"));
  EXPECT_THAT(report(repeated(7'500'000, empty_result)), HasSubstr("many rows"));
  for (const unsigned field : {4U, 5U, 6U, 7U, 8U, 9U}) {
    const std::string longest(10 * limits::report_outcomes, '\1');
    EXPECT_EQ(report(text(field, longest)), "");
    EXPECT_THAT(report(text(field, longest + "\1")), HasSubstr("many rows"));
    EXPECT_THAT(report(text(field, longest) + text(field, "\1")), HasSubstr("many rows"));
    EXPECT_THAT(report(repeated(limits::report_outcomes + 1, number(field, 1))),
                HasSubstr("many rows"));
  }
  const std::string held(10 * limits::inventory_attempts, '\1');
  EXPECT_EQ(raw_complaint(envelope(kInventory, text(11, held))), "");
  EXPECT_THAT(raw_complaint(envelope(kInventory, text(11, held + "\1"))), HasSubstr("many rows"));
}

TEST(WireReject, ShortMessagesThatAreLong) {
  const std::string most(limits::short_message_bytes - 100, 'x');
  EXPECT_EQ(from_worker(kHello, text(1, kId) + text(3, most)), "");
  EXPECT_THAT(from_worker(kHello, text(1, kId) + text(3, most + std::string(100, 'x'))),
              HasSubstr("too long for its type"));
  EXPECT_THAT(from_coordinator(kAck, text(77, std::string(limits::short_message_bytes, 'x'))),
              HasSubstr("too long for its type"));
}

TEST(WireReject, ReusedBuffersAreCleared) {
  WireCodec codec;
  WorkerMessage message;
  const std::string report = envelope(kReport, number(1, 5) + number(99, 1)) + number(98, 1);
  ASSERT_TRUE(codec.decode(span_of(report), message));
  EXPECT_FALSE(codec.decode(span_of(envelope(kReport, "")), message));
  std::string bytes;
  codec.encode(WorkerMessage{{}, Report{5, 0, 0, {}}}, bytes);
  EXPECT_EQ(bytes, "\x0dROLL" + number(2, 2) + text(kReport, number(1, 5)));
}

TEST(WireReject, UnsupportedVersionWithTheHeaderSet) {
  const std::string bytes = "\x0dROLL" + number(2, 9) + text(3, kId) + number(4, 3) + text(5, kId) +
                            text(77, "a message of the future");
  WorkerMessage message;
  WireCodec codec;
  const Result<void> result = codec.decode(span_of(bytes), message);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("version 9"));
  EXPECT_THAT(result.error().message, HasSubstr("this program 2"));
  EXPECT_EQ(message.header.protocol, 9U);
  EXPECT_EQ(message.header.epoch, 3U);
  EXPECT_EQ(message.header.session.bytes[0], 'i');
  EXPECT_THAT(complaint<WorkerMessage>("\x0dROLL" + text(kReport, number(1, 5))),
              HasSubstr("version 0"));
}

TEST(WireReject, GarbageHasTheOwnVersion) {
  WireCodec codec;
  for (const std::string& bytes : {std::string("garbage"), "\x0dXOLL" + number(2, 9)}) {
    WorkerMessage message;
    message.header.protocol = 7;
    EXPECT_FALSE(codec.decode(span_of(bytes), message));
    EXPECT_EQ(message.header, Header{});
  }
}

TEST(WireReject, UnknownFieldsAreAccepted) {
  EXPECT_EQ(from_coordinator(kAck, number(1, 5) + text(77, "new") + number(78, 3)), "");
  EXPECT_EQ(complaint<CoordinatorMessage>(text(9, "new") + envelope(kAck, "") + number(90, 1)), "");
}

TEST(WireReject, Hello) {
  EXPECT_EQ(from_worker(kHello, text(1, kId)), "");
  EXPECT_THAT(from_worker(kHello, ""), HasSubstr("secret"));
  EXPECT_THAT(from_worker(kHello, text(1, std::string(16, '\0'))), HasSubstr("secret"));
  EXPECT_THAT(from_worker(kHello, text(1, "short")), HasSubstr("secret"));
}

TEST(WireReject, NamesAreMadePrintable) {
  const std::string evil = "a\nb\x1b[31m\x7f\xff\xc2\x85\xe2\x82\xac";
  const std::string bytes =
      envelope(kHello, text(1, kId) + text(3, evil) + text(4, std::string(254, 'x') + "€€"));
  WorkerMessage message;
  ASSERT_TRUE(WireCodec().decode(span_of(bytes), message));
  EXPECT_EQ(std::get<Hello>(message.body).host, "a?b?[31m???€");
  EXPECT_EQ(std::get<Hello>(message.body).name, std::string(254, 'x'));
}

TEST(WireReject, NamesShowInvisibleCharacters) {
  WorkerMessage message;
  const std::string bytes = envelope(kHello, text(1, kId) + text(4, "node\u202e1\u200b"));
  ASSERT_TRUE(WireCodec().decode(span_of(bytes), message));
  EXPECT_EQ(std::get<Hello>(message.body).name, "node\\u202e1\\u200b");
}

TEST(WireReject, Instants) {
  const auto ack = [](std::int64_t ns) { return from_coordinator(kAck, number(2, zigzag(ns))); };
  EXPECT_EQ(ack(kTimeBound - 1), "");
  EXPECT_EQ(ack(1 - kTimeBound), "");
  EXPECT_THAT(ack(kTimeBound), HasSubstr("instant"));
  EXPECT_THAT(ack(-kTimeBound), HasSubstr("instant"));
  EXPECT_THAT(ack(std::numeric_limits<std::int64_t>::min()), HasSubstr("instant"));
  for (const unsigned field : {1U, 2U, 3U}) {
    const std::string echo = text(1, number(field, zigzag(kTimeBound)));
    EXPECT_THAT(from_worker(kHeartbeat, echo), HasSubstr("instant"));
    EXPECT_THAT(from_worker(kInventory, echo), HasSubstr("instant"));
  }
}

TEST(WireReject, Goodbye) {
  EXPECT_EQ(from_worker(kGoodbye, real(3, 0.5)), "");
  for (const double seconds : {-1.0, std::nan(""), HUGE_VAL, 1e12}) {
    EXPECT_THAT(from_worker(kGoodbye, real(3, seconds)), HasSubstr("CPU time"));
  }
}

TEST(WireReject, WelcomeAndReject) {
  const auto longest = static_cast<std::uint64_t>(limits::longest_duration.count());
  const auto welcome = [](std::uint64_t heartbeat, std::uint64_t liveness,
                          std::uint64_t orphan_for) {
    return from_coordinator(kWelcome,
                            number(5, heartbeat) + number(6, liveness) + number(7, orphan_for));
  };
  EXPECT_EQ(welcome(longest, longest, longest), "");
  EXPECT_THAT(welcome(0, 1, 0), HasSubstr("interval"));
  EXPECT_THAT(welcome(1, 0, 0), HasSubstr("interval"));
  EXPECT_THAT(welcome(longest + 1, 1, 0), HasSubstr("interval"));
  EXPECT_THAT(welcome(1, ~0ULL, 0), HasSubstr("interval"));
  EXPECT_THAT(welcome(1, 1, longest + 1), HasSubstr("interval"));
  EXPECT_EQ(from_coordinator(kReject, number(1, 6)), "");
  EXPECT_THAT(from_coordinator(kReject, ""), HasSubstr("reason"));
  EXPECT_THAT(from_coordinator(kReject, number(1, 7)), HasSubstr("reason"));
}

TEST(WireReject, UnknownKindsAndFeaturesOfAWorkerAreIgnored) {
  const std::string bytes = envelope(
      kHello, text(1, kId) + column(10, {0, 2, 99, 2, 1}) + column(11, {0, 1, 63, 64, 0xffffffff}));
  WorkerMessage message;
  ASSERT_TRUE(WireCodec().decode(span_of(bytes), message));
  const auto& hello = std::get<Hello>(message.body);
  EXPECT_EQ(hello.kinds, set_of(KindId::sleep) | set_of(KindId::exec));
  EXPECT_EQ(hello.features, FeatureSet((1ULL << 63U) | 2U));
}

TEST(WireReject, TheNameInAHelloOfAnotherVersion) {
  const auto peer = [](const std::string& bytes) {
    Envelope envelope;
    EXPECT_FALSE(read_envelope(span_of(bytes), Direction::from_worker, envelope));
    return peer_in(envelope);
  };
  const auto version_1 = [](unsigned body_field, const std::string& body) {
    return "\x0dROLL" + number(2, 1) + text(5, kId) + text(body_field, body);
  };
  const std::string names = text(3, "ho\nst") + text(4, "w1");
  EXPECT_EQ(peer(version_1(kHello, text(1, kId) + names + number(6, 2))), "w1 on ho?st");
  EXPECT_EQ(peer(version_1(kHello, text(1, kId))), "");
  EXPECT_EQ(peer(version_1(kHello, names.substr(0, 9))), "") << "it ends too early";
  EXPECT_EQ(peer(version_1(kHeartbeat, names)), "");
  EXPECT_EQ(peer("noise"), "");
}

TEST(WireReject, Cancel) {
  const auto cancel = [](const std::string& columns) { return from_coordinator(kCancel, columns); };
  EXPECT_EQ(cancel(number(1, 5)), "");
  EXPECT_EQ(cancel(column(2, {zigzag(7), zigzag(-7)}) + column(3, {65'535})), "");
  EXPECT_THAT(cancel(column(2, {zigzag(-1)})), HasSubstr("task id"));
  EXPECT_THAT(cancel(column(2, {zigzag(0xffffffff)})), HasSubstr("task id"));
  EXPECT_THAT(cancel(column(2, {2, 2}) + column(3, {1, 0})), HasSubstr("attempt numbers"));
  EXPECT_THAT(cancel(column(2, {2, 2}) + column(3, {65'536})), HasSubstr("attempt numbers"));
  EXPECT_THAT(cancel(column(2, {2, 2}) + column(3, {1, 1, 1})), HasSubstr("attempt numbers"));
  EXPECT_THAT(cancel(column(3, {1})), HasSubstr("attempt numbers"));
  const std::vector<std::uint64_t> most(limits::cancel_attempts, 2);
  EXPECT_EQ(cancel(column(2, most)), "");
  EXPECT_THAT(cancel(column(2, most) + column(2, {2})), HasSubstr("too many"));
  EXPECT_THAT(cancel(text(2, std::string(10 * limits::cancel_attempts + 1, '\1'))),
              HasSubstr("many rows"));
}

TEST(WireReject, Jobs) {
  const std::string good = number(1, 1) + number(2, 2);
  const auto jobs = [](const std::string& columns) {
    return from_coordinator(kAssignment, number(1, 1) + column(2, {14, 2}) + columns);
  };
  EXPECT_EQ(jobs(text(8, good)), "");
  EXPECT_EQ(jobs(text(8, number(1, 1) + number(2, kKindNames.size() + 1))), "")
      << "the worker names the kind";
  EXPECT_THAT(jobs(text(8, number(2, 2))), HasSubstr("without a number"));
  EXPECT_THAT(jobs(text(8, number(1, 1))), HasSubstr("without a kind"));
  EXPECT_THAT(jobs(text(8, good) + text(8, good)), HasSubstr("twice"));
  const std::string with_nul("a\0b", 3);
  EXPECT_THAT(jobs(text(8, good + text(6, with_nul))), HasSubstr("NUL"));
  EXPECT_EQ(jobs(text(8, good + text(7, with_nul))), "");
  EXPECT_THAT(jobs(text(8, good + text(8, with_nul))), HasSubstr("NUL"));
  const auto longest = static_cast<std::uint64_t>(limits::longest_duration.count());
  EXPECT_EQ(jobs(text(8, good + number(4, longest) + number(5, limits::stream_bytes - 1))), "");
  EXPECT_THAT(jobs(text(8, good + number(4, longest + 1))), HasSubstr("out of range"));
  EXPECT_THAT(jobs(text(8, good + number(5, limits::stream_bytes))), HasSubstr("out of range"));
  EXPECT_EQ(jobs(text(8, good + number(9, 19))), "");
  EXPECT_THAT(jobs(text(8, good + number(9, 20))), HasSubstr("out of range"));
  EXPECT_EQ(jobs(text(8, good + number(10, limits::stream_bytes - 1))), "");
  EXPECT_THAT(jobs(text(8, good + number(10, limits::stream_bytes))), HasSubstr("out of range"));
  EXPECT_THAT(jobs(repeated(limits::assignment_attempts + 1, text(8, good))),
              HasSubstr("many rows"));
  EXPECT_EQ(jobs(column(7, {3})), "");
  EXPECT_EQ(jobs(column(7, {1, 0xffffffff})), "");
  EXPECT_THAT(jobs(column(7, {0})), HasSubstr("job numbers"));
  EXPECT_THAT(jobs(column(7, {1, 0})), HasSubstr("job numbers"));
  EXPECT_THAT(jobs(column(7, {1, 1, 1})), HasSubstr("job numbers"));
  EXPECT_THAT(jobs(text(7, std::string(10 * limits::assignment_attempts + 1, '\1'))),
              HasSubstr("many rows"));
}

TEST(WireReject, Commands) {
  const std::string program = text(1, "true");
  const auto commands = [](const std::string& columns) {
    return from_coordinator(kAssignment, number(1, 1) + column(2, {14}) + columns);
  };
  EXPECT_EQ(commands(text(6, program)), "");
  EXPECT_THAT(commands(text(6, program) + text(6, program)), HasSubstr("differ in length"));
  EXPECT_THAT(commands(text(6, "")), HasSubstr("program"));
  const std::string with_nul("a\0b", 3);
  EXPECT_THAT(commands(text(6, text(1, with_nul))), HasSubstr("NUL"));
  EXPECT_THAT(commands(text(6, program + text(2, with_nul))), HasSubstr("NUL"));
  EXPECT_THAT(commands(text(6, program + text(3, with_nul))), HasSubstr("NUL"));
  EXPECT_EQ(commands(text(6, program + text(4, with_nul))), "");
  EXPECT_THAT(commands(text(6, program + number(5, ~0ULL))), HasSubstr("timeout"));
}

TEST(WireReject, CommandResults) {
  const auto result = [](const std::string& columns) {
    return from_worker(kReport,
                       number(1, 1) + column(4, {14}) + column(7, {18}) + column(8, {5}) + columns);
  };
  EXPECT_EQ(result(text(11, number(2, 255) + number(3, 64))), "");
  EXPECT_THAT(result(text(11, "") + text(11, "")), HasSubstr("differ in length"));
  EXPECT_THAT(result(text(11, number(1, 6))), HasSubstr("end"));
  EXPECT_THAT(result(text(11, number(2, 256))), HasSubstr("range"));
  EXPECT_THAT(result(text(11, number(3, 65))), HasSubstr("range"));
  EXPECT_THAT(result(text(11, number(6, ~0ULL))), HasSubstr("range"));
  // 5 ns elapsed, and at most a second for the steps of the clocks.
  constexpr std::uint64_t kMostCpu = 8'192'000'000'000;
  EXPECT_EQ(result(text(11, number(6, kMostCpu))), "");
  EXPECT_THAT(result(text(11, number(6, 2 * kMostCpu))), HasSubstr("CPU time"));
  for (const unsigned field : {7U, 10U, 11U}) {
    EXPECT_EQ(result(text(11, number(field, (1ULL << 53U) - 1))), "");
    EXPECT_THAT(result(text(11, number(field, 1ULL << 53U))), HasSubstr("range"));
  }
}

/// An assignment with number 1 and these columns.
std::string assignment(const std::vector<std::uint64_t>& firsts,
                       const std::vector<std::uint64_t>& counts,
                       const std::vector<std::uint64_t>& attempts = {},
                       const std::vector<std::uint64_t>& pauses = {}) {
  return from_coordinator(kAssignment, number(1, 1) + column(2, firsts) + column(3, counts) +
                                           column(4, attempts) + column(5, pauses));
}

TEST(WireReject, RangesOfTasks) {
  EXPECT_EQ(assignment({0, 0}, {2, 3}), "");
  EXPECT_THAT(from_coordinator(kAssignment, column(2, {0})), HasSubstr("number"));
  EXPECT_THAT(assignment({0, 0}, {1, 1, 1}), HasSubstr("differ in length"));
  EXPECT_THAT(assignment({0, 0, 0}, {1, 1}), HasSubstr("differ in length"));
  EXPECT_THAT(assignment({}, {1}), HasSubstr("differ in length"));
  EXPECT_THAT(assignment({0, 0}, {1, 0}), HasSubstr("empty range"));
  EXPECT_EQ(assignment({0}, {limits::assignment_attempts}), "");
  EXPECT_THAT(assignment({0}, {limits::assignment_attempts + 1}), HasSubstr("too many"));
  EXPECT_THAT(assignment({0, 0}, {limits::assignment_attempts}), HasSubstr("too many"));
  EXPECT_THAT(assignment({0, 0}, {0xffffffff, 0xffffffff}), HasSubstr("too many"));
  EXPECT_THAT(assignment(std::vector<std::uint64_t>(8193, 0), {}), HasSubstr("too many"));
  EXPECT_EQ(assignment({zigzag(0xfffffffe)}, {}), "");
  EXPECT_THAT(assignment({zigzag(0xffffffff)}, {}), HasSubstr("task id"));
  EXPECT_THAT(assignment({zigzag(0xfffffffe)}, {2}), HasSubstr("task id"));
  EXPECT_THAT(assignment({zigzag(-1)}, {2}), HasSubstr("task id"));
  EXPECT_THAT(assignment({zigzag(INT64_MAX), zigzag(INT64_MAX), 4}, {}), HasSubstr("task id"));
}

TEST(WireReject, AttemptsAndPauses) {
  const auto longest = static_cast<std::uint64_t>(limits::longest_duration.count());
  EXPECT_EQ(assignment({0}, {3}, {1, 2, 65535}, {0, 5, longest}), "");
  EXPECT_EQ(assignment({0}, {3}, {2}, {longest}), "");
  EXPECT_THAT(assignment({0}, {3}, {0}), HasSubstr("attempt numbers"));
  EXPECT_THAT(assignment({0}, {3}, {65536}), HasSubstr("attempt numbers"));
  EXPECT_THAT(assignment({0}, {3}, {1, 1}), HasSubstr("attempt numbers"));
  EXPECT_THAT(assignment({0}, {3}, {1, 1, 1, 1}), HasSubstr("attempt numbers"));
  EXPECT_THAT(assignment({}, {}, {1}), HasSubstr("attempt numbers"));
  EXPECT_THAT(assignment({0}, {3}, {}, {longest + 1}), HasSubstr("sleep durations"));
  EXPECT_THAT(assignment({0}, {3}, {}, {1, ~0ULL, 1}), HasSubstr("sleep durations"));
  EXPECT_THAT(assignment({0}, {3}, {}, {1, 1}), HasSubstr("sleep durations"));
}

/// The columns of a report of two outcomes; a test changes one.
struct Rows {
  std::vector<std::uint64_t> task{0, 2};
  std::vector<std::uint64_t> attempt, outcome;
  std::vector<std::uint64_t> started{0, 0};
  std::vector<std::uint64_t> elapsed{5, 5};
  std::vector<std::uint64_t> result;

  std::string complaint() const {
    return from_worker(kReport, number(1, 1) + column(4, task) + column(5, attempt) +
                                    column(6, outcome) + column(7, started) + column(8, elapsed) +
                                    column(9, result));
  }
};

template <class Change>
std::string report(Change change) {
  Rows rows;
  change(rows);
  return rows.complaint();
}

TEST(WireReject, Reports) {
  EXPECT_EQ(report([](Rows&) {}), "");
  EXPECT_THAT(from_worker(kReport, number(2, 1)), HasSubstr("number"));
  EXPECT_THAT(report([](Rows& r) { r.task = {zigzag(0xffffffff), 0}; }), HasSubstr("task id"));
  EXPECT_THAT(report([](Rows& r) { r.task = {0, zigzag(-1)}; }), HasSubstr("task id"));
  EXPECT_THAT(report([](Rows& r) { r.task = {0}; }), HasSubstr("differ in length"));
  EXPECT_THAT(report([](Rows& r) { r.started = {0}; }), HasSubstr("differ in length"));
  EXPECT_THAT(report([](Rows& r) { r.elapsed = {0}; }), HasSubstr("differ in length"));
  EXPECT_THAT(report([](Rows& r) { r.elapsed = {}; }), HasSubstr("differ in length"));
  EXPECT_THAT(report([](Rows& r) { r.started = {zigzag(kTimeBound), 0}; }), HasSubstr("start"));
  EXPECT_THAT(report([](Rows& r) {
                r.started = {zigzag(INT64_MAX), zigzag(INT64_MAX)};
              }),
              HasSubstr("start"));
  EXPECT_THAT(report([](Rows& r) { r.started = {0, zigzag(-kTimeBound)}; }), HasSubstr("start"));
  EXPECT_THAT(report([](Rows& r) { r.attempt = {1, 0}; }), HasSubstr("attempt numbers"));
  EXPECT_THAT(report([](Rows& r) { r.attempt = {1, 1, 1}; }), HasSubstr("attempt numbers"));
  EXPECT_THAT(report([](Rows& r) { r.elapsed = {5, kTimeBound}; }), HasSubstr("elapsed"));
  EXPECT_THAT(report([](Rows& r) { r.elapsed = {5, ~0ULL}; }), HasSubstr("elapsed"));
  EXPECT_THAT(report([](Rows& r) { r.result = {kTimeBound}; }), HasSubstr("results"));
  EXPECT_THAT(report([](Rows& r) { r.result = {1, 2, 3}; }), HasSubstr("results"));
  EXPECT_EQ(report([](Rows& r) { r.outcome = {4, 6}; }), "");
  for (const std::uint64_t outcome : {0UL, 5UL, 8UL, 260UL, ~0UL}) {
    EXPECT_THAT(report([=](Rows& r) { r.outcome = {1, outcome}; }), HasSubstr("outcomes"));
  }
  EXPECT_THAT(report([](Rows& r) { r.task.assign(8193, 0); }), HasSubstr("too many"));
}

TEST(WireReject, UnknownDrainMode) {
  EXPECT_EQ(from_coordinator(kDrain, ""), "");
  EXPECT_EQ(from_coordinator(kDrain, number(1, 1)), "");
  for (const std::uint64_t mode : {2UL, 260UL, ~0UL}) {
    EXPECT_THAT(from_coordinator(kDrain, number(1, mode)), HasSubstr("mode"));
  }
}

TEST(WireReject, RevokeWithoutAnAssignment) {
  EXPECT_EQ(from_coordinator(kRevoke, number(1, 1)), "");
  EXPECT_THAT(from_coordinator(kRevoke, number(2, 7)), HasSubstr("no assignment"));
}

}  // namespace
}  // namespace rollcall
