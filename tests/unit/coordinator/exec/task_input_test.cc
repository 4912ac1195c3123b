// The input of `rollcall exec`.
#include "coordinator/exec/input/task_input.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "common/base/rng.h"
#include "common/limits.h"
#include "coordinator/exec/input/task_commands.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts(const TaskInput& input) {
  std::vector<std::string> all;
  for (std::uint64_t i = 0; i < input.size(); ++i) all.push_back(input.text(i));
  return all;
}

std::vector<std::string> lines_of(std::string_view bytes, char separator = '\n') {
  TaskInput input = TaskInput::lines(separator);
  EXPECT_TRUE(input.add(bytes));
  EXPECT_TRUE(input.finish());
  return texts(input);
}

std::string error_of(TaskInput input, std::string_view bytes) {
  Result<void> done = input.add(bytes);
  if (done) done = input.finish();
  return done ? "" : done.error().message;
}

TEST(TaskInput, PreservesLines) {
  EXPECT_THAT(lines_of(""), IsEmpty());
  EXPECT_THAT(lines_of("a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of("a\nb"), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of("\n\n"), ElementsAre("", ""));
  EXPECT_THAT(lines_of("a\r\n b \n\t"), ElementsAre("a\r", " b ", "\t"));
  EXPECT_THAT(lines_of("\xff\xfe\n"), ElementsAre("\xff\xfe"));
}

/// As a damaged journal may have it.
TEST(TaskInput, BytesThatAreNoBlockAreNoTask) {
  TaskInput input = TaskInput::blocks({});
  EXPECT_FALSE(input.add("a\n" + std::string(limits::block_bytes_most + 1, 'x')));
  EXPECT_FALSE(input.end_task());
  EXPECT_EQ(input.size(), 1U);
}

TEST(TaskInput, CountsCarriageReturns) {
  const auto count = [](TaskInput input, std::string_view bytes) {
    EXPECT_TRUE(input.add(bytes));
    EXPECT_TRUE(input.finish());
    return input.carriage_returns();
  };
  EXPECT_EQ(count(TaskInput::lines('\n'), "a\r\nb\nc\rd\n\r\ne\r"), 3U);
  EXPECT_EQ(count(TaskInput::json(), "{\"args\": [\"a\"]}\r\n"), 0U);
  EXPECT_EQ(TaskInput::range({0, 1, 2}).carriage_returns(), 0U);
}

TEST(TaskInput, SplitsLinesAtNuls) {
  using namespace std::string_view_literals;
  EXPECT_THAT(lines_of("a\nb\0\0c\0"sv, '\0'), ElementsAre("a\nb", "", "c"));
}

TEST(TaskInput, ReportsTheNumberOfAnInvalidLine) {
  using namespace std::string_view_literals;
  EXPECT_THAT(error_of(TaskInput::lines('\n'), "a\nb\0\n"sv), HasSubstr("line 2 contains a NUL"));
  const std::string longest(limits::input_line_bytes, 'x');
  EXPECT_EQ(error_of(TaskInput::lines('\n'), longest + "\n" + longest), "");
  EXPECT_EQ(error_of(TaskInput::lines('\n'), "\n" + longest + "x\n"),
            "line 2 is longer than 131071 bytes");
  EXPECT_EQ(error_of(TaskInput::lines('\n'), std::string(10'000'000, 'x')),
            "line 1 is longer than 131071 bytes");
}

TEST(TaskInput, AcceptsChunksOfAnySize) {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    std::vector<std::string> expected(1);
    for (std::uint64_t n = rng.below(400); n > 0; --n) {
      const char c = rng.below(5) == 0 ? '\n' : static_cast<char>('a' + rng.below(26));
      bytes += c;
      if (c == '\n') {
        expected.emplace_back();
      } else {
        expected.back() += c;
      }
    }
    if (expected.back().empty()) expected.pop_back();
    TaskInput input = TaskInput::lines('\n');
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = rng.below(20) + 1;
      ASSERT_TRUE(input.add(std::string_view(bytes).substr(at, size)));
      at += size;
    }
    ASSERT_TRUE(input.finish());
    ASSERT_EQ(texts(input), expected);
  }
}

