// Which output is sent, sent again and forgotten.
#include "worker/core/output_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "common/limits.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kOut = OutputStream::out;
constexpr auto kErr = OutputStream::err;
constexpr std::uint64_t kRow = limits::output_row_bytes;
constexpr std::uint64_t kCost = limits::output_row_cost;
constexpr std::uint64_t kTail = limits::output_tail;
constexpr Duration kResend = 2s;

struct Row {
  std::uint32_t task;
  OutputStream stream;
  std::uint64_t offset;
  std::uint64_t size;

  friend bool operator==(const Row&, const Row&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << row.task << '/' << index(row.stream) << ' ' << row.offset << '+' << row.size;
  }
};

class OutputSenderTest : public testing::Test {
 protected:
  OutputSenderTest() {
    sender_.enable(true);
    set_window(1U << 20U);
  }
  ~OutputSenderTest() override { sender_.check_invariants(); }

  void set_window(std::uint64_t bytes, std::uint32_t only = 0, Attempt attempt = 0) {
    sender_.set_window({bytes, ++window_, TaskId{only}, attempt});
  }
  void read(std::uint32_t task, std::uint64_t out, std::uint64_t err = 0, bool has_ended = false) {
    sender_.read(now_, {{TaskId{task}, 1, {out, err}, has_ended}});
  }
  void acknowledge(std::uint32_t task, OutputStream stream, std::uint64_t taken,
                   std::uint64_t durable) {
    sender_.acknowledge(now_, {{TaskId{task}}, {1}, {stream}, {taken}, {durable}, {}}, actions_);
    sender_.check_invariants();
  }
  std::vector<Row> rows() {
    std::vector<Row> rows;
    for (const Action& action : std::exchange(actions_, {})) {
      const auto* send = std::get_if<SendOutput>(&action);
      if (send == nullptr) continue;
      std::uint64_t bytes = 0;
      for (const OutputPart& part : send->parts) {
        rows.push_back(
            {static_cast<std::uint32_t>(index(part.task)), part.stream, part.offset, part.size});
        bytes += part.size;
      }
      EXPECT_LE(bytes, limits::output_bytes);
      EXPECT_LE(send->parts.size(), limits::output_rows);
    }
    return rows;
  }
  std::vector<Row> sent() {
    sender_.send(now_, {}, actions_);
    sender_.check_invariants();
    return rows();
  }
  std::vector<Row> resent() {
    sender_.resend(now_, {}, actions_);
    return rows();
  }
  /// Advances the time, and does what is due.
  std::vector<Row> pass(Duration time) {
    now_ += time;
    sender_.send_due(now_, kResend, {}, actions_);
    return sent();
  }
  std::vector<std::uint64_t> forgotten() {
    std::vector<std::uint64_t> bytes;
    for (const Action& action : std::exchange(actions_, {})) {
      const auto* forget = std::get_if<ForgetOutput>(&action);
      if (forget == nullptr) continue;
      for (const ForgottenOutput& each : forget->streams) bytes.push_back(each.bytes);
    }
    return bytes;
  }
  std::vector<TaskId> released() {
    sender_.release(actions_);
    std::vector<TaskId> tasks;
    for (const Action& action : std::exchange(actions_, {})) {
      const auto* release = std::get_if<ReleaseOutcomes>(&action);
      if (release != nullptr) tasks = release->attempts.task;
    }
    return tasks;
  }
  void end(std::uint32_t task) {
    OutcomeColumns outcomes;
    outcomes.push_back(TaskId{task}, 1, Outcome::succeeded, now_, {}, {});
    sender_.end(outcomes);
  }

