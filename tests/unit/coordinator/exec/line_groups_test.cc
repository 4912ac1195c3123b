// Dividing lines into groups.
#include "coordinator/exec/input/line_groups.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "coordinator/exec/input/task_input.h"

namespace rollcall::coordinator {
namespace {

/// Counts as `echo`: a line and a NUL each, after five bytes.
GroupLimits limits_of(std::uint64_t lines, std::size_t bytes, bool is_strict = false) {
  return {lines, bytes, 5, [](std::string_view line) { return line.size() + 1; }, is_strict};
}

/// "a b|c|": the tasks so far.
std::string shown(const TaskInput& input) {
  std::string text;
  for (std::uint64_t task = 0; task < input.size(); ++task) text += input.text(task) + '|';
  return text;
}

TaskInput grouped(GroupLimits limits) {
  TaskInput input = TaskInput::lines('\n');
  EXPECT_TRUE(input.group(std::move(limits)));
  return input;
}

TEST(LineGroups, HaveSoManyLines) {
  TaskInput input = grouped(limits_of(2, 1000));
  ASSERT_TRUE(input.add("a\nb"));
  EXPECT_EQ(shown(input), "");
  ASSERT_TRUE(input.add("\n"));
  EXPECT_EQ(shown(input), "a b|") << "a full group waits for nothing";
  ASSERT_TRUE(input.add("c\nd\ne"));
  EXPECT_EQ(shown(input), "a b|c d|");
  ASSERT_TRUE(input.finish());
  EXPECT_EQ(shown(input), "a b|c d|e|");
  EXPECT_EQ(input.longest().values, 2U);
  EXPECT_EQ(input.longest().bytes, 2U);
}

/// As `seq 30 | xargs -s 20 echo`.
TEST(LineGroups, HaveSoManyBytes) {
  TaskInput input = grouped(limits_of(100, 20));
  for (int i = 1; i <= 17; ++i) ASSERT_TRUE(input.add(std::to_string(i) + '\n'));
  EXPECT_EQ(shown(input), "1 2 3 4 5 6 7|8 9 10 11 12|");
  ASSERT_TRUE(input.finish());
  EXPECT_EQ(shown(input), "1 2 3 4 5 6 7|8 9 10 11 12|13 14 15 16 17|");
}

TEST(LineGroups, HaveALineThatIsTooLongAlone) {
  TaskInput input = grouped(limits_of(100, 10));
  ASSERT_TRUE(input.add("a\n1234567890\nb\n"));
  ASSERT_TRUE(input.finish());
  EXPECT_EQ(shown(input), "a|1234567890|b|");
}

TEST(LineGroups, EndAtALineThatIsTooLong) {
  TaskInput input = grouped(limits_of(100, 10, true));
  const auto added = input.add("a\nb\n1234567890\nc\n");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().message,
            "line 3 makes a command of 16 bytes: expected at most 10 (--max-chars)");
  EXPECT_EQ(shown(input), "a b|");
}

TEST(LineGroups, EndAtAnInvalidLine) {
  TaskInput input = grouped(limits_of(100, 1000));
  ASSERT_FALSE(input.add(std::string("a\nb\n\0\n", 6)));
  EXPECT_EQ(shown(input), "a b|");
}

TEST(LineGroups, ContinueAfterWholeTasks) {
  TaskInput input = grouped(limits_of(3, 1000));
  ASSERT_TRUE(input.add("a\nb\n"));
  EXPECT_TRUE(input.end_task());
  EXPECT_EQ(shown(input), "a b|");
  ASSERT_TRUE(input.add("c\nd\ne\nf\n"));
  EXPECT_EQ(shown(input), "a b|c d e|");
}

TEST(LineGroups, AreOfNumbersToo) {
  TaskInput input = TaskInput::range({1, 1, 5});
  ASSERT_TRUE(input.group(limits_of(2, 1000)));
  EXPECT_EQ(shown(input), "1 2|3 4|5|");
}

}  // namespace
}  // namespace rollcall::coordinator