TEST(TaskInput, StoresManyLinesCompactly) {
  LineStore store('\n');
  const std::string line = "some/directory/with/a/file-of-a-usual-length.txt";
  std::uint64_t bytes = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const std::string each = line + std::to_string(i) + "\n";
    ASSERT_TRUE(store.add(each));
    bytes += each.size();
  }
  ASSERT_TRUE(store.finish());
  EXPECT_EQ(store.size(), 1'000'000U);
  EXPECT_LT(store.memory(), bytes + bytes / 50);
  for (const std::uint64_t i : {0U, 1U, 15U, 16U, 20'000U, 20'001U, 999'999U}) {
    EXPECT_EQ(store[i], line + std::to_string(i));
  }
}

TEST(TaskInput, ReadsAFileDescriptor) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "a\nb", 3), 3);
  ::close(ends[1]);
  TaskInput input = TaskInput::lines('\n');
  EXPECT_TRUE(input.read(ends[0]));
  ::close(ends[0]);
  EXPECT_THAT(texts(input), ElementsAre("a", "b"));
  EXPECT_EQ(TaskInput::lines('\n').read(-1).error().message, "cannot be read: Bad file descriptor");
}

TEST(TaskInput, EnumeratesARange) {
  EXPECT_THAT(texts(TaskInput::range(*parse_range("8-11"))), ElementsAre("8", "9", "10", "11"));
  EXPECT_THAT(texts(TaskInput::range(*parse_range("0-10:4"))), ElementsAre("0", "4", "8"));
  EXPECT_THAT(texts(TaskInput::range(*parse_range("5-5"))), ElementsAre("5"));
  EXPECT_EQ(parse_range("0-9223372036854775807:9223372036854775807")->count, 2U);
  EXPECT_EQ(parse_range("1-1000000000")->count, limits::task_count);
}

TEST(TaskInput, RefusesAnInvalidRange) {
  for (const char* text : {"", "5", "1-", "-5", "1--5", "5-1", "1-5:", "1-5:0", "1-5:-1", "a-b",
                           "1-5x", " 1-5", "1 - 5", "+1-5", "1-5:1:1", "0-9223372036854775808"}) {
    EXPECT_FALSE(parse_range(text)) << text;
  }
  EXPECT_EQ(parse_range("0-1000000000").error().message, "more than 1000000000 tasks");
}

TEST(TaskInput, ParsesAJsonCommand) {
  const Command command = *parse_json_command(
      R"({"args": ["a b", "", "\u00e9\n"], "env": {"A": "1", "B": ""}, "cwd": "/x",)"
      R"( "stdin": "in\u0000\n", "timeout": "1.5s"})");
  EXPECT_THAT(command.args, ElementsAre("a b", "", "\xc3\xa9\n"));
  EXPECT_THAT(command.env, ElementsAre("A=1", "B="));
  EXPECT_EQ(command.cwd, "/x");
  EXPECT_EQ(command.input, std::string("in\0\n", 4));
  EXPECT_EQ(command.timeout, std::chrono::milliseconds(1500));
}

