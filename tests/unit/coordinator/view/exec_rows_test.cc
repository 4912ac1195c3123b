// Rows of commands, as CSV and JSON.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "coordinator/view/exec_display.h"
#include "coordinator/view/row.h"
#include "tests/support/json_schema.h"
#include "tests/support/output_test_files.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using nlohmann::json;
using testing::EndsWith;

TaskInput lines(const std::string& text) {
  TaskInput input = TaskInput::lines('\n');
  EXPECT_TRUE(input.add(text));
  EXPECT_TRUE(input.finish());
  return input;
}

TaskInput sweep(const std::vector<std::string>& first, const std::vector<std::string>& second) {
  std::vector<InputSource> sources;
  for (const auto* values : {&first, &second}) {
    LineStore store('\n');
    for (const std::string& value : *values) EXPECT_TRUE(store.add(value + "\n"));
    sources.push_back({std::move(store)});
  }
  return TaskInput::combinations(*Combinations::of(std::move(sources)));
}

/// A run of commands on one worker, all of which succeeded within two seconds.
struct Ran {
  Ran(TaskInput input, const TemplateOptions& options, const Command& common = {})
      : commands(std::move(input), CommandTemplate({"echo", "{}"}, options), common),
        run(static_cast<std::uint32_t>(commands.size())) {
    EXPECT_TRUE(commands.name_columns());
    run.worker();
    for (std::uint32_t task = 0; task < commands.size(); ++task) run.done(task);
  }
  RunCommands shown() const { return {&commands, &results, &tails}; }
  /// The end of each line, from seq on; the header is the first.
  std::vector<std::string> csv() const {
    const ExecDisplay display(shown());
    RowWriter rows(run.records(), display);
    std::string text;
    rows.append_csv_header(text);
    for (std::size_t record = 0; record < run.records().accepted(); ++record) {
      rows.append_csv(text, record);
    }
    return lines_of(text);
  }
  json object(std::size_t record) const {
    const ExecDisplay display(shown());
    std::string row = "{";
    RowWriter(run.records(), display).append_json_members(row, record);
    return json::parse(row + "}");
  }

  TaskCommands commands;
  CommandResults results;
  std::vector<FailureTail> tails;
  mutable RunRecordsBuilder run;
};

TEST(ExecRows, HaveParametersAsColumns) {
  const Ran ran(sweep({"a", "b c"}, {"1", "2,3"}), {.sources = 2, .names_sources = true});
  const std::vector<std::string> csv = ran.csv();
  ASSERT_EQ(csv.size(), 5U);
  EXPECT_THAT(csv[0], EndsWith(",accepted,exit_status,signal,error,cpu_seconds,peak_rss_bytes,"
                               "stdout_dropped_bytes,stderr_dropped_bytes,seq,worker_name,"
                               "run_seconds,input,command,arg1,arg2"));
  EXPECT_THAT(csv[1], EndsWith(",1,w1,2.000000000,a 1,echo a 1,a,1"));
  EXPECT_THAT(csv[4], EndsWith(",4,w1,2.000000000,\"b c 2,3\",\"echo 'b c' 2,3\",b c,\"2,3\""));
  EXPECT_EQ(ran.object(3).at("columns"), json({{"arg1", "b c"}, {"arg2", "2,3"}}));
}

TEST(ExecRows, HaveAsManyColumnsAsTheLongestLine) {
  const Ran ran(lines("a\nb;c;d\n\n"), {.colsep = ";"});
  const std::vector<std::string> csv = ran.csv();
  EXPECT_THAT(csv[0], EndsWith(",command,arg1,arg2,arg3"));
  EXPECT_THAT(csv[1], EndsWith(",a,echo a,a,,"));
  EXPECT_THAT(csv[2], EndsWith(",b;c;d,echo 'b;c;d',b,c,d"));
  EXPECT_THAT(csv[3], EndsWith(",,echo '',,,"));
  EXPECT_EQ(ran.object(0).at("columns"), json({{"arg1", "a"}}));
  EXPECT_EQ(ran.object(2).at("input"), "");
}

