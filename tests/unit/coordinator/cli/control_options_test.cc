// The command lines of `rollcall status` and `rollcall drain`.
#include <gtest/gtest.h>

#include "coordinator/commands/command_line.h"
#include "tests/support/command_line_fixture.h"

namespace rollcall::coordinator {
namespace {

Invocation parse(std::vector<std::string> arguments) {
  return cli::Start{std::move(arguments), {}}(parse_command_line);
}

TEST(ControlOptions, NameTheRunAndTheWorker) {
  const Invocation status = parse({"status", "--control", "s", "--output", "json"});
  ASSERT_TRUE(std::holds_alternative<StatusOptions>(status));
  EXPECT_EQ(std::get<StatusOptions>(status).control, "s");
  EXPECT_EQ(std::get<StatusOptions>(status).output, OutputFormat::json);
  const Invocation drain = parse({"drain", "node1", "--drain", "return"});
  ASSERT_TRUE(std::holds_alternative<DrainOptions>(drain));
  EXPECT_EQ(std::get<DrainOptions>(drain).worker, "node1");
  EXPECT_EQ(std::get<DrainOptions>(drain).mode, DrainMode::return_running);
  EXPECT_EQ(std::get<DrainOptions>(parse({"drain", "all"})).mode, DrainMode::finish);
  const Invocation sleep = parse({"sleep", "--control", "s"});
  ASSERT_TRUE(std::holds_alternative<std::unique_ptr<TaskKind>>(sleep));
  EXPECT_EQ(std::get<std::unique_ptr<TaskKind>>(sleep)->options().control, "s");
}

TEST(ControlOptions, AreRejectedWithTheExpectedForm) {
  EXPECT_EQ(cli::shown(parse({"drain"})),
            "2: rollcall drain: WORKER is missing: expected a worker's name, or all\n");
  EXPECT_EQ(cli::shown(parse({"drain", "a", "--drain", "later"})),
            "2: rollcall drain: --drain \"later\": expected finish or return\n");
  EXPECT_EQ(cli::shown(parse({"drain", "a", "--output", "jsonl"})),
            "2: rollcall drain: --output \"jsonl\": expected text or json\n");
  EXPECT_EQ(cli::shown(parse({"status", "--output", "jsonl"})),
            "2: rollcall status: --output \"jsonl\": expected text or json\n");
}

TEST(ControlOptions, TakeTheFormatOfTheEnvironment) {
  const auto formats = [](const char* value) {
    std::vector<OutputFormat> parsed;
    const auto with = [&](std::vector<std::string> arguments) {
      return cli::Start{std::move(arguments), {{"ROLLCALL_OUTPUT", value}}}(parse_command_line);
    };
    parsed.push_back(std::get<StatusOptions>(with({"status"})).output);
    parsed.push_back(std::get<DrainOptions>(with({"drain", "all"})).output);
    parsed.push_back(std::get<ValidateOptions>(with({"validate", "run.db"})).output);
    return parsed;
  };
  EXPECT_EQ(formats("json"), std::vector(3, OutputFormat::json));
  EXPECT_EQ(formats("jsonl"), std::vector(3, OutputFormat::json));
  EXPECT_EQ(formats("text"), std::vector(3, OutputFormat::text));
}

TEST(ControlHelp, FitsOnOneScreen) {
  StatusOptions status;
  DrainOptions drain;
  for (const cli::CommandSpec& command : {status_command(status), drain_command(drain)}) {
    EXPECT_LE(cli::lines_of(cli::help_text(command)).size(), 24U);
    EXPECT_LE(cli::longest_line(cli::help_all_text(command)), 80U);
  }
}

TEST(ReportOptions, NameAJournal) {
  EXPECT_EQ(cli::shown(parse({"report"})),
            "2: rollcall report: FILE is missing: expected the journal of a run\n");
  const Invocation report = parse({"report", "--output", "json", "run.db"});
  const auto* parsed = std::get_if<ReportOptions>(&report);
  ASSERT_NE(parsed, nullptr);
  EXPECT_EQ(parsed->journal, "run.db");
  EXPECT_EQ(parsed->format, ReportFormat::json);
  EXPECT_FALSE(parsed->failed);
  const Invocation failed = parse({"report", "r.csv", "--failed", "--output", "commands"});
  ASSERT_NE(std::get_if<ReportOptions>(&failed), nullptr);
  EXPECT_TRUE(std::get_if<ReportOptions>(&failed)->failed);
  EXPECT_EQ(std::get_if<ReportOptions>(&failed)->format, ReportFormat::commands);
  EXPECT_EQ(cli::shown(parse({"report", "r.csv", "--output", "commands"})),
            "2: rollcall report: --output \"commands\": requires --failed\n");
  const Invocation output = parse({"output", "run.db", "17"});
  ASSERT_NE(std::get_if<OutputOptions>(&output), nullptr);
  EXPECT_EQ(std::get_if<OutputOptions>(&output)->journal, "run.db");
  EXPECT_EQ(std::get_if<OutputOptions>(&output)->task, 17U);
  EXPECT_EQ(cli::shown(parse({"output", "run.db"})),
            "2: rollcall output: TASK is missing: expected its number, from 0\n");
  EXPECT_EQ(cli::shown(parse({"output", "run.db", "x"})),
            "2: rollcall output: TASK \"x\": expected a whole number from 0 to 1000000000\n");
  EXPECT_EQ(cli::shown(parse({"output", "run.db", "1", "2"})),
            "2: rollcall output: unexpected argument \"2\": see rollcall output --help\n");
  const Invocation validate = parse({"validate", "run.db"});
  ASSERT_NE(std::get_if<ValidateOptions>(&validate), nullptr);
  EXPECT_EQ(std::get_if<ValidateOptions>(&validate)->journal, "run.db");
}

}  // namespace
}  // namespace rollcall::coordinator
