// The text output: lines on standard output and the summary on standard error.
#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::Gt;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

constexpr const char* kAwait = R"(Task \d+ - await a sleep for \d+\.\d\d)";
constexpr const char* kDone = R"(Task \d+ - done with sleep for \d+\.\d\d)";

struct TaskLine {
  int task;
  double seconds;
};

/// "Task 3 - done with sleep for 0.25".
TaskLine parsed(const std::string& line) {
  return {std::atoi(line.c_str() + 5), std::atof(line.c_str() + line.rfind(' '))};
}

std::vector<TaskLine> parsed(std::span<const std::string> lines) {
  std::vector<TaskLine> tasks;
  for (const std::string& line : lines) tasks.push_back(parsed(line));
  return tasks;
}

class LiveRun : public ProgramsTest {};

TEST_F(LiveRun, PrintsFiveTasksLineByLine) {
  // With this seed the sleep durations are far enough apart to make the order certain.
  Program& run = rollcall({"--task-count", "5", "--pause-min", "300ms", "--pause-max", "1500ms",
                           "--workers", "2", "--seed", "86"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  const std::vector<std::string> lines = run.out_lines();
  ASSERT_THAT(lines, SizeIs(12)) << run.story();

  const std::vector<TaskLine> awaited = parsed(std::span(lines).first(5));
  const std::vector<TaskLine> done = parsed(std::span(lines).subspan(5, 5));
  EXPECT_THAT(run.out_lines(kAwait), SizeIs(5));
  EXPECT_THAT(run.out_lines(kDone), SizeIs(5));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(static_cast<std::size_t>(awaited[i].task), i);
    EXPECT_EQ(done[i].seconds, awaited.at(static_cast<std::size_t>(done[i].task)).seconds);
    if (i > 0) {
      EXPECT_GT(done[i].seconds, done[i - 1].seconds);
    }
  }
  EXPECT_THAT(lines[10], MatchesRegex(R"(5 async tasks finished in [0-9]+\.[0-9][0-9] seconds\.)"));
  EXPECT_THAT(lines[11],
              MatchesRegex(R"(5 async tasks validated in [0-9]+\.[0-9][0-9] seconds\.)"));
}

TEST_F(LiveRun, PrintsASummaryToStandardError) {
  Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "2", "--seed", "4711"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), AllOf(HasSubstr("expected"), HasSubstr("measured"), HasSubstr("overhead"),
                               HasSubstr("p50"), HasSubstr("p99"), HasSubstr("4711")));
}

TEST_F(LiveRun, QuietOmitsTheSummary) {
  Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "2", "--quiet"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.err(), "");
  EXPECT_THAT(run.out(), AllOf(HasSubstr("finished in"), HasSubstr("validated in")));
}

