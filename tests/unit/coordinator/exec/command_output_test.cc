// Printing the output of commands, and the joblog.
#include "coordinator/exec/results/command_output.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/limits.h"
#include "coordinator/exec/results/joblog.h"

namespace rollcall::coordinator {
namespace {

using testing::HasSubstr;

WrittenOutput written(std::string_view out, std::string_view err = {}) {
  return {"tag", out, err, 0, 0};
}

CommandOutput::Settings in_order(std::size_t memory_bytes = 1'000'000) {
  return {
      .keep_order = true, .memory_bytes = memory_bytes, .temporary_directory = testing::TempDir()};
}

TEST(CommandOutput, PrintsWholeTasksAsTheyEnd) {
  CommandOutput output({});
  ASSERT_TRUE(output.ended(TaskId{2}, written("c1\nc2", "ce")));
  ASSERT_TRUE(output.ended(TaskId{0}, written({"\0\xff", 2})));
  EXPECT_EQ(output.out(), std::string("c1\nc2\0\xff", 7));
  EXPECT_EQ(output.err(), "ce");
  EXPECT_FALSE(output.has_more());
}

TEST(CommandOutput, PrintsInTaskOrder) {
  CommandOutput output(in_order());
  ASSERT_TRUE(output.ended(TaskId{1}, written("b")));
  ASSERT_TRUE(output.ended(TaskId{3}, written("d", "D")));
  EXPECT_EQ(output.out(), "");
  ASSERT_TRUE(output.ended(TaskId{0}, written("a", "A")));
  EXPECT_EQ(output.out(), "ab");
  EXPECT_EQ(output.err(), "A");
  ASSERT_TRUE(output.ended(TaskId{2}, written("")));
  EXPECT_EQ(output.out(), "abd");
  EXPECT_EQ(output.err(), "AD");
}

TEST(CommandOutput, HoldsExcessOutputInAFile) {
  CommandOutput output(in_order(10));
  for (std::uint32_t i = 1; i < 50; ++i) {
    ASSERT_TRUE(output.ended(TaskId{i}, written(std::to_string(i) + ",", "e" + std::to_string(i))));
  }
  ASSERT_TRUE(output.ended(TaskId{0}, written("0,", "e0")));
  std::string out;
  std::string err;
  for (int i = 0; i < 50; ++i) {
    out += std::to_string(i) + ",";
    err += "e" + std::to_string(i);
  }
  EXPECT_EQ(output.out(), out);
  EXPECT_EQ(output.err(), err);
}

TEST(CommandOutput, ReusesTheSpaceOfTheFile) {
  HeldOutput held(0, testing::TempDir());
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(held.hold(1, {"a", "b"}));
    ASSERT_TRUE(held.hold(2, {"", std::string(100'000, 'x')}));
    EXPECT_EQ((*held.take(2))->err.size(), 100'000U);
    EXPECT_EQ((*held.take(1))->out, "a");
    EXPECT_FALSE(held.take(1)->has_value());
  }
}

TEST(CommandOutput, ReportsThatOutputCannotBeHeld) {
  CommandOutput output({.keep_order = true, .memory_bytes = 0, .temporary_directory = "/nowhere"});
  EXPECT_THAT(output.ended(TaskId{1}, written("x")).error().message,
              HasSubstr("in /nowhere: No such file or directory"));
}

TEST(CommandOutput, PrintsABacklogInChunks) {
  CommandOutput output(in_order(1U << 30U));
  const std::string big(1U << 20U, 'x');
  for (std::uint32_t i = 1; i < 20; ++i) ASSERT_TRUE(output.ended(TaskId{i}, written(big)));
  ASSERT_TRUE(output.ended(TaskId{0}, written(big)));
  std::size_t printed = 0;
  for (;;) {
    EXPECT_LE(output.out().size(), limits::printed_bytes + big.size());
    printed += output.out().size();
    output.out().clear();
    if (!output.has_more()) break;
    ASSERT_TRUE(output.print_more());
  }
  EXPECT_EQ(printed, 20 * big.size());
}

TEST(CommandOutput, SkipsTasksThatNeverEndedAfterFinish) {
  CommandOutput output(in_order());
  ASSERT_TRUE(output.ended(TaskId{5}, written("f")));
  ASSERT_TRUE(output.ended(TaskId{2}, written("c")));
  EXPECT_FALSE(output.has_more());
  output.finish();
  EXPECT_TRUE(output.has_more());
  ASSERT_TRUE(output.print_more());
  EXPECT_EQ(output.out(), "cf");
}

TEST(CommandOutput, TagsEachLine) {
  CommandOutput output({.tag = true, .temporary_directory = {}});
  ASSERT_TRUE(output.ended(TaskId{0}, written("a\n\nb", "e\n")));
  EXPECT_EQ(output.out(), "tag\ta\ntag\t\ntag\tb\n");
  EXPECT_EQ(output.err(), "tag\te\n");
}

TEST(CommandOutput, ReportsDroppedBytes) {
  CommandOutput output({});
  WrittenOutput cut = written("x", "no newline");
  cut.out_dropped = 7;
  ASSERT_TRUE(output.ended(TaskId{4}, cut));
  EXPECT_EQ(output.out(), "x");
  EXPECT_EQ(
      output.err(),
      "no newline\nrollcall: task 4: 7 more bytes of standard output dropped (--max-output)\n");
}

TEST(CommandOutput, WritesAFileForEachStream) {
  const std::string directory = testing::TempDir() + "rollcall-output-test";
  std::filesystem::create_directories(directory);
  const auto content = [&](const std::string& name) {
    std::ifstream file(directory + "/" + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  ASSERT_TRUE(write_output_files(directory, TaskId{12}, written("longer than before")));
  ASSERT_TRUE(write_output_files(directory, TaskId{12}, written({"o\0", 2}, "e")));
  EXPECT_EQ(content("12.out"), std::string("o\0", 2));
  EXPECT_EQ(content("12.err"), "e");
  std::filesystem::remove_all(directory);
  EXPECT_EQ(write_output_files(directory, TaskId{1}, written("")).error().message,
            directory + "/1.out: No such file or directory");
}

TEST(Joblog, HasTheColumnsOfGnuParallel) {
  EXPECT_EQ(joblog_header(),
            "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n");
  JoblogRow row;
  row.seq = 3;
  row.host = "here-7";
  row.start = std::chrono::milliseconds(1'700'000'000'125);
  row.elapsed = std::chrono::milliseconds(1208);
  row.sent = 1;
  row.received = 20;
  row.exit_value = 2;
  row.signal = 15;
  row.command = "echo 'a\tb\nc'";
  EXPECT_EQ(joblog_line(row),
            "3\there-7\t1700000000.125\t     1.208\t1\t20\t2\t15\techo 'a\\tb\\nc'\n");
}

TEST(Joblog, MapsEachCommandEndToAnExitValue) {
  CommandResult result;
  result.status = 5;
  EXPECT_EQ(joblog_exit_value(result), 5);
  result = {};
  result.end = CommandEnd::not_started;
  result.error = ENOENT;
  EXPECT_EQ(joblog_exit_value(result), 127);
  result.error = EACCES;
  EXPECT_EQ(joblog_exit_value(result), 126);
  result.end = CommandEnd::timed_out;
  EXPECT_EQ(joblog_exit_value(result), -1);
  result.end = CommandEnd::signalled;
  EXPECT_EQ(joblog_exit_value(result), 0);
}

}  // namespace
}  // namespace rollcall::coordinator
