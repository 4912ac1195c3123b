// Runs of commands: assignments, results, failures and output.
#include "coordinator/exec/results/exec_run.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/output/exec_output.h"
#include "coordinator/output/output.h"
#include "coordinator/view/exec_display.h"
#include "coordinator/view/failed_tasks.h"
#include "coordinator/view/row.h"
#include "tests/support/json_schema.h"
#include "tests/support/output_test_files.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

TaskCommands echo(std::uint64_t tasks) {
  return {TaskInput::range({0, 1, tasks}), CommandTemplate({"echo", "{}"}, {}), {}};
}

RunRecordsBuilder run_of(std::uint32_t tasks) {
  RunRecordsBuilder run(tasks, 0s, 0s);
  run.records().spec.kind = KindId::exec;
  run.records().spec.traits = traits_of(run.records().spec.kind);
  run.worker(2);
  return run;
}

/// Returns a report of first attempts of these tasks. Each command has printed its task number.
OutcomeColumns report_of(const std::vector<std::uint32_t>& tasks,
                         Outcome outcome = Outcome::failed) {
  OutcomeColumns outcomes;
  for (const std::uint32_t task : tasks) {
    outcomes.push_back(TaskId(task), 1, outcome, {}, 0ns, 0ns);
    outcomes.command.resize(outcomes.size());
    CommandResult& result = outcomes.command.back();
    result.status = static_cast<int>(task) + 1;
    result.out = "out" + std::to_string(task) + "\n";
    result.err = "err" + std::to_string(task) + "\n";
    result.cpu = 1ms;
    result.peak_rss_bytes = 4096;
  }
  return outcomes;
}

TEST(ExecRun, AddsCommandsToAssignments) {
  RunId id;
  id.bytes.fill(0x11);
  const ExecRun run(echo(9), id);
  AttemptColumns attempts;
  attempts.task = {TaskId{3}, TaskId{7}};
  attempts.attempt = {1, 2};
  run.fill(attempts);
  ASSERT_THAT(attempts.command, SizeIs(2));
  EXPECT_EQ(attempts.command[1].args, (std::vector<std::string>{"echo", "7"}));
  EXPECT_THAT(attempts.command[1].env, Contains("ROLLCALL_TASK_ID=7"));
  EXPECT_THAT(attempts.command[1].env, Contains("ROLLCALL_ATTEMPT=2"));
  EXPECT_THAT(attempts.command[0].env, Contains("ROLLCALL_RUN_ID=" + to_hex(id.bytes)));
  run.fill(attempts);  // as for a resent assignment
  EXPECT_THAT(attempts.command, SizeIs(2));
}

