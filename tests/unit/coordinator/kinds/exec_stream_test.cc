// Lines that arrive while the run goes on.
#include "coordinator/kinds/exec_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TaskCommands echo_of(TaskInput input, const std::vector<std::string>& words = {"echo", "{}"}) {
  return {std::move(input), CommandTemplate(words, {true, false, {}}), {}};
}

StreamSource standard_input() {
  return {"standard input", {}};
}

TEST(ExecStream, EachCompleteLineIsATask) {
  TaskCommands commands = echo_of(TaskInput::lines('\n'));
  ExecStream stream(commands, standard_input(), "\n");
  ASSERT_TRUE(stream.add("a\nb"));
  EXPECT_EQ(stream.size(), 1U);
  ASSERT_TRUE(stream.add("c\n\n"));
  EXPECT_EQ(stream.size(), 3U);
  ASSERT_TRUE(stream.add("d"));
  ASSERT_TRUE(stream.finish());
  EXPECT_EQ(stream.size(), 4U);
  EXPECT_THAT(commands[task_at(1)].args, ElementsAre("echo", "bc"));
}

TEST(ExecStream, LinesBeforeAnInvalidOneAreTasks) {
  TaskCommands commands(TaskInput::json(), std::nullopt, {});
  ExecStream stream(commands, standard_input(), "\n");
  const auto added = stream.add("{\"args\":[\"true\"]}\nnonsense\n{\"args\":[\"true\"]}\n");
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, testing::StartsWith("standard input: line 2"));
  EXPECT_EQ(stream.size(), 1U);
}

TEST(ExecStream, LinesBeforeATooLongOneAreTasks) {
  TaskCommands commands = echo_of(TaskInput::lines('\n'));
  ExecStream stream(commands, standard_input(), "\n");
  const auto added =
      stream.add("a\nb\n" + std::string(limits::input_line_bytes + 1, 'x') + "\nc\n");
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, testing::StartsWith("standard input: line 3"));
  EXPECT_EQ(stream.size(), 2U);
}