  OutputSender sender_;
  Instant now_ = instant_from_ns(1'000'000'000);
  Actions actions_;
  std::uint64_t window_ = 0;
};

// When output is sent.

TEST_F(OutputSenderTest, LittleOutputWaits) {
  read(1, kTail - 1);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(sender_.due(kResend), now_ + limits::output_wait);
  EXPECT_THAT(pass(limits::output_wait - 1ns), IsEmpty());
  EXPECT_THAT(pass(1ns), ElementsAre(Row{1, kOut, 0, kTail - 1}));
  EXPECT_EQ(sender_.due(kResend), kNever) << "nothing waits, and the coordinator is silent";
}

TEST_F(OutputSenderTest, MoreThanATailIsSentAtOnce) {
  read(1, kTail / 2, kTail / 2);
  EXPECT_THAT(sent(), ElementsAre(Row{1, kOut, 0, kTail / 2}, Row{1, kErr, 0, kTail / 2}));
}

TEST_F(OutputSenderTest, TheTailOfAnEndedAttemptIsNotSent) {
  read(1, 3 * kRow + 5);
  EXPECT_THAT(sent(), ElementsAre(Row{1, kOut, 0, kRow}, Row{1, kOut, kRow, kRow},
                                  Row{1, kOut, 2 * kRow, kRow}));
  read(1, 3 * kRow + 5, 0, /*has_ended=*/true);
  EXPECT_THAT(pass(limits::output_wait), IsEmpty());
}

TEST_F(OutputSenderTest, WithoutTheFeatureNothingHappens) {
  sender_.enable(false);
  read(1, 10 * kRow, 0, true);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_THAT(released(), IsEmpty());
  EXPECT_EQ(sender_.due(kResend), kNever);
}

// The window.

TEST_F(OutputSenderTest, NothingIsSentWithoutAWindow) {
  set_window(0);
  read(1, 10 * kRow);
  EXPECT_THAT(sent(), IsEmpty());
  set_window(kCost);
  EXPECT_THAT(sent(), IsEmpty());
  set_window(kCost + 1);
  EXPECT_THAT(sent(), ElementsAre(Row{1, kOut, 0, 1}));
}

TEST_F(OutputSenderTest, ARowCostsMoreThanItsBytes) {
  set_window(kRow + kCost + 50);
  read(1, 10 * kRow);
  EXPECT_THAT(sent(), ElementsAre(Row{1, kOut, 0, kRow}));
  EXPECT_EQ(sender_.in_flight(), kRow + kCost);
  acknowledge(1, kOut, kRow, 0);
  EXPECT_EQ(sender_.in_flight(), 0U);
  EXPECT_THAT(sent(), ElementsAre(Row{1, kOut, kRow, kRow}));
}

TEST_F(OutputSenderTest, AnOlderWindowIsIgnored) {
  set_window(0);
  sender_.set_window({1U << 20U, window_ - 1, {}, 0});
  read(1, kRow);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(sender_.window_received(), window_);
}

TEST_F(OutputSenderTest, AttemptsTakeTurns) {
  set_window(3 * (kRow + kCost));
  read(1, 5 * kRow);
  read(2, 5 * kRow);
  EXPECT_THAT(sent(),
              ElementsAre(Row{1, kOut, 0, kRow}, Row{2, kOut, 0, kRow}, Row{1, kOut, kRow, kRow}));
}

TEST_F(OutputSenderTest, AWindowMayBeForOneAttempt) {
  set_window(1U << 20U, /*only=*/2, 1);
  read(1, 2 * kRow);
  read(2, 2 * kRow);
  EXPECT_THAT(sent(), ElementsAre(Row{2, kOut, 0, kRow}, Row{2, kOut, kRow, kRow}));
  set_window(1U << 20U);
  EXPECT_THAT(sent(), ElementsAre(Row{1, kOut, 0, kRow}, Row{1, kOut, kRow, kRow}));
}

TEST_F(OutputSenderTest, BytesThatAreNotDurableAreBounded) {
  set_window(std::uint64_t{1} << 40U);
  read(1, 2 * limits::output_undurable);
  sent();
  acknowledge(1, kOut, 10 * kRow, 0);
  EXPECT_THAT(sent(), IsEmpty());
  acknowledge(1, kOut, 10 * kRow, 10 * kRow);
  EXPECT_THAT(sent(), testing::SizeIs(10));
  set_window(std::uint64_t{1} << 40U, 1, 1);
  EXPECT_FALSE(sent().empty()) << "the attempt that is printed waits for no other";
}

// What is sent again.

TEST_F(OutputSenderTest, RowsThatAreNotTakenAreSentAgain) {
  read(1, 2 * kRow, 100);
  sent();
  acknowledge(1, kOut, kRow, kRow);
  set_window(0);
  EXPECT_THAT(resent(), ElementsAre(Row{1, kOut, kRow, kRow}, Row{1, kErr, 0, 100}));
}

TEST_F(OutputSenderTest, ARowThatWasTakenInPartIsSentFromThere) {
  read(1, kRow);
  sent();
  acknowledge(1, kOut, 10, 10);
  EXPECT_EQ(sender_.in_flight(), kRow - 10 + kCost);
  EXPECT_THAT(resent(), ElementsAre(Row{1, kOut, 10, kRow - 10}));
}

TEST_F(OutputSenderTest, ANewCoordinatorHasOnlyWhatIsDurable) {
  read(1, 2 * kRow);
  sent();
  acknowledge(1, kOut, 2 * kRow, 100);
  sender_.start_epoch();
  sender_.check_invariants();
  EXPECT_EQ(sender_.window_received(), 0U);
  EXPECT_THAT(resent(), ElementsAre(Row{1, kOut, 100, kRow}, Row{1, kOut, kRow + 100, kRow - 100}));
}

TEST_F(OutputSenderTest, ASilentCoordinatorIsSentNothingTwice) {
  read(1, kRow);
  sent();
  EXPECT_THAT(pass(10 * kResend), IsEmpty());
  sender_.heard(now_);
  EXPECT_LE(sender_.due(kResend), now_);
  EXPECT_THAT(pass(0s), ElementsAre(Row{1, kOut, 0, kRow}));
  EXPECT_THAT(pass(kResend), IsEmpty()) << "silent again";
}

TEST_F(OutputSenderTest, WhatIsTakenDelaysTheRepetition) {
  read(1, 2 * kRow);
  sent();
  now_ += kResend - 1ns;
  sender_.heard(now_);
  acknowledge(1, kOut, kRow, 0);
  EXPECT_THAT(pass(1ns), IsEmpty());
  now_ += 1s;
  sender_.heard(now_);
  EXPECT_THAT(pass(kResend - 1s - 2ns), IsEmpty());
  EXPECT_THAT(pass(1ns), ElementsAre(Row{1, kOut, kRow, kRow}));
}

TEST_F(OutputSenderTest, AStreamIsSentAgainEvenIfOthersAreTaken) {
  read(1, kRow);
  read(2, 2 * kRow);
  sent();
  now_ += kResend;
  sender_.heard(now_);
  acknowledge(2, kOut, kRow, kRow);
  EXPECT_THAT(pass(0s), ElementsAre(Row{1, kOut, 0, kRow}));
}

TEST_F(OutputSenderTest, AByteAsksWhetherWhatWasTakenIsDurable) {
  read(1, 2 * kRow, 10);
  sent();
  acknowledge(1, kOut, 2 * kRow, kRow);
  acknowledge(1, kErr, 10, 10);
  EXPECT_THAT(resent(), ElementsAre(Row{1, kOut, 2 * kRow - 1, 1}));
  sender_.heard(now_ += 1s);
  EXPECT_THAT(pass(kResend - 1s - 1ns), IsEmpty());
  EXPECT_THAT(pass(1ns), ElementsAre(Row{1, kOut, 2 * kRow - 1, 1}));
  EXPECT_THAT(pass(kResend), IsEmpty()) << "not heard since";
  acknowledge(1, kOut, 2 * kRow, 2 * kRow);
  sender_.heard(now_ += 1s);
  EXPECT_THAT(pass(kResend), IsEmpty());
  EXPECT_THAT(resent(), IsEmpty());
}

// What is forgotten.

TEST_F(OutputSenderTest, DurableBytesAreForgotten) {
  read(1, 2 * kRow);
  sent();
  acknowledge(1, kOut, kRow, 0);
  EXPECT_THAT(forgotten(), IsEmpty());
  acknowledge(1, kOut, kRow, kRow);
  EXPECT_THAT(forgotten(), ElementsAre(kRow));
  acknowledge(1, kOut, kRow, 5);  // late
  EXPECT_THAT(forgotten(), IsEmpty());
  acknowledge(9, kOut, kRow, kRow);          // unknown
  acknowledge(1, kOut, 3 * kRow, 3 * kRow);  // never sent
  EXPECT_THAT(forgotten(), IsEmpty());
}

TEST_F(OutputSenderTest, NothingMoreIsSentOfAStreamThatIsNotWanted) {
  read(1, 2 * kRow, 2 * kRow);
  sent();
  acknowledge(1, kOut, 0, kNotWanted);
  EXPECT_THAT(forgotten(), ElementsAre(kNotWanted));
  read(1, 9 * kRow, 3 * kRow);
  EXPECT_THAT(sent(), ElementsAre(Row{1, kErr, 2 * kRow, kRow}));
  EXPECT_EQ(resent().size(), 3U) << "of the other stream";
  DurableOutput listed;
  sender_.list(listed);
  EXPECT_EQ(listed.begin()->second[index(kOut)], kNotWanted);
}

// The outcome.

TEST_F(OutputSenderTest, AnOutcomeFollowsItsOutput) {
  read(1, 2 * kRow);
  sent();
  read(1, 2 * kRow + kTail, 0, true);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_THAT(released(), IsEmpty());
  acknowledge(1, kOut, 2 * kRow, kRow);
  EXPECT_THAT(released(), IsEmpty()) << "taken, and not durable";
  acknowledge(1, kOut, 2 * kRow, 2 * kRow);
  EXPECT_THAT(released(), ElementsAre(TaskId{1}));
  EXPECT_THAT(released(), IsEmpty()) << "once";
}

TEST_F(OutputSenderTest, MoreThanATailIsSentBeforeTheOutcome) {
  read(1, kTail, kTail, true);
  EXPECT_THAT(released(), IsEmpty());
  EXPECT_THAT(sent(), ElementsAre(Row{1, kOut, 0, kRow}, Row{1, kErr, 0, kRow}));
  acknowledge(1, kOut, kRow, kRow);
  EXPECT_THAT(released(), IsEmpty());
  acknowledge(1, kErr, kRow, kRow);
  EXPECT_THAT(released(), ElementsAre(TaskId{1}));
}

TEST_F(OutputSenderTest, AnOutcomeDoesNotWaitForAStreamThatIsNotWanted) {
  read(1, 2 * kRow, 0, true);
  sent();
  acknowledge(1, kOut, 0, kNotWanted);
  EXPECT_THAT(released(), ElementsAre(TaskId{1}));
}

TEST_F(OutputSenderTest, AnAttemptMayDropWhatWasNotSent) {
  set_window(kRow + kCost);
  read(1, 9 * kRow);
  EXPECT_THAT(sent(), ElementsAre(Row{1, kOut, 0, kRow}));
  read(1, kRow, 0, true);
  set_window(1U << 20U);
  EXPECT_THAT(sent(), IsEmpty());
  acknowledge(1, kOut, kRow, kRow);
  EXPECT_THAT(released(), ElementsAre(TaskId{1}));
}

TEST_F(OutputSenderTest, AnAttemptWithAnOutcomeIsGone) {
  read(1, 2 * kRow);
  sent();
  end(1);
  EXPECT_EQ(sender_.in_flight(), 0U);
  EXPECT_THAT(resent(), IsEmpty());
}

// The Inventory.

TEST_F(OutputSenderTest, ListsStreamsOfWhichAByteWasSent) {
  read(1, kRow);
  read(2, 10);
  read(3, 10, kRow);
  sent();
  acknowledge(1, kOut, 30, 20);
  read(4, kRow);
  DurableOutput durable;
  sender_.list(durable);
  const HeldColumns attempts{{TaskId{3}, TaskId{2}, TaskId{1}, TaskId{4}}, {1, 1, 1, 1}};
  const ListedOutput listed = list_output(durable, attempts);
  EXPECT_THAT(listed.row, ElementsAre(0, 0, 2));
  EXPECT_THAT(listed.stream, ElementsAre(kOut, kErr, kOut));
  EXPECT_THAT(listed.from, ElementsAre(0, 0, 20));
}

}  // namespace
}  // namespace rollcall::worker