TEST_F(LiveRun, RunsZeroTasks) {
  Program& run = rollcall({"-n", "0", "-w", "2"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.out_lines(), ElementsAre("0 async tasks finished in 0.00 seconds.",
                                           "0 async tasks validated in 0.00 seconds."));
}

TEST_F(LiveRun, RunsSleepsOfZeroSeconds) {
  Program& run = rollcall({"-n", "20", "--pause", "0", "-w", "2"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.out_lines("Task \\d+ - done with sleep for 0.00"), SizeIs(20));
}

TEST_F(LiveRun, TenThousandTasksPrintTwentyThousandLines) {
  Program& run = rollcall({"-n", "10000", "--pause-min", "10ms", "--pause-max", "500ms"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  std::vector<int> seen(10'000);
  for (const std::string& line : run.out_lines()) {
    if (!line.starts_with("Task ")) continue;
    const int expected = line.find(" - await ") != std::string::npos ? 0 : 1;
    EXPECT_EQ(seen.at(static_cast<std::size_t>(parsed(line).task))++, expected) << line;
  }
  EXPECT_THAT(seen, testing::Each(2));
  EXPECT_THAT(run.out_lines(), SizeIs(20'002));
}

TEST_F(LiveRun, OmitsTaskLinesAboveTenThousandTasks) {
  Program& silent = rollcall({"-n", "10001", "--pause", "50ms"});
  EXPECT_EQ(silent.wait(), 0) << silent.story();
  EXPECT_THAT(silent.out_lines(), SizeIs(2));
  EXPECT_THAT(silent.err(), HasSubstr("no lines for each task"));
  Program& always = rollcall({"-n", "10001", "--pause", "50ms", "--task-lines", "always"});
  EXPECT_EQ(always.wait(), 0) << always.story();
  EXPECT_THAT(always.out_lines(), SizeIs(20'004));
  Program& never = rollcall({"-n", "5", "--pause", "50ms", "--task-lines", "never"});
  EXPECT_EQ(never.wait(), 0) << never.story();
  EXPECT_THAT(never.out_lines(), SizeIs(2));
}

TEST_F(LiveRun, SeedDeterminesPausesForAnyNumberOfWorkers) {
  std::vector<std::map<std::string, std::string>> pauses;
  for (const std::string workers : {"1", "3"}) {
    const std::string results = file("results-" + workers + ".csv");
    Program& run = rollcall({"-n", "100", "--pause-min", "10ms", "--pause-max", "200ms", "--seed",
                             "12345", "-w", workers, "--results", results});
    EXPECT_EQ(run.wait(), 0) << run.story();
    std::map<std::string, std::string>& of_run = pauses.emplace_back();
    for (const std::string& line : lines_of(contents_of(results))) {
      const std::size_t comma = line.find(',');
      std::size_t begin = 0;
      for (int column = 0; column < 4; ++column) begin = line.find(',', begin) + 1;
      of_run[line.substr(0, comma)] = line.substr(begin, line.find(',', begin) - begin);
    }
  }
  EXPECT_THAT(pauses[0], SizeIs(101));
  EXPECT_EQ(pauses[0], pauses[1]);
  EXPECT_EQ(pauses[0]["task"], "pause_seconds");
}

TEST_F(LiveRun, EachRunDrawsItsOwnSeed) {
  std::set<std::string> outputs;
  for (int i = 0; i < 2; ++i) {
    Program& run =
        rollcall({"-n", "20", "--pause-min", "0", "--pause-max", "200ms", "--output", "json"});
    EXPECT_EQ(run.wait(), 0) << run.story();
    outputs.insert(document_of(run)["seed"].dump());
  }
  EXPECT_THAT(outputs, SizeIs(2));
}

// Collection methods.

TEST_F(LiveRun, AsCompletePrintsEachTaskAsItIsCollected) {
  Program& run = rollcall({"-n", "10", "--pause-min", "50ms", "--pause-max", "300ms", "-w", "2",
                           "--collection-method", "as-complete"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  const std::vector<std::string> lines = run.out_lines();
  int collected = 0;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    if (!std::regex_match(lines[i], std::regex(kDone))) continue;
    const TaskLine done = parsed(lines[i]);
    EXPECT_EQ(lines[i + 1], " - next task complete " + std::to_string(done.task) + " with result " +
                                lines[i].substr(lines[i].rfind(' ') + 1));
    ++collected;
  }
  EXPECT_EQ(collected, 10) << run.story();
}

TEST_F(LiveRun, WaitCancelsPendingTasksAtItsTimeout) {
  Program& run = rollcall({"-n", "10", "--pause-min", "100ms", "--pause-max", "3s", "--seed", "5",
                           "-w", "2", "--collection-method", "wait", "--wait-timeout", "1s",
                           "--results", file("results.csv")});
  EXPECT_EQ(run.wait(), 5) << run.story();
  const std::size_t cancelled = run.out_lines(R"(Task \d+ - cancelled after \d\.\d\d)").size();
  EXPECT_THAT(cancelled, Gt(0U)) << run.story();
  EXPECT_EQ(cancelled + run.out_lines(kDone).size(), 10U) << run.story();
  EXPECT_THAT(run.out(), HasSubstr("10 async tasks validated in"));
  const std::string rows = contents_of(file("results.csv"));
  EXPECT_THAT(rows, HasSubstr(",cancelled,"));
}

TEST_F(LiveRun, WaitThatFinishesInTimeEndsLikeGather) {
  Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "2", "--collection-method", "wait",
                           "--wait-timeout", "30s"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.out_lines(kDone), SizeIs(5));
}

TEST_F(LiveRun, CancelledCancelsAllTasksWithStatus0) {
  Program& run =
      rollcall({"-n", "50", "--pause", "60s", "-w", "2", "--collection-method", "cancelled"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.out_lines(R"(Task \d+ - cancelled after \d\.\d\d)"), SizeIs(50)) << run.story();
  EXPECT_THAT(run.out_lines(kDone), IsEmpty());
  EXPECT_THAT(run.out(), HasSubstr("50 async tasks validated in"));
}

// The environment.

TEST_F(LiveRun, EnvironmentVariablesSetOptions) {
  Program& run = rollcall({"-n", "5", "--pause", "50ms"}, {{"ROLLCALL_OUTPUT", "json"}});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(document_of(run).value("schema", ""), "rollcall/run/1");
  Program& overridden =
      rollcall({"-n", "5", "--pause", "50ms", "--output", "text"}, {{"ROLLCALL_OUTPUT", "json"}});
  EXPECT_EQ(overridden.wait(), 0);
  EXPECT_THAT(overridden.out_lines(kDone), SizeIs(5));
  Program& wrong = rollcall({"-n", "5"}, {{"ROLLCALL_OUTPUT", "xml"}});
  EXPECT_EQ(wrong.wait(), 2);
  EXPECT_THAT(wrong.err(), HasSubstr("ROLLCALL_OUTPUT"));
}

TEST_F(LiveRun, ProgressWithoutATerminalIsPlainLines) {
  Program& run = rollcall({"-n", "5", "--pause", "1200ms", "-w", "2"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), Not(HasSubstr("\r")));
  EXPECT_THAT(run.err(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(run.err(), ContainsRegex("0/5|0 of 5"));
  Program& none = rollcall({"-n", "5", "--pause", "1200ms", "-w", "2", "--progress", "none"});
  EXPECT_EQ(none.wait(), 0) << none.story();
  EXPECT_THAT(none.err(), Not(ContainsRegex("0/5|0 of 5")));
}

}  // namespace
}  // namespace rollcall::integration