TEST(ExecRun, HasNoResultOfACommandThatWasCancelledBeforeItsStart) {
  RunRecordsBuilder run = run_of(2);
  run.done(0, 0, Outcome::cancelled).done(1, 0, Outcome::cancelled);
  OutcomeColumns report = report_of({0, 1}, Outcome::cancelled);
  for (CommandResult& result : report.command) result.end = CommandEnd::cancelled;
  report.command[0].peak_rss_bytes = 0;  // no process was started
  CommandResults results;
  EXPECT_EQ(results.add_accepted(run.records(), 0, report), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(results.unpublished(0), nullptr);
  EXPECT_NE(results.unpublished(1), nullptr);
}

TEST(ExecRun, HoldsAcceptedResultsUntilTheyArePublished) {
  RunRecordsBuilder run = run_of(4);
  // Task 1 was done before the report of 2, 1 and 0. The scheduler decided task 3 itself.
  run.done(1).done(2).done(0).decided(3, Outcome::cancelled, 1s);
  OutcomeColumns report = report_of({2, 1, 0}, Outcome::succeeded);
  CommandResults results;
  const std::vector<std::size_t> rows = results.add_accepted(run.records(), 1, report);
  EXPECT_EQ(rows, (std::vector<std::size_t>{0, 2}));
  ASSERT_NE(results.unpublished(1), nullptr);
  ASSERT_NE(results.unpublished(2), nullptr);
  EXPECT_EQ(results.unpublished(1)->out, "out2\n");
  EXPECT_EQ(results.unpublished(2)->out, "out0\n");
  EXPECT_EQ(results.unpublished(3), nullptr);
  EXPECT_THAT(results.for_commit(1, 3), SizeIs(2));
  EXPECT_THAT(results.for_commit(2, 1), SizeIs(1));
  results.set_spooled(2, {{SessionIndex{1}, TaskId{0}, 1, 1}, "the end"});
  EXPECT_EQ(results.spooled(1), nullptr);
  ASSERT_NE(results.spooled(2), nullptr);
  EXPECT_EQ(results.spooled(2)->err_end, "the end");
  results.mark_published(4);
  EXPECT_EQ(results.spooled(2), nullptr);
  EXPECT_EQ(results.unpublished(1), nullptr);
  EXPECT_EQ(results.facts(1)->status, 3);
  EXPECT_EQ(results.facts(2)->peak_rss_bytes, 4096U);
  EXPECT_FALSE(results.facts(3));
  EXPECT_FALSE(results.facts(4));
}

TEST(ExecRun, DropsTheResultOfAnotherAttempt) {
  RunRecordsBuilder run = run_of(2);
  run.dispatched(0).done(0);  // accepts the second attempt
  OutcomeColumns report = report_of({0});
  CommandResults results;
  results.add_accepted(run.records(), 0, report);
  EXPECT_EQ(results.unpublished(0), nullptr);
}

TEST(ExecRun, StoresWhyACommandCouldNotStart) {
  RunRecordsBuilder run = run_of(1);
  run.done(0, 0, Outcome::failed);
  OutcomeColumns report = report_of({0});
  report.command[0] = {};
  report.command[0].end = CommandEnd::not_started;
  report.command[0].error_text = "cannot start x, \"y\": No such file";
  ExecRun exec(echo(1), {});
  exec.results().add_accepted(run.records(), 0, report);
  exec.results().mark_published(1);
  EXPECT_EQ(exec.results().facts(0)->error, "cannot start x, \"y\": No such file");
  std::string row;
  const ExecDisplay display(exec.shown());
  RowWriter(run.records(), display).append_csv(row, 0);
  EXPECT_THAT(row, HasSubstr(",,,\"cannot start x, \"\"y\"\": No such file\",,,,,1,w1,"));
}

TEST(ExecRun, NamesTheTimeLimitAndTheEnd) {
  const auto text = [](Duration timeout, Duration elapsed) {
    RunRecordsBuilder run = run_of(1);
    run.done(0, 0, Outcome::timed_out, elapsed);
    OutcomeColumns report = report_of({0}, Outcome::timed_out);
    report.elapsed[0] = elapsed;
    report.command[0].end = CommandEnd::timed_out;
    report.command[0].elapsed = elapsed;
    Command common;
    common.timeout = timeout;
    ExecRun exec({TaskInput::range({0, 1, 1}), CommandTemplate({"a"}, {}), common}, {});
    exec.results().add_accepted(run.records(), 0, report);
    exec.publish(run.records(), 0, 1);
    return ExecDisplay(exec.shown()).failure(run.records(), 0);
  };
  EXPECT_EQ(text(500ms, 1500ms), "timed out after 0.50 s, ended after 1.50 s: a 0");
  EXPECT_EQ(text(500ms, 501ms), "timed out after 0.50 s: a 0");
}

TEST(ExecRun, ListsTheFirstFailedTasks) {
  RunRecordsBuilder run = run_of(12);
  std::vector<std::uint32_t> tasks;
  for (std::uint32_t task = 0; task < 12; ++task) {
    run.done(task, 0, Outcome::failed);
    tasks.push_back(task);
  }
  OutcomeColumns report = report_of(tasks);
  report.command[0].err = "1\n2\n3\n4\n5\n6\n7\x1b[2J";
  ExecRun exec(echo(12), {});
  exec.results().add_accepted(run.records(), 0, report);
  exec.publish(run.records(), 0, 12);
  const std::string text = failures_text(run.records(), ExecDisplay(exec.shown()));
  EXPECT_THAT(text, HasSubstr("12 tasks failed, the first:\n  task 0: exit status 1: echo 0\n"
                              "    3\n    4\n    5\n    6\n    7?[2J\n"
                              "  task 1: exit status 2: echo 1\n    err1\n"));
  EXPECT_EQ(text.find("task 10"), std::string::npos);
  EXPECT_THAT(text, EndsWith("\n  2 more, which --results FILE or --journal FILE would record\n"));
  EXPECT_THAT(failures_text(run.records(), ExecDisplay(exec.shown(), "rollcall report j --failed")),
              EndsWith("\n  2 more: rollcall report j --failed\n"));
  EXPECT_EQ(ExecDisplay(exec.shown()).failure_tail(0), "3\n4\n5\n6\n7?[2J\n")
      << "JSON has it unindented";
}

TEST(ExecRun, CountsAndShowsOutputThatTravelledBefore) {
  RunRecordsBuilder run = run_of(1);
  run.done(0, 0, Outcome::failed);
  OutcomeColumns report = report_of({0});
  report.command[0].out_before = 1'000;
  report.command[0].err_before = 200;
  report.command[0].err = "d\n2\n";
  const TestDirectory directory;
  ExecRun exec(echo(1), {});
  ASSERT_TRUE(exec.open({"", directory.file("joblog"), false}, {}));
  exec.results().add_accepted(run.records(), 0, report);
  exec.results().set_spooled(0, {{SessionIndex{0}, TaskId{0}, 1, 1}, "1\nen"});
  exec.publish(run.records(), 0, 1);
  EXPECT_EQ(ExecDisplay(exec.shown()).failure_tail(0), "1\nend\n2\n");
  EXPECT_THAT(read_file(directory.file("joblog")), HasSubstr("\t0\t1209\t1\t0\techo 0\n"));
  ASSERT_NE(exec.results().spooled(0), nullptr);
  exec.results().mark_published(1);
  EXPECT_EQ(exec.results().spooled(0), nullptr);
}

TEST(ExecRun, NamesAProgramThatCouldNotStartOnce) {
  RunRecordsBuilder run = run_of(1);
  run.done(0, 0, Outcome::failed);
  OutcomeColumns report = report_of({0});
  report.command[0] = {};
  report.command[0].end = CommandEnd::not_started;
  report.command[0].error_text = "cannot start echo: No such file or directory";
  ExecRun exec(echo(1), {});
  exec.results().add_accepted(run.records(), 0, report);
  exec.publish(run.records(), 0, 1);
  EXPECT_EQ(failures_text(run.records(), ExecDisplay(exec.shown())),
            "1 task failed:\n  task 0: cannot start echo: No such file or directory\n");
}

TEST(ExecRun, BoundsTheSizeOfACommand) {
  TaskInput lines = TaskInput::lines('\n');
  ASSERT_TRUE(lines.add("short\n" + std::string(1000, 'x') + ".y\n"));
  ASSERT_TRUE(lines.finish());
  Command common;
  common.env = {"A=1"};
  common.input = "input";
  const TaskCommands commands(std::move(lines), CommandTemplate({"/bin/cp", "{}", "{.}/{#}"}, {}),
                              std::move(common));
  for (std::uint32_t task = 0; task < 2; ++task) {
    EXPECT_LE(bytes_of(commands[TaskId{task}]), commands.bytes_at_most());
  }
  EXPECT_LE(commands.bytes_at_most(), 4 * bytes_of(commands[TaskId{1}]));
}

TEST(ExecOutput, PrintsBothStreams) {
  RunRecordsBuilder run = run_of(3);
  run.done(1).done(0).decided(2, Outcome::cancelled, 1s);
  OutcomeColumns report = report_of({1, 0}, Outcome::succeeded);
  ExecRun exec(echo(3), {});
  exec.results().add_accepted(run.records(), 0, report);
  const MemoryFile out;
  const MemoryFile error;
  const auto output = make_exec_output(run.records(), exec, {true, true, 1000, testing::TempDir()},
                                       true, out.fd(), error.fd());
  output->outcomes_accepted(RunRecordsBuilder::kBegin, 0, 1);
  output->drain();
  EXPECT_EQ(out.text(), "");
  output->outcomes_accepted(RunRecordsBuilder::kBegin, 1, 2);
  output->finished({}, {});
  output->drain();
  EXPECT_EQ(out.text(), "0\tout0\n1\tout1\n");
  EXPECT_EQ(error.text(), "0\terr0\n1\terr1\n");
  EXPECT_EQ(output->failed(), "");
}

TEST(ExecOutput, PrintsABacklog) {
  constexpr std::uint32_t kTasks = 60;
  RunRecordsBuilder run = run_of(kTasks);
  std::vector<std::uint32_t> tasks;
  for (std::uint32_t task = kTasks; task-- > 0;) tasks.push_back(task);
  for (const std::uint32_t task : tasks) run.done(task);
  OutcomeColumns report = report_of(tasks, Outcome::succeeded);
  for (CommandResult& result : report.command) result.out = std::string(1'000'000, 'x');
  ExecRun exec(echo(kTasks), {});
  exec.results().add_accepted(run.records(), 0, report);
  const MemoryFile out;
  const MemoryFile error;
  const auto output =
      make_exec_output(run.records(), exec, {true, false, 100'000'000, testing::TempDir()}, true,
                       out.fd(), error.fd());
  output->outcomes_accepted(RunRecordsBuilder::kBegin, 0, kTasks);
  output->drain();
  EXPECT_EQ(out.text().size(), kTasks * 1'000'000U);
  EXPECT_EQ(output->printed(), kTasks);
  EXPECT_EQ(output->thread().backlog(), 0U);
}

TEST(ExecOutput, WritesJsonThatMatchesTheSchema) {
  RunRecordsBuilder run = run_of(2);
  run.done(0, 0, Outcome::failed).decided(1, Outcome::cancelled, 1s);
  OutcomeColumns report = report_of({0});
  report.command[0].out = "\xff";
  ExecRun exec(echo(2), {});
  exec.results().add_accepted(run.records(), 0, report);
  const MemoryFile file;
  const ExecDisplay display(exec.shown());
  const auto output = make_jsonl_output(run.records(), file.fd(), display);
  exec.publish(run.records(), 0, 2);
  output->outcomes_accepted(RunRecordsBuilder::kBegin, 0, 2);
  exec.results().mark_published(2);
  output->finished(summarize(run.records(), finish_order(run.records())), {});
  output->drain();
  const std::string directory = std::string(ROLLCALL_SOURCE_DIR) + "/docs/reference/";
  const JsonSchema schema(nlohmann::json::parse(read_file(directory + "event-1.schema.json")));
  for (const std::string& line : lines_of(file.text())) {
    EXPECT_EQ(schema.misfit(nlohmann::json::parse(line)), "") << line;
  }
  EXPECT_THAT(file.text(), HasSubstr("\"stdout_base64\":\"/w==\",\"stderr\":\"err0\\n\""));
}

}  // namespace
}  // namespace rollcall::coordinator