TEST(ExecStream, LinesBeforeATooLongCommandAreTasks) {
  TaskCommands commands =
      echo_of(TaskInput::lines('\n'), std::vector<std::string>(100, std::string("{}")));
  ExecStream stream(commands, standard_input(), "\n");
  const auto added = stream.add("a\n" + std::string(100'000, 'x') + "\nc\n");
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, HasSubstr("standard input: the command of task 1 has 100"));
  EXPECT_EQ(stream.size(), 1U);
}

TEST(ExecStream, ACommitHasTheBlocksOfItsTasks) {
  RecordFormat format;
  format.block_bytes = 4;
  CommandTemplate words({"wc"}, {.append_input = false, .sources = 0, .has_values = false});
  TaskCommands commands(TaskInput::blocks(format), std::move(words), {});
  ExecStream stream(commands, standard_input(), "");
  ASSERT_TRUE(stream.add("a\nb\nccccc\nd"));
  EXPECT_EQ(stream.size(), 2U);
  EXPECT_EQ(commands[task_at(1)].input, "ccccc\n");
  CommittedTasks first{2, false, ""};
  stream.complete(first);
  EXPECT_EQ(first.text, "a\nb\nccccc\n");
  ASSERT_TRUE(stream.finish());
  CommittedTasks rest{1, true, ""};
  stream.complete(rest);
  EXPECT_EQ(rest.text, "d");
}

TEST(ExecStream, WholeRecordsBeforeAReadErrorAreABlock) {
  CommandTemplate words({"wc"}, {.append_input = false, .sources = 0, .has_values = false});
  TaskCommands commands(TaskInput::blocks({}), std::move(words), {});
  ExecStream stream(commands, standard_input(), "");
  ASSERT_TRUE(stream.add("one\ntwo\nthr"));
  EXPECT_EQ(stream.end_early("cannot be read").message, "standard input: cannot be read");
  ASSERT_EQ(stream.size(), 1U);
  EXPECT_EQ(commands[task_at(0)].input, "one\ntwo\n");
}

TEST(ExecStream, ACommitHasTheTextOfItsTasks) {
  TaskCommands commands = echo_of(TaskInput::lines('\n'));
  ExecStream stream(commands, standard_input(), "\n");
  ASSERT_TRUE(stream.add("one\ntwo\nthree\n"));
  CommittedTasks first{1, false, ""};
  stream.complete(first);
  EXPECT_EQ(first.text, "one\n");
  CommittedTasks rest{2, false, ""};
  stream.complete(rest);
  EXPECT_EQ(rest.text, "two\nthree\n");
}

/// What is read again from a journal is the input as it was.
TEST(ExecStream, TheFirstCommitHasTheHeader) {
  const std::string text = "\"na\"\"me\"\r\n\"1\n2\"\r\n3\r\n";
  TaskCommands commands = echo_of(TaskInput::lines({'\n', ',', /*has_header=*/true}));
  ExecStream stream(commands, standard_input(), "\n");
  ASSERT_TRUE(stream.add(text));
  EXPECT_EQ(stream.size(), 2U);
  CommittedTasks first{1, false, ""};
  stream.complete(first);
  CommittedTasks second{1, false, ""};
  stream.complete(second);
  EXPECT_EQ(first.text + second.text, text);
  EXPECT_EQ(second.text, "3\r\n");
}

TEST(ExecStream, ACommitOfAResumedRunContinuesTheInput) {
  TaskCommands commands = echo_of(TaskInput::lines('\0'));
  ASSERT_TRUE(commands.add(std::string("one\0", 4)));
  ExecStream stream(commands, standard_input(), std::string(1, '\0'));
  ASSERT_TRUE(stream.add(std::string("two\0", 4)));
  EXPECT_EQ(stream.size(), 2U);
  CommittedTasks tasks{1, false, ""};
  stream.complete(tasks);
  EXPECT_EQ(tasks.text, std::string("two\0", 4));
}

TEST(ExecStream, KnowsTheMeanSizeOfALine) {
  TaskCommands commands = echo_of(TaskInput::lines('\n'));
  ExecStream stream(commands, standard_input(), "\n");
  EXPECT_EQ(stream.mean_bytes(), 0U);
  ASSERT_TRUE(stream.add("a\nabcde\n"));
  EXPECT_EQ(stream.mean_bytes(), 4U);
}

TEST(ExecStream, LongerCommandsMakeSmallerMessages) {
  TaskCommands commands = echo_of(TaskInput::lines('\n'));
  ExecStream stream(commands, standard_input(), "\n");
  ASSERT_TRUE(stream.add("a\n"));
  const std::size_t before = stream.assignment_attempts();
  ASSERT_TRUE(stream.add(std::string(100'000, 'x') + "\n"));
  EXPECT_LT(stream.assignment_attempts(), before);
  EXPECT_GE(stream.assignment_attempts(), 1U);
}

TEST(ExecStream, CountsCarriageReturns) {
  TaskCommands commands = echo_of(TaskInput::lines('\n'));
  ExecStream stream(commands, standard_input(), "\n");
  ASSERT_TRUE(stream.add("a\n"));
  EXPECT_EQ(stream.warning(), "");
  ASSERT_TRUE(stream.add("b\r\n"));
  EXPECT_THAT(stream.warning(), HasSubstr("1 of 2 input lines end with a carriage return"));
}

TEST(ExecStream, CommitsAllLinesOfATask) {
  TaskInput lines = TaskInput::lines('\n');
  ASSERT_TRUE(lines.group({2, 1000, 0, [](std::string_view line) { return line.size(); }, false}));
  TaskCommands commands = echo_of(std::move(lines));
  ExecStream stream(commands, standard_input(), "\n");
  ASSERT_TRUE(stream.add("a\nb\nc\n"));
  EXPECT_EQ(stream.size(), 1U);
  CommittedTasks tasks{1, false, ""};
  stream.complete(tasks);
  EXPECT_EQ(tasks.text, "a\nb\n");
  EXPECT_EQ(stream.end_early("cannot be read").message, "standard input: cannot be read");
  EXPECT_EQ(stream.size(), 2U) << "the lines that were read are a task";
}

TEST(ExecStream, ReportsWhyTheRestIsLost) {
  TaskCommands commands = echo_of(TaskInput::lines('\n'));
  StreamSource source = standard_input();
  source.lost = "the rest is lost";
  ExecStream stream(commands, std::move(source), "\n");
  const auto opened = stream.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "standard input: the rest is lost");
}

}  // namespace
}  // namespace rollcall::coordinator