TEST(TaskInput, ReportsWhatIsWrongWithAJsonCommand) {
  const auto error = [](std::string_view line) { return parse_json_command(line).error().message; };
  EXPECT_EQ(error(""), "is not JSON");
  EXPECT_EQ(error("{\"args\": [\"a\"]} x"), "is not JSON");
  EXPECT_EQ(error("{\"args\": [\"\xff\"]}"), "is not JSON");
  EXPECT_EQ(error("[]"), "is not a JSON object");
  EXPECT_EQ(error("{}"), "\"args\" is missing");
  const std::string args = "\"args\" must be a list of strings, the program first";
  EXPECT_EQ(error(R"({"args": []})"), args);
  EXPECT_EQ(error(R"({"args": "ls -l"})"), args);
  EXPECT_EQ(error(R"({"args": ["a", 1]})"), "each of \"args\" must be a string");
  EXPECT_EQ(error(R"({"args": ["a\u0000"]})"), "each of \"args\" must not contain a NUL");
  EXPECT_EQ(error(R"({"args": ["a"], "arg": 1})"),
            "unknown member \"arg\": expected args, env, cwd, stdin or timeout");
  EXPECT_EQ(error(R"({"args": ["a"], "env": ["A=1"]})"), "\"env\" must be an object of strings");
  EXPECT_EQ(error(R"({"args": ["a"], "env": {"A": 1}})"), "\"env\": \"A\" must be a string");
  EXPECT_EQ(error(R"({"args": ["a"], "env": {"A=": "1"}})"),
            "\"env\" has an invalid variable name");
  EXPECT_EQ(error(R"({"args": ["a"], "timeout": 30})"),
            "\"timeout\" must be a string such as \"30s\"");
  EXPECT_THAT(error(R"({"args": ["a"], "timeout": "soon"})"), HasSubstr("\"timeout\": expected"));
}

TEST(TaskInput, ReportsTheLineOfAnInvalidJsonCommand) {
  const std::string good = "{\"args\": [\"a\"]}\n";
  EXPECT_EQ(error_of(TaskInput::json(), good + good), "");
  EXPECT_EQ(error_of(TaskInput::json(), good + "{}\n" + good), "line 2: \"args\" is missing");
  EXPECT_EQ(error_of(TaskInput::json(), good + good + "{"), "line 3: is not JSON");
  EXPECT_EQ(error_of(TaskInput::json(), good + R"({"args": ["a"], "args": ["b"]})"),
            "line 2: \"args\" is given twice");
  EXPECT_EQ(error_of(TaskInput::json(), R"({"args": ["a"], "env": {"A": "1", "A": "2"}})"),
            "line 1: \"A\" is given twice");
  for (const std::string timeout : {"0s", "0", "0.9ms"}) {
    EXPECT_EQ(error_of(TaskInput::json(), R"({"args": ["a"], "timeout": ")" + timeout + "\"}"),
              "line 1: \"timeout\": expected a time of at least 1ms");
  }
  EXPECT_EQ(error_of(TaskInput::json(), R"({"args": ["a"], "timeout": "1ms"})"), "");
  EXPECT_EQ(error_of(TaskInput::json(), good + "\n"), "line 2: is not JSON");
}

TEST(TaskInput, AcceptsWhatEarlierVersionsSaved) {
  TaskInput input = TaskInput::saved_json();
  EXPECT_TRUE(input.add("{\"args\": [\"a\"], \"args\": [\"b\"], \"timeout\": \"0s\"}\n"));
  EXPECT_THAT(parse_json_command(input.text(0))->args, ElementsAre("b"));
  EXPECT_FALSE(input.add("{}\n"));
}

TEST(TaskCommands, FillsTheTemplate) {
  Command common;
  common.env = {"A=1"};
  common.cwd = "/x";
  const TaskCommands commands(TaskInput::range(*parse_range("5-6")),
                              CommandTemplate({"echo", "{}", "{#}"}, {}), common);
  EXPECT_EQ(commands.size(), 2U);
  const Command second = commands[TaskId{1}];
  EXPECT_THAT(second.args, ElementsAre("echo", "6", "1"));
  EXPECT_THAT(second.env, ElementsAre("A=1"));
  EXPECT_EQ(second.cwd, "/x");
  EXPECT_EQ(commands.text(TaskId{1}), "6");
}

