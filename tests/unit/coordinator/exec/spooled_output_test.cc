// Printing output of which a part, or all so far, is in the spool.
#include <gmock/gmock.h>

#include "common/limits.h"
#include "coordinator/exec/results/command_output.h"
#include "tests/support/fake_spool_reader.h"
#include "tests/support/spool_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SpooledOutputTest : public testing::TestWithParam<bool> {
 protected:
  void make(bool keep_order, bool tag = false, std::size_t memory_bytes = 1'000'000) {
    output_.emplace(CommandOutput::Settings{keep_order, tag, memory_bytes, testing::TempDir()});
    output_->use_spool(spool_);
  }
  Result<void> end(std::uint32_t task, std::string_view out, std::string_view err = {}) {
    return output_->ended(TaskId{task}, {"tag", out, err});
  }
  /// These bytes are in the spool, and the tails follow.
  Result<void> end_spooled(std::uint32_t task, std::uint64_t out, std::uint64_t err,
                           std::string_view out_tail = {}, std::string_view err_tail = {}) {
    WrittenOutput output{"tag", out_tail, err_tail};
    output.spooled = SpooledOutput{key_of(task), {out, err}};
    return output_->ended(TaskId{task}, output);
  }
  /// Prints all that can be printed, as the owner does.
  Result<void> print() {
    Result<void> printed;
    take();
    while (printed && output_->has_more()) {
      printed = output_->print_more();
      take();
    }
    return printed;
  }
  void take() {
    out_ += std::exchange(output_->out(), {});
    err_ += std::exchange(output_->err(), {});
    output_->taken();
  }
  std::string out() {
    EXPECT_TRUE(print());
    return out_;
  }

  std::shared_ptr<FakeSpoolReader> spool_ = std::make_shared<FakeSpoolReader>();
  std::optional<CommandOutput> output_;
  std::string out_;
  std::string err_;
};

class EachOrder : public SpooledOutputTest {};

INSTANTIATE_TEST_SUITE_P(Output, EachOrder, testing::Bool(), [](const auto& in_order) {
  return in_order.param ? "InOrder" : "AsTheyEnd";
});

TEST_P(EachOrder, PrintsTheSpoolBeforeTheTail) {
  make(GetParam());
  spool_->add(out_of(0), "a1\n");
  spool_->add(err_of(0), "A1");
  ASSERT_TRUE(end_spooled(0, 3, 2, "a2\n", "A2"));
  ASSERT_TRUE(end(1, "b\n", "B"));
  EXPECT_EQ(output_->out(), "") << "the spool is read by print_more() alone";
  EXPECT_EQ(spool_->bytes_read(), 0U);
  EXPECT_EQ(out(), "a1\na2\nb\n");
  EXPECT_EQ(err_, "A1A2B");
  EXPECT_THAT(spool_->printed_keys(), ElementsAre(key_of(0)));
}

TEST_P(EachOrder, ReadsPieceByPiece) {
  make(GetParam());
  const std::size_t size = 2 * limits::printed_bytes + 100;
  spool_->add(out_of(0), std::string(size, 'x'));
  ASSERT_TRUE(end_spooled(0, size, 0, "end"));
  ASSERT_TRUE(output_->has_more());
  ASSERT_TRUE(output_->print_more());
  const std::size_t first = output_->out().size();
  EXPECT_LT(first, limits::printed_bytes + (1U << 20U));
  EXPECT_EQ(spool_->printed_of(out_of(0)), 0U) << "the owner has not taken it over";
  take();
  EXPECT_EQ(spool_->printed_of(out_of(0)), first);
  EXPECT_THAT(spool_->printed_keys(), IsEmpty());
  EXPECT_EQ(out(), std::string(size, 'x') + "end");
  EXPECT_LE(spool_->most_read(), 256U << 10U);
}