TEST(ExecRows, HaveTheNamesOfAHeader) {
  TaskInput input = TaskInput::lines({'\n', {}, /*has_header=*/true});
  EXPECT_TRUE(input.add("size,task\n3,x\n"));
  EXPECT_TRUE(input.finish());
  const Ran ran(std::move(input), {.colsep = ","});
  EXPECT_THAT(ran.csv()[0], EndsWith(",command,size,task_")) << "there is a column task";
  EXPECT_THAT(ran.csv()[1], EndsWith(",3,x"));
  EXPECT_EQ(ran.object(0).at("columns"), json({{"size", "3"}, {"task", "x"}}));
}

TEST(ExecRows, HaveUniqueNames) {
  TaskInput input = TaskInput::lines({'\n', {}, /*has_header=*/true});
  EXPECT_TRUE(input.add(",task,task_,arg5\n1,2,3,4,5\n"));
  EXPECT_TRUE(input.finish());
  const Ran ran(std::move(input), {.colsep = ","});
  EXPECT_THAT(ran.csv()[0], EndsWith(",command,arg1,task__,task_,arg5,arg5_"));
  EXPECT_EQ(ran.object(0).at("columns").size(), 5U);
}

TEST(ExecRows, HaveNoColumnsForWholeLines) {
  const Ran ran(lines("a\nb\n"), {});
  EXPECT_THAT(ran.csv()[0], EndsWith(",input,command"));
  EXPECT_EQ(ran.object(1).at("columns"), nullptr);
  EXPECT_EQ(ran.object(1).at("seq"), 2);
  EXPECT_EQ(ran.object(1).at("task"), 1);
  EXPECT_EQ(ran.object(1).at("worker_name"), "w1");
  EXPECT_EQ(ran.object(1).at("run_seconds"), 2.0);
}

TEST(ExecRows, HaveTheExactBytesOfText) {
  const Ran ran(lines("\xff\"\n"), {});
  const json row = ran.object(0);
  EXPECT_EQ(row.at("input"), "\ufffd\"");
  EXPECT_EQ(row.at("input_base64"), "/yI=");
  EXPECT_EQ(row.at("command_base64"), "ZWNobyAn/yIn");
  EXPECT_THAT(ran.csv()[1], EndsWith(",\"\xff\"\"\",\"echo '\xff\"\"'\""));
  const JsonSchema schema(json::parse(
      read_file(std::string(ROLLCALL_SOURCE_DIR) + "/docs/reference/row-1.schema.json")));
  EXPECT_EQ(schema.misfit(row), "");
}

TEST(ExecRows, NameTheFileOfTheStandardInput) {
  Command common;
  common.cwd = "/a b";
  common.env = {"N=1"};
  common.input = std::string(100'000, 'x');
  Ran ran(lines("a\n"), {}, common);
  ran.commands.name_input("my input");
  EXPECT_EQ(ran.object(0).at("command"), "(cd -- '/a b' && env N=1 echo a) < 'my input'");
}

TEST(ExecRows, SeparateTheLinesOfATask) {
  TaskInput input = TaskInput::lines('\n');
  GroupLimits limits;
  limits.lines = 2;
  limits.bytes = 1'000;
  limits.bytes_of = [](std::string_view line) { return line.size(); };
  ASSERT_TRUE(input.group(std::move(limits)));
  ASSERT_TRUE(input.add("a\nb c\nd\n"));
  ASSERT_TRUE(input.finish());
  const Ran ran(std::move(input), {});
  EXPECT_EQ(ran.object(0).at("input"), "a\nb c");
  EXPECT_EQ(ran.object(0).at("columns"), nullptr);
  EXPECT_EQ(ran.object(1).at("input"), "d");
}

TEST(ExecRows, OfALostTaskHaveNoWorker) {
  Ran ran(lines("a\n"), {});
  RunRecordsBuilder lost(1);
  lost.decided(0, Outcome::lost, 1s);
  ran.run = std::move(lost);
  EXPECT_EQ(ran.object(0).at("worker_name"), nullptr);
  EXPECT_EQ(ran.object(0).at("run_seconds"), nullptr);
  EXPECT_EQ(ran.object(0).at("command"), "echo a");
}

}  // namespace
}  // namespace rollcall::coordinator