TEST(TaskCommands, OverridesCommonPropertiesByThoseOfTheLine) {
  TaskInput input = TaskInput::json();
  ASSERT_TRUE(
      input.add("{\"args\": [\"a\"]}\n"
                "{\"args\": [\"b\"], \"env\": {\"A\": \"2\"}, \"cwd\": \"/y\", "
                "\"stdin\": \"i\", \"timeout\": \"2s\"}\n"));
  ASSERT_TRUE(input.finish());
  Command common;
  common.env = {"A=1"};
  common.cwd = "/x";
  common.timeout = std::chrono::seconds(9);
  const TaskCommands commands(std::move(input), std::nullopt, common);
  EXPECT_EQ(commands[TaskId{0}].cwd, "/x");
  EXPECT_EQ(commands[TaskId{0}].timeout, std::chrono::seconds(9));
  const Command second = commands[TaskId{1}];
  EXPECT_THAT(second.args, ElementsAre("b"));
  EXPECT_THAT(second.env, ElementsAre("A=1", "A=2"));
  EXPECT_EQ(second.cwd, "/y");
  EXPECT_EQ(second.input, "i");
  EXPECT_EQ(second.timeout, std::chrono::seconds(2));
}

TEST(TaskInput, AHeaderIsNoTask) {
  TaskInput input = TaskInput::lines({.separator = '\n', .csv = ',', .has_header = true});
  EXPECT_EQ(input.header(), std::nullopt);
  ASSERT_TRUE(input.add("\"na"));
  EXPECT_EQ(input.header(), std::nullopt);
  EXPECT_EQ(input.size(), 0U);
  ASSERT_TRUE(input.add("me\",b\n1,2\r\n"));
  EXPECT_THAT(*input.header(), ElementsAre("\"name\",b"));
  ASSERT_TRUE(input.finish());
  EXPECT_THAT(texts(input), ElementsAre("1,2"));
  EXPECT_THAT(input.values(0), ElementsAre("1,2\r"));
  EXPECT_EQ(input.line_count(), 2U) << "a journal has the header, too";
}

TEST(TaskInput, EachInputHasItsHeader) {
  std::vector<InputSource> sources;
  for (const char* lines : {"a\n1\n2\n", "b\n3\n"}) {
    LineStore store('\n');
    ASSERT_TRUE(store.add(lines));
    sources.push_back({std::move(store), false, true, /*has_header=*/true});
  }
  sources.push_back({NumberRange{5, 1, 1}, false, false, false});
  const TaskInput input = TaskInput::combinations(*Combinations::of(std::move(sources)));
  EXPECT_THAT(*input.header(), ElementsAre("a", "b", ""));
  EXPECT_THAT(texts(input), ElementsAre("1 3 5", "2 3 5"));
  EXPECT_EQ(input.line_count(), 6U);
  EXPECT_EQ(input.line(3), "b");
  EXPECT_EQ(input.source_sizes(), (std::vector<std::vector<std::uint64_t>>{{2}, {1}, {1}}));
}

TEST(TaskCommands, UseTheNamesOnceTheyArrive) {
  TemplateOptions comma;
  comma.colsep = ",";
  TaskCommands commands(TaskInput::lines({.separator = '\n', .csv = {}, .has_header = true}),
                        CommandTemplate({"echo", "{b}"}, comma), {});
  ASSERT_TRUE(commands.add("a,b"));
  EXPECT_EQ(commands.size(), 0U);
  ASSERT_TRUE(commands.add("\n1,2\n"));
  EXPECT_EQ(commands.size(), 1U);
  EXPECT_THAT(commands[TaskId{0}].args, ElementsAre("echo", "2"));
}

TEST(TaskCommands, AHeaderThatIsInvalidEndsTheInput) {
  TemplateOptions comma;
  comma.colsep = ",";
  TaskCommands commands(TaskInput::lines({.separator = '\n', .csv = {}, .has_header = true}),
                        CommandTemplate({"echo", "{b}"}, comma), {});
  EXPECT_EQ(commands.add("b,b\n1,2\n").error().message, "line 1: two columns are named \"b\"");
  EXPECT_EQ(commands.size(), 0U);
}

}  // namespace
}  // namespace rollcall::coordinator
