// The numbers of attempts add up, also if workers and coordinators are killed.
#include <gmock/gmock.h>
#include <signal.h>

#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using nlohmann::json;

class Attempts : public JournaledRuns {
 protected:
  pid_t pid_of_worker(Program& run) { return events_of(run, "worker_joined").at(0)["pid"]; }
};

TEST_F(Attempts, ThatNeverBeganAreNotCounted) {
  for (const char* seed : {"1", "2", "3", "4"}) {
    Program& run = rollcall({"-n", "50", "--pause-min", "0", "--pause-max", "1ms", "-j", "2", "-w",
                             "3", "--seed", seed, "--output", "json", "-o", file("a.csv"), "-q"});
    ASSERT_EQ(run.wait(), 0) << run.story();
    const json attempts = document_of(run)["attempts"];
    EXPECT_EQ(attempts["total"], 50) << run.story();
    EXPECT_EQ(attempts["finished"], 50);
    EXPECT_EQ(attempts["retried"], 0);
    for (const std::string& row : lines_of(contents_of(file("a.csv")))) {
      EXPECT_THAT(row, testing::Not(testing::HasSubstr("succeeded,2,"))) << "seed " << seed;
    }
  }
}

TEST_F(Attempts, AreCountedWhenAWorkerAndThenTheCoordinatorIsKilled) {
  const std::string script = "test $ROLLCALL_ATTEMPT = 2 || exec sleep 1000; " +
                             until_touched("go") + "; echo $ROLLCALL_ATTEMPT";
  Program& run = exec({"--range", "1-4", "-j", "4", "-w", "1", "--journal", journal(), "--output",
                       "jsonl", "-q", "--", "sh", "-c", script});
  ASSERT_TRUE(wait_for_events(run, "started", 4));
  ::kill(pid_of_worker(run), SIGKILL);
  ASSERT_TRUE(wait_for_events(run, "started", 8));
  kill_coordinator(run);
  touch("go");
  Program& resumed = command({"resume", journal(), "--output", "json"});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  const json attempts = document_of(resumed)["attempts"];
  EXPECT_EQ(attempts["total"], 8) << resumed.story();
  EXPECT_EQ(attempts["finished"], 4);
  EXPECT_EQ(attempts["lost"], 4);
  EXPECT_EQ(attempts["running"], 0);
  EXPECT_EQ(attempts["retried"], 4);
  EXPECT_EQ(number_in(journal(), "SELECT count(*) FROM outcome WHERE attempt = 2"), 4);
  EXPECT_EQ(number_in(journal(), "SELECT count(*) FROM command WHERE stdout = x'320a'"), 4)
      << "each command knows that it is the second attempt";
}

TEST_F(Attempts, AreCountedWhenAllProcessesAreKilled) {
  Program& run =
      exec({"--range", "1-10", "-w", "1", "-j", "10", "--heartbeat-interval", "100ms", "--journal",
            journal(), "--output", "jsonl", "-q", "--", "sh", "-c", until_touched("go")});
  ASSERT_TRUE(wait_for_events(run, "started", 10));
  ASSERT_TRUE(
      wait_until([&] { return number_in(journal(), "SELECT total(begun) FROM session") == 10; }));
  for (const pid_t worker : kill_coordinator(run)) ::kill(worker, SIGKILL);
  touch("go");
  Program& resumed = command({"resume", journal(), "--output", "json"});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  const json attempts = document_of(resumed)["attempts"];
  EXPECT_EQ(attempts["total"], 20) << resumed.story();
  EXPECT_EQ(attempts["finished"], 10);
  EXPECT_EQ(attempts["lost"], 10);
}

}  // namespace
}  // namespace rollcall::integration
