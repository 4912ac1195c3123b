// Workers and coordinators that die or stop: each task has one result, and no process is left.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

class Loss : public ProgramsTest {};

TEST_F(Loss, TasksOfAKilledWorkerRunElsewhere) {
  Program& run = rollcall({"-n", "200", "--pause", "5s", "-w", "2", "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 200));
  const std::vector<pid_t> workers = children_of(run.pid());
  ASSERT_THAT(workers, SizeIs(2));
  ::kill(workers[0], SIGKILL);
  EXPECT_EQ(run.wait(), 0) << run.story();
  json document = summary_of(run);
  EXPECT_EQ(document["validated"], true);
  EXPECT_EQ(document["outcomes"]["succeeded"], 200);
  EXPECT_GT(document["attempts"]["retried"], 0);
  EXPECT_THAT(events_of(run, "worker_lost"), SizeIs(1));
  EXPECT_THAT(events_of(run, "done"), SizeIs(200));
}

/// Its closed connection tells, before the liveness time is over.
TEST_F(Loss, OfAWorkerThatJoinedByHandIsNoticedEarly) {
  Program& run = rollcall({"-n", "10", "--pause", "5s", "-w", "0", "--access-file", access_file(),
                           "--liveness", "9s", "--output", "jsonl"});
  ASSERT_TRUE(wait_for_file("access"));
  Program& killed = worker({"--access-file", access_file()});
  ASSERT_TRUE(wait_for_events(run, "started", 10));
  killed.signal(SIGKILL);
  killed.wait();
  worker({"--access-file", access_file()});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("reason=\"its connection was closed\" tasks=0 returned=10\n"));
  EXPECT_EQ(summary_of(run)["attempts"]["lost"], 10);
  EXPECT_EQ(summary_of(run)["validated"], true);
}

TEST_F(Loss, LocalWorkerThatDiedIsRestarted) {
  Program& run = rollcall({"-n", "4", "--pause", "5s", "-w", "1", "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 4));
  const std::vector<pid_t> workers = children_of(run.pid());
  ASSERT_THAT(workers, SizeIs(1));
  ::kill(workers[0], SIGKILL);
  EXPECT_EQ(run.wait(), 0) << run.story();
  json document = summary_of(run);
  ASSERT_THAT(document["workers"], SizeIs(2));
  EXPECT_EQ(document["workers"][0]["lost"], true);
  EXPECT_EQ(document["workers"][1]["lost"], false);
  EXPECT_EQ(document["workers"][1]["tasks_done"], 4);
  EXPECT_EQ(document["attempts"]["retried"], 4);
}

TEST_F(Loss, TextOutputReportsTheLoss) {
  Program& run = rollcall({"-n", "4", "--pause", "5s", "-w", "1"});
  ASSERT_TRUE(run.wait_for_lines(".* - await a sleep .*", 4));
  for (const pid_t worker : children_of(run.pid())) ::kill(worker, SIGKILL);
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("lost"));
  EXPECT_THAT(run.out_lines(".* - done with sleep .*"), SizeIs(4));
  EXPECT_THAT(run.out_lines(".* - await a sleep .*"), SizeIs(4));
}

TEST_F(Loss, TaskThatCostsTooManyWorkersIsLost) {
  Program& run =
      rollcall({"-n", "1", "--pause", "60s", "-w", "1", "--max-losses", "2", "--output", "jsonl"});
  for (std::size_t start_number = 1; start_number <= 2; ++start_number) {
    ASSERT_TRUE(wait_for_events(run, "started", start_number));
    for (const pid_t worker : children_of(run.pid())) ::kill(worker, SIGKILL);
  }
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_EQ(summary_of(run)["outcomes"]["lost"], 1);
  EXPECT_EQ(summary_of(run)["validated"], true);
}

TEST_F(Loss, TooManyRestartsOfAWorkerEndTheRun) {
  Program& run = rollcall(
      {"-n", "3", "--pause", "60s", "-w", "1", "--worker-restarts", "1", "--output", "jsonl"});
  for (std::size_t start_number = 1; start_number <= 2; ++start_number) {
    ASSERT_TRUE(wait_for_events(run, "started", 3 * start_number));
    for (const pid_t worker : children_of(run.pid())) ::kill(worker, SIGKILL);
  }
  EXPECT_EQ(run.wait(), 4) << run.story();
}

TEST_F(Loss, FailedWorkerStartsAreRetriedAndNotAllLogged) {
  const std::filesystem::path alone = file("rollcall");
  std::filesystem::copy_file(programs_directory() / "rollcall", alone);
  std::ofstream(file("rollcall-worker")) << "not a program";
  std::filesystem::permissions(file("rollcall-worker"), std::filesystem::perms::owner_all);
  Program& run = start(
      {alone,
       {"sleep", "-n", "1", "-w", "1", "--worker-restarts", "unlimited", "--join-timeout", "6s"},
       {},
       {},
       {}});
  EXPECT_EQ(run.wait(), 4) << run.story();
  const std::string why = ": cannot start " + file("rollcall-worker") + ": Exec format error";
  // Of the starts, at 0, 100, 300, 700, 1500 ms and so on, the first, second and fourth are logged.
  EXPECT_THAT(lines_of(run.err()),
              AllOf(Contains(EndsWith("local worker 1" + why)),
                    Contains(EndsWith("local worker 2" + why + " (2 times in a row)")),
                    Contains(EndsWith("local worker 4" + why + " (4 times in a row)"))));
  EXPECT_EQ(run.err().find("local worker 3"), std::string::npos) << run.story();
}

TEST_F(Loss, NoWorkerOutlivesAKilledCoordinator) {
  Program& run = rollcall({"-n", "50", "--pause", "60s", "-w", "3"});
  ASSERT_TRUE(run.wait_for_lines(".* - await a sleep .*", 50));
  ASSERT_THAT(processes(), SizeIs(4));
  run.signal(SIGKILL);
  EXPECT_EQ(run.wait(), -SIGKILL);
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(Loss, JoinedWorkerExitsWithoutItsCoordinator) {
  Program& run =
      rollcall({"-n", "50", "--pause", "60s", "-w", "0", "--access-file", access_file(),
                "--heartbeat-interval", "100ms", "--liveness", "3s", "--rejoin-for", "1s"});
  Program& orphan = worker({"--access-file", access_file()});
  ASSERT_TRUE(run.wait_for_lines(".* - await a sleep .*", 50));
  run.signal(SIGKILL);
  EXPECT_EQ(orphan.wait(), 4) << orphan.story();
}

/// These tests stop processes, most of them for longer than the liveness time.
class StoppedWorker : public ProgramsTest {};

TEST_F(StoppedWorker, IsLostAndJoinsAgainAsANewSession) {
  Program& run = rollcall({"-n", "20", "--pause", "5s", "-w", "1", "--access-file", access_file(),
                           "--wait-for-workers", "2", "--heartbeat-interval", "100ms", "--liveness",
                           "3s", "--output", "jsonl"});
  Program& joining = worker({"--access-file", access_file()});
  ASSERT_TRUE(wait_for_events(run, "started", 20));
  joining.signal(SIGSTOP);
  ASSERT_TRUE(wait_for_events(run, "worker_lost", 1));
  joining.signal(SIGCONT);
  ASSERT_TRUE(wait_for_events(run, "worker_joined", 3));
  const std::vector<json> joined = events_of(run, "worker_joined");
  EXPECT_EQ(joined[2]["pid"], joining.pid());
  EXPECT_EQ(run.wait(), 0) << run.story();
  json document = summary_of(run);
  EXPECT_EQ(document["validated"], true);
  EXPECT_EQ(document["outcomes"]["succeeded"], 20);
  EXPECT_GT(document["attempts"]["retried"], 0);
  EXPECT_THAT(events_of(run, "done"), SizeIs(20));
}

TEST_F(StoppedWorker, LateOutcomesAreNotCountedTwice) {
  Program& run = rollcall({"-n", "20", "--pause", "5s", "-w", "1", "--access-file", access_file(),
                           "--wait-for-workers", "2", "--heartbeat-interval", "100ms", "--liveness",
                           "3s", "--output", "jsonl"});
  Program& joining = worker({"--access-file", access_file()});
  ASSERT_TRUE(wait_for_events(run, "started", 20));
  const auto due = Clock::now() + std::chrono::seconds(5);
  joining.signal(SIGSTOP);
  ASSERT_TRUE(wait_for_events(run, "worker_lost", 1));
  // Its sleeps end although their attempts have expired.
  wait_until([&] { return Clock::now() > due; });
  joining.signal(SIGCONT);
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(summary_of(run)["validated"], true);
  EXPECT_EQ(summary_of(run)["outcomes"]["succeeded"], 20);
  EXPECT_THAT(events_of(run, "done"), SizeIs(20));
}

TEST_F(StoppedWorker, OfThisMachineIsKilledAndRestarted) {
  Program& run =
      rollcall({"-n", "900", "-w", "1", "-j", "20", "--pause", "100ms", "--heartbeat-interval",
                "100ms", "--liveness", "3s", "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "done", 20));
  const std::vector<pid_t> workers = children_of(run.pid());
  ASSERT_THAT(workers, SizeIs(1));
  ::kill(workers[0], SIGSTOP);
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(summary_of(run)["outcomes"]["succeeded"], 900);
  EXPECT_EQ(summary_of(run)["validated"], true);
  ASSERT_THAT(events_of(run, "worker_joined"), SizeIs(2));
  EXPECT_NE(events_of(run, "worker_joined")[1]["pid"], workers[0]);
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(StoppedWorker, WithoutARestartEndsTheRunAtOnce) {
  Program& run = rollcall({"-n", "20", "-w", "1", "--pause", "60s", "--heartbeat-interval", "100ms",
                           "--liveness", "3s", "--worker-restarts", "0", "--join-timeout", "1h",
                           "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 20));
  for (const pid_t worker : children_of(run.pid())) ::kill(worker, SIGSTOP);
  EXPECT_EQ(run.wait(), 4) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("no worker is left"));
}

TEST_F(StoppedWorker, DoesNotDelayTheEndOfTheRun) {
  Program& run = rollcall({"-n", "1", "--pause", "700ms", "-w", "2", "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 1));
  const std::string busy = events_of(run, "started")[0]["worker"];
  for (const json& joined : events_of(run, "worker_joined")) {
    if (joined.at("worker") != busy) ::kill(joined.at("pid"), SIGSTOP);
  }
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(StoppedWorker, RejoinsIfTheCoordinatorWasSilentForLonger) {
  Program& run =
      rollcall({"-n", "20", "--pause", "5s", "-w", "0", "--access-file", access_file(),
                "--heartbeat-interval", "100ms", "--liveness", "3s", "--output", "jsonl"});
  Program& joined = worker({"--access-file", access_file()});
  ASSERT_TRUE(wait_for_events(run, "started", 20));
  run.signal(SIGSTOP);
  EXPECT_TRUE(joined.wait_for_err("the coordinator has fallen silent"));
  run.signal(SIGCONT);
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(joined.wait(), 0) << joined.story();
  EXPECT_EQ(summary_of(run)["outcomes"]["succeeded"], 20);
  EXPECT_EQ(summary_of(run)["validated"], true);
}

TEST_F(StoppedWorker, IsNotLostIfTheCoordinatorWasStopped) {
  Program& run = rollcall({"-n", "20", "--pause", "1500ms", "-w", "2", "--heartbeat-interval",
                           "100ms", "--liveness", "3s", "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 20));
  run.signal(SIGSTOP);
  // The coordinator stays stopped for this long. Only time has to pass.
  const auto away = Clock::now() + std::chrono::milliseconds(800);
  wait_until([&] { return Clock::now() > away; });
  run.signal(SIGCONT);
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(events_of(run, "worker_lost"), SizeIs(0)) << run.story();
}

}  // namespace
}  // namespace rollcall::integration