TEST_P(EachOrder, OtherTasksWaitForTheOneThatIsPrintedEarly) {
  for (const std::size_t memory : {std::size_t{0}, std::size_t{1'000'000}}) {
    spool_ = std::make_shared<FakeSpoolReader>();
    out_.clear();
    err_.clear();
    make(GetParam(), false, memory);
    ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0)));
    EXPECT_EQ(out(), "");
    EXPECT_FALSE(output_->has_more());
    spool_->add(out_of(0), "a1,");
    EXPECT_FALSE(output_->has_more()) << "it has not heard of it";
    output_->output_arrived();
    EXPECT_TRUE(output_->has_more());
    EXPECT_EQ(out(), "a1,");
    EXPECT_EQ(spool_->printed_of(out_of(0)), 3U);
    ASSERT_TRUE(end(1, "b,"));
    spool_->add(out_of(2), "c1,");
    ASSERT_TRUE(end_spooled(2, 3, 0, "c2,"));
    EXPECT_EQ(out(), "a1,");
    spool_->add(out_of(0), "a2,");
    spool_->add(err_of(0), "A");
    ASSERT_TRUE(end_spooled(0, 6, 1, "a3,"));
    EXPECT_EQ(out(), "a1,a2,a3,b,c1,c2,");
    EXPECT_EQ(err_, "A");
    EXPECT_THAT(spool_->printed_keys(), ElementsAre(key_of(0), key_of(2)));
  }
}

TEST_P(EachOrder, AnotherAttemptCannotCompleteWhatIsPrinted) {
  for (const bool is_spooled : {false, true}) {
    spool_ = std::make_shared<FakeSpoolReader>();
    make(GetParam());
    ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0, /*session=*/9)));
    spool_->add({key_of(0, 9), kOut}, "12345");
    ASSERT_TRUE(print());
    const Result<void> ended = is_spooled ? end_spooled(0, 7, 0) : end(0, "x");
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().message,
              "task 0: its output cannot be completed: 5 bytes of an attempt that was given up "
              "are printed");
  }
}

TEST_P(EachOrder, AnotherAttemptIsPrintedEarlyInItsPlace) {
  make(GetParam());
  ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0, /*session=*/9)));
  ASSERT_TRUE(print());
  ASSERT_TRUE(end(1, "b"));
  spool_->add(out_of(0), "a1 ");
  ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0)));
  EXPECT_EQ(out(), "a1 ");
  ASSERT_TRUE(end_spooled(0, 3, 0, "a2 "));
  EXPECT_EQ(out(), "a1 a2 b");
  EXPECT_FALSE(output_->has_more());
}

TEST_P(EachOrder, NoOtherAttemptIsPrintedEarlyAfterTheFirstByte) {
  make(GetParam());
  ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0, /*session=*/9)));
  spool_->add({key_of(0, 9), kErr}, "1");
  ASSERT_TRUE(print());
  EXPECT_TRUE(output_->begin_early(TaskId{0}, key_of(0, 9))) << "it is the same one";
  const Result<void> begun = output_->begin_early(TaskId{0}, key_of(0));
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().message,
            "task 0: its output cannot be completed: 1 byte of an attempt that was given up is "
            "printed");
}

TEST_P(EachOrder, AnotherAttemptReplacesOneOfWhichNothingIsPrinted) {
  for (const bool is_spooled : {false, true}) {
    spool_ = std::make_shared<FakeSpoolReader>();
    out_.clear();
    make(GetParam());
    ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0, /*session=*/9)));
    ASSERT_TRUE(print());
    ASSERT_TRUE(end(1, "b"));
    spool_->add(out_of(0), "1234567");
    ASSERT_TRUE(is_spooled ? end_spooled(0, 7, 0, "8") : end(0, "12345678"));
    EXPECT_EQ(out(), "12345678b");
  }
}

TEST_P(EachOrder, AnErrorOfTheSpoolNamesTheTask) {
  make(GetParam());
  spool_->add(out_of(0), "abc");
  ASSERT_TRUE(end_spooled(0, 3, 0));
  spool_->fail("cannot read output in /x: Input/output error");
  const Result<void> printed = print();
  ASSERT_FALSE(printed);
  EXPECT_EQ(printed.error().message,
            "cannot print the output of task 0: cannot read output in /x: Input/output error");
}

TEST_P(EachOrder, MissingBytesAreAnError) {
  make(GetParam());
  spool_->add(out_of(0), "abc");
  ASSERT_TRUE(end_spooled(0, 4, 0));
  const Result<void> printed = print();
  ASSERT_FALSE(printed);
  EXPECT_THAT(printed.error().message, HasSubstr("task 0: its end is not in the spool"));
  EXPECT_EQ(spool_->waits(), 1U) << "with sync, they may come";
}

