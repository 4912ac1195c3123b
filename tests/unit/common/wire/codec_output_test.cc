// Output in chunks: round trips, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/limits.h"
#include "common/wire/codec.h"
#include "common/wire/envelope.h"
#include "tests/support/bytes.h"
#include "tests/support/wire_writer.h"

namespace rollcall {
namespace {

using test::column;
using test::number;
using test::text;
using test::zigzag;
using testing::HasSubstr;

constexpr std::uint64_t kEnd = limits::stream_bytes;

template <class Message, class Body>
Body round_trip(const Body& body) {
  WireCodec codec;
  std::string bytes;
  codec.encode(Message{{}, body}, bytes);
  Message message;
  EXPECT_TRUE(codec.decode(span_of(bytes), message));
  return std::get<Body>(message.body);
}

Output two_rows() {
  return {{TaskId{9}, TaskId{3}}, {1, 65'535}, {OutputStream::out, OutputStream::err},
          {kEnd - 4, 0},          {3, 2},      std::string("\0ab\xff\n", 5)};
}

TEST(WireOutput, ComesBackAsItWas) {
  const Output sent = two_rows();
  const Output got = round_trip<WorkerMessage>(sent);
  EXPECT_EQ(got.task, sent.task);
  EXPECT_EQ(got.attempt, sent.attempt);
  EXPECT_EQ(got.stream, sent.stream);
  EXPECT_EQ(got.offset, sent.offset);
  EXPECT_EQ(got.size, sent.size);
  EXPECT_EQ(got.bytes, sent.bytes);
}

TEST(WireOutput, AckComesBackAsItWas) {
  const OutputAck sent{
      {TaskId{9}, TaskId{3}}, {1, 2},          {OutputStream::err, OutputStream::err},
      {kEnd - 1, 7},          {kNotWanted, 7}, {1U << 20U, 3, TaskId{9}, 1}};
  const OutputAck got = round_trip<CoordinatorMessage>(sent);
  EXPECT_EQ(got.task, sent.task);
  EXPECT_EQ(got.attempt, sent.attempt);
  EXPECT_EQ(got.stream, sent.stream);
  EXPECT_EQ(got.taken, sent.taken);
  EXPECT_EQ(got.durable, sent.durable);
  EXPECT_EQ(got.window, sent.window);
}

TEST(WireOutput, WindowsComeBackAsTheyWere) {
  const OutputWindow window{5, 6, TaskId{7}, 8};
  EXPECT_EQ(round_trip<CoordinatorMessage>(Ack{1, {}, window}).window, window);
  Welcome welcome{1, {}, 0, Duration(1), Duration(1), {}};
  welcome.window = window;
  EXPECT_EQ(round_trip<CoordinatorMessage>(welcome).window, window);
  Heartbeat heartbeat;
  heartbeat.window_received = 9;
  EXPECT_EQ(round_trip<WorkerMessage>(heartbeat).window_received, 9U);
  Report report{1, 0, 0, {}};
  report.window_received = 10;
  EXPECT_EQ(round_trip<WorkerMessage>(report).window_received, 10U);
}

TEST(WireOutput, OutcomesNameTheBytesBeforeTheTail) {
  Report report{1, 0, 0, {}};
  for (int i = 0; i < 3; ++i) {
    report.outcomes.push_back(task_at(i), 1, Outcome::succeeded, {}, {}, {});
  }
  report.outcomes.command.resize(3);
  report.outcomes.command[0].out = "tail";
  report.outcomes.command[0].out_before = kEnd - 5;
  report.outcomes.command[1].err_before = kNotWanted;
  report.outcomes.command[2].out = "all";
  EXPECT_EQ(round_trip<WorkerMessage>(report).outcomes.command, report.outcomes.command);
}

/// Rows without chunks are as long as in a program that does not know them.
TEST(WireOutput, CostsNothingWithoutTheFeature) {
  using test::envelope;
  WireCodec codec;
  std::string bytes;
  codec.encode(WorkerMessage{{}, Heartbeat{}}, bytes);
  EXPECT_EQ(bytes, "\x0dROLL" + number(2, 2) + text(test::kHeartbeat, text(1, "")));
  codec.encode(CoordinatorMessage{{}, Ack{}}, bytes);
  EXPECT_EQ(bytes, "\x0dROLL" + number(2, 2) + text(test::kAck, ""));
}

// Refused.

std::string output(const std::string& body) {
  return test::from_worker(test::kOutput, body);
}

TEST(WireOutput, RefusesMalformedRows) {
  const std::string task = column(1, {zigzag(5)});
  EXPECT_EQ(output(task + column(5, {3}) + text(6, "abc")), "");
  EXPECT_THAT(output(""), HasSubstr("no rows"));
  EXPECT_THAT(output(task + column(5, {0})), HasSubstr("invalid sizes")) << "an empty row";
  EXPECT_THAT(output(task), HasSubstr("invalid sizes"));
  EXPECT_THAT(output(task + column(5, {3}) + text(6, "ab")), HasSubstr("differ"));
  EXPECT_THAT(output(task + column(5, {3}) + text(6, "abcd")), HasSubstr("differ"));
  const std::string good = column(5, {1}) + text(6, "a");
  EXPECT_THAT(output(column(1, {zigzag(-1)}) + good), HasSubstr("task id"));
  EXPECT_THAT(output(task + good + column(2, {0})), HasSubstr("attempt"));
  EXPECT_THAT(output(task + good + column(2, {1, 1})), HasSubstr("attempt"));
  EXPECT_THAT(output(task + good + column(3, {0})), HasSubstr("streams"));
  EXPECT_THAT(output(task + good + column(3, {3})), HasSubstr("streams"));
  EXPECT_EQ(output(task + good + column(4, {kEnd - 2})), "");
  EXPECT_THAT(output(task + good + column(4, {kEnd - 1})), HasSubstr("offsets"));
  EXPECT_THAT(output(task + good + column(4, {~0ULL})), HasSubstr("offsets"));
}

TEST(WireOutput, RefusesMoreThanTheLimits) {
  const auto with_bytes = [](std::size_t size) {
    return output(column(1, {0}) + column(5, {size}) + text(6, std::string(size, 'x')));
  };
  EXPECT_EQ(with_bytes(limits::output_bytes), "");
  EXPECT_THAT(with_bytes(limits::output_bytes + 1), HasSubstr("too many bytes"));
  const auto with_rows = [](std::size_t rows) {
    return output(column(1, std::vector<std::uint64_t>(rows, 0)) + column(5, {1}) +
                  text(6, std::string(rows, 'x')));
  };
  EXPECT_EQ(with_rows(limits::output_rows), "");
  EXPECT_THAT(with_rows(limits::output_rows + 1), HasSubstr("too many rows"));
}

TEST(WireOutput, RefusesMalformedAcks) {
  const auto ack = [](const std::string& body) {
    return test::from_coordinator(test::kOutputAck, body);
  };
  const std::string task = column(1, {0});
  EXPECT_EQ(ack(""), "") << "it may have a window only";
  EXPECT_EQ(ack(task + column(4, {5}) + column(5, {5})), "");
  EXPECT_EQ(ack(task + column(4, {5}) + column(5, {~0ULL})), "");
  EXPECT_THAT(ack(task + column(4, {5}) + column(5, {6})), HasSubstr("byte counts"));
  EXPECT_THAT(ack(task + column(4, {kEnd}) + column(5, {0})), HasSubstr("byte counts"));
  EXPECT_THAT(ack(task + column(4, {5})), HasSubstr("differ"));
  EXPECT_THAT(ack(task + column(5, {5})), HasSubstr("differ"));
  EXPECT_THAT(ack(task + column(3, {0}) + column(4, {5}) + column(5, {5})), HasSubstr("streams"));
  EXPECT_THAT(ack(number(8, 0xffffffff)), HasSubstr("task id"));
  EXPECT_THAT(ack(number(9, 65'536)), HasSubstr("attempt"));
  EXPECT_THAT(ack(column(1, std::vector<std::uint64_t>(limits::output_rows + 1, 0))),
              HasSubstr("too many rows"));
}

TEST(WireOutput, RefusesMalformedListsOfOutput) {
  const auto list = [](const std::string& output) {
    const std::string attempts = column(11, {0, 2});
    return test::from_worker(test::kInventory, number(8, 1) + number(10, 1) + attempts + output);
  };
  EXPECT_EQ(list(column(13, {0, 1, 1}) + column(14, {2, 1, 2}) + column(15, {0, 5, ~0ULL})), "");
  EXPECT_THAT(list(column(13, {2}) + column(15, {0})), HasSubstr("rows of output"));
  EXPECT_THAT(list(column(13, {1, 0}) + column(15, {0, 0})), HasSubstr("rows of output"));
  EXPECT_THAT(list(column(13, {1, 1}) + column(15, {0, 0})), HasSubstr("rows of output"))
      << "twice";
  EXPECT_THAT(list(column(13, {1}) + column(14, {3}) + column(15, {0})), HasSubstr("streams"));
  EXPECT_THAT(list(column(13, {1})), HasSubstr("differ"));
  EXPECT_THAT(list(column(13, {1}) + column(15, {kEnd})), HasSubstr("byte counts"));
}

TEST(WireOutput, RefusesLongListsBeforeTheyAreParsed) {
  const auto list = [](unsigned field, std::size_t bytes) {
    return test::from_worker(test::kInventory, text(field, std::string(bytes, '\1')));
  };
  const std::size_t most = 2 * 10 * limits::inventory_attempts;
  for (const unsigned field : {13U, 14U, 15U}) {
    EXPECT_THAT(list(field, most), testing::Not(HasSubstr("many rows")));
    EXPECT_THAT(list(field, most + 1), HasSubstr("many rows"));
  }
}

TEST(WireOutput, RefusesContradictoryTails) {
  const auto report = [](const std::string& result) {
    return test::from_worker(test::kReport, number(1, 1) + column(4, {0}) + column(7, {0}) +
                                                column(8, {0}) + text(11, result));
  };
  EXPECT_EQ(report(text(8, "tail") + number(12, 4)), "");
  EXPECT_THAT(report(text(8, "tail") + number(12, 3)), HasSubstr("out of range"));
  EXPECT_THAT(report(number(12, kEnd)), HasSubstr("out of range"));
  EXPECT_EQ(report(number(13, ~0ULL)), "") << "not wanted";
  EXPECT_THAT(report(text(9, "e") + number(13, ~0ULL)), HasSubstr("out of range"));
  const std::string half(limits::output_tail / 2, 'x');
  EXPECT_EQ(report(text(8, half) + text(9, half) + number(12, 1U << 20U)), "");
  EXPECT_THAT(report(text(8, half) + text(9, half + "x") + number(12, 1U << 20U)),
              HasSubstr("out of range"));
  EXPECT_EQ(report(text(8, half) + text(9, half + "x")), "") << "without the feature";
}

}  // namespace
}  // namespace rollcall
