// What a script reads: the JSON documents and events of runs and of drain.
#include <gmock/gmock.h>

#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::EndsWith;
using testing::SizeIs;
using testing::StartsWith;

class Scripts : public ProgramsTest {};

TEST_F(Scripts, GetTheEndOfTheRun) {
  Program& run = exec({"--range", "1-4", "-j", "2", "-q", "--output", "json", "--", "sh", "-c",
                       "exit $(( {} == 2 ))"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const nlohmann::json document = document_of(run);
  EXPECT_EQ(document["finished"], true);
  EXPECT_EQ(document["exit_status"], 1);
  EXPECT_EQ(document["reason"], "tasks_failed");
  EXPECT_EQ(document["started_at"].get<std::string>().substr(0, 2), "20");
  EXPECT_GT(document["slot_seconds"]["busy"], 0.0);
}

TEST_F(Scripts, GetAnEventForEachFailedAttempt) {
  const std::string script = "test $ROLLCALL_ATTEMPT = 3 || exit 7";
  Program& run = exec({"--range", "1-2", "--retries", "2", "-q", "--output", "jsonl", "--control",
                       file("s"), "--", "sh", "-c", script});
  EXPECT_EQ(run.wait(), 0) << run.story();
  const auto failed = events_of(run, "attempt_failed");
  ASSERT_THAT(failed, SizeIs(4));
  for (const nlohmann::json& event : failed) {
    EXPECT_EQ(event["outcome"], "failed");
    EXPECT_EQ(event["exit_status"], 7);
    EXPECT_THAT(event["time"].get<std::string>(), EndsWith("Z"));
  }
  const nlohmann::json first = events_of(run, "run_started").at(0);
  EXPECT_THAT(first["endpoint"].get<std::string>(), StartsWith("tcp://127.0.0.1:"));
  EXPECT_EQ(first["control"], file("s"));
  EXPECT_GT(summary_of(run)["slot_seconds"]["retries"], 0.0);
}

TEST_F(Scripts, GetTheDrainedWorkers) {
  Program& run = rollcall(
      {"-n", "2", "--pause", "60s", "-w", "1", "--control", file("s"), "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 2));
  const auto joined = events_of(run, "worker_joined").at(0);
  const std::string prefix = joined["worker"].get<std::string>().substr(0, 8);
  Program& drain = start({programs_directory() / "rollcall",
                          {"drain", prefix, "--control", file("s"), "--drain", "return"},
                          {{"ROLLCALL_OUTPUT", "jsonl"}},
                          {},
                          {}});
  EXPECT_EQ(drain.wait(), 0) << drain.story();
  const nlohmann::json document = document_of(drain);
  EXPECT_EQ(document["schema"], "rollcall/drain/1");
  EXPECT_EQ(document["draining"][0]["session"], joined["worker"]);
  EXPECT_EQ(run.wait(), 4) << run.story();
}

}  // namespace
}  // namespace rollcall::integration