TEST_P(EachOrder, TagsLinesAcrossPieces) {
  make(GetParam(), /*tag=*/true);
  ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0), "tag"));
  spool_->add(out_of(0), "li");
  spool_->add(err_of(0), "err\n");
  EXPECT_EQ(out(), "tag\tli");
  spool_->add(out_of(0), "ne\n\nla");
  output_->output_arrived();
  EXPECT_EQ(out(), "tag\tline\ntag\t\ntag\tla");
  ASSERT_TRUE(end(1, "b"));
  ASSERT_TRUE(end_spooled(0, 8, 4, "st"));
  EXPECT_EQ(out(), "tag\tline\ntag\t\ntag\tlast\ntag\tb\n");
  EXPECT_EQ(err_, "tag\terr\n");
}

TEST_P(EachOrder, TheNoticeFollowsTheLastByte) {
  make(GetParam());
  spool_->add(err_of(0), "no newline");
  WrittenOutput output;
  output.spooled = SpooledOutput{key_of(0), {0, 10}};
  output.out_dropped = 1;
  ASSERT_TRUE(output_->ended(TaskId{0}, output));
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err_,
            "no newline\nrollcall: task 0: 1 more byte of standard output dropped "
            "(--max-output)\n");
}

TEST_P(EachOrder, SkipsAnEarlyTaskThatNeverEnded) {
  make(GetParam());
  ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0)));
  ASSERT_TRUE(end(1, "b"));
  EXPECT_EQ(out(), "");
  output_->finish();
  EXPECT_EQ(out(), "b");
  EXPECT_FALSE(output_->has_more());
}

TEST_F(SpooledOutputTest, InOrderAnEarlyTaskWaitsForItsTurn) {
  make(true);
  spool_->add(out_of(1), "b1");
  ASSERT_TRUE(output_->begin_early(TaskId{1}, key_of(1)));
  output_->output_arrived();
  EXPECT_EQ(out(), "");
  EXPECT_EQ(spool_->bytes_read(), 0U);
  ASSERT_TRUE(end(0, "a"));
  EXPECT_EQ(out(), "ab1");
}

TEST_F(SpooledOutputTest, InOrderATaskThatHasEndedIsNotPrintedEarly) {
  make(true);
  ASSERT_TRUE(end(1, "b"));
  ASSERT_TRUE(output_->begin_early(TaskId{1}, key_of(1)));
  ASSERT_TRUE(end(0, "a"));
  EXPECT_EQ(out(), "ab");
}

TEST_F(SpooledOutputTest, WithoutOrderAnEarlyTaskFollowsThoseThatHaveEnded) {
  make(false);
  spool_->add(out_of(5), "f");
  ASSERT_TRUE(end_spooled(5, 1, 0));
  spool_->add(out_of(3), "d");
  ASSERT_TRUE(output_->begin_early(TaskId{3}, key_of(3)));
  ASSERT_TRUE(end(4, "e"));
  EXPECT_EQ(out(), "fd");
  ASSERT_TRUE(end_spooled(3, 1, 0, "D"));
  EXPECT_EQ(out(), "fdDe");
}

TEST_F(SpooledOutputTest, CountsTheFirstTasksWhoseOutputIsComplete) {
  make(false);
  ASSERT_TRUE(end(7, "h"));
  EXPECT_EQ(output_->complete(), 1U);
  ASSERT_TRUE(output_->begin_early(TaskId{0}, key_of(0)));
  ASSERT_TRUE(end(1, "b"));
  spool_->add(out_of(2), std::string(limits::printed_bytes, 'c'));
  ASSERT_TRUE(end_spooled(2, limits::printed_bytes, 0));
  EXPECT_EQ(output_->complete(), 1U);
  ASSERT_TRUE(end_spooled(0, 0, 0, "a"));
  EXPECT_EQ(output_->complete(), 1U) << "the spool is not read yet";
  ASSERT_TRUE(output_->print_more());
  EXPECT_EQ(output_->complete(), 2U) << "task 0 has ended after task 2";
  ASSERT_TRUE(print());
  EXPECT_EQ(output_->complete(), 4U);
  ASSERT_TRUE(end(3, "d"));
  EXPECT_EQ(output_->complete(), 5U);
}

}  // namespace
}  // namespace rollcall::coordinator
