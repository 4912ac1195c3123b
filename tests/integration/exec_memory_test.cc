// Commands with a limit of memory.
#include <gmock/gmock.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using Json = nlohmann::json;

/// A script that takes 200 MiB, because tail awaits the end of a line, and stays.
constexpr const char* kTaker = "(head -c 200M /dev/zero; exec sleep 1000) | tail";

class ExecMemory : public JournaledRuns {};

TEST_F(ExecMemory, ACommandThatExceedsItHasFailed) {
  Program& run = exec({"--max-memory", "64M", "--journal", journal(), "--results", file("rows.csv"),
                       "--joblog", file("log"), "--range", "1-2", "--shell", "--",
                       std::string("test {} = 1 || { ") + kTaker + "; }"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const std::string line = "task 1: out of memory (limit 64M): ";
  EXPECT_THAT(run.err(), AllOf(HasSubstr(line), HasSubstr("1 succeeded, 1 failed")));
  EXPECT_THAT(contents_of(file("log")), HasSubstr("\t-1\t9\t"));
  for (const std::string& saved : {journal(), file("rows.csv")}) {
    Program& failed = command({"report", saved, "--failed"});
    EXPECT_EQ(failed.wait(), 0) << failed.story();
    EXPECT_THAT(failed.out(), HasSubstr(line)) << saved;
  }
  Program& report = command({"report", journal(), "--output", "json"});
  EXPECT_EQ(report.wait(), 0) << report.story();
  const Json failed = document_of(report).at("commands").at("failed").at(0);
  EXPECT_EQ(failed.at("how"), "out of memory (limit 64M)");
  EXPECT_EQ(failed.at("error"), "out of memory (limit 64M)");
  EXPECT_EQ(failed.at("signal"), SIGKILL);
  EXPECT_EQ(failed.at("exit_status"), nullptr);
}

TEST_F(ExecMemory, OnlyFailuresForWantOfMemoryAreRetriedOnRequest) {
  Program& run = exec({"-q", "--output", "json", "--max-memory", "64M", "--retries", "1",
                       "--retry-on", "memory", "--range", "1-2", "--shell", "--",
                       std::string("test {} = 1 && exit 3; ") + kTaker});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_EQ(document_of(run).at("attempts").at("total"), 3);
  EXPECT_EQ(document_of(run).at("outcomes").at("failed"), 2);
}

TEST_F(ExecMemory, AResumedRunHasTheSameLimit) {
  Program& run = exec({"--max-memory", "64M", "--journal", journal(), "--range", "1-1", "--shell",
                       "--", "touch " + file("up") + "; " + until_touched("go") + "; " + kTaker});
  ASSERT_TRUE(wait_for_file("up"));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGINT); }));
    run.signal(SIGINT);
  }
  EXPECT_EQ(run.wait(), 130) << run.story();
  touch("go");
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 1) << resumed.story();
  EXPECT_THAT(resumed.err(), HasSubstr("task 0: out of memory (limit 64M): "));
}

TEST_F(ExecMemory, AWrongSizeIsRefused) {
  Program& run = exec({"--max-memory", "1000", "true"});
  EXPECT_EQ(run.wait(), 2) << run.story();
  EXPECT_THAT(lines_of(run.err()), SizeIs(1));
  EXPECT_THAT(run.err(), HasSubstr("--max-memory \"1000\": expected a size of at least 1M"));
}

}  // namespace
}  // namespace rollcall::integration
