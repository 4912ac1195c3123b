// The name of a run: --name.
#include <gmock/gmock.h>

#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using RunName = JournaledRuns;

TEST_F(RunName, IsInTheEnvironmentAndInAllOutputs) {
  const std::string socket = file("s");
  Program& run =
      exec({"--name", "nightly run", "--control", socket, "--log-level", "info", "--output",
            "jsonl", "--journal", journal(), "--range", "1-1", "--shell",
            "echo $ROLLCALL_RUN_NAME; touch " + file("up") + "; " + until_touched("go")});
  ASSERT_TRUE(wait_for_file("up"));
  Program& status = command({"status", "--control", socket});
  EXPECT_EQ(status.wait(), 0) << status.story();
  EXPECT_THAT(status.out(), StartsWith("run nightly run ("));
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(events_of(run, "run_started").at(0).at("name"), "nightly run");
  EXPECT_EQ(events_of(run, "done").at(0).at("stdout"), "nightly run\n");
  EXPECT_EQ(summary_of(run).at("name"), "nightly run");
  EXPECT_THAT(run.err(), HasSubstr("joined run nightly run ("));
  EXPECT_THAT(run.err(), HasSubstr("\nnightly run: 1 succeeded in "));
  Program& report = command({"report", journal(), "--output", "json"});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_EQ(document_of(report)["name"], "nightly run");
}

TEST_F(RunName, IsInTheLongSummaryButNotInCommands) {
  Program& run = exec({"--name", "nightly", "--summary", "full", "false", ":::", "1"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("task 0: exit status 1: false 1\n"));
  EXPECT_THAT(run.err(), HasSubstr("\nname      nightly\n"));
}

TEST_F(RunName, IsNotBlank) {
  Program& run = exec({"--name", "  ", "--range", "1-1", "true"});
  EXPECT_EQ(run.wait(), 2);
  EXPECT_EQ(run.err(), "rollcall exec: --name \"  \": expected a name that is not blank\n");
}

/// A run inside a run has its own name, or none.
TEST_F(RunName, IsNotInheritedByOtherRuns) {
  const std::string rollcall = (programs_directory() / "rollcall").string();
  Program& run = exec({"-q", "--name", "outer", "--range", "1-1", "--shell",
                       rollcall + " exec -q --range 1-1 --shell 'echo \"<$ROLLCALL_RUN_NAME>\"'"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "<>\n");
}

}  // namespace
}  // namespace rollcall::integration
