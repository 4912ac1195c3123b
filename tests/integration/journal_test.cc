// Coordinators that are killed, stopped or terminated: a resumed run loses no result.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

constexpr const char* kAttemptsAboveOne = "SELECT count(*) FROM outcome WHERE attempt > 1";

std::set<int> tasks_done(const std::vector<const Program*>& runs) {
  std::set<int> tasks;
  for (const Program* run : runs) {
    for (const json& event : events_of(*run, "done")) tasks.insert(event.at("task").get<int>());
  }
  return tasks;
}

/// Expects one row for each of `count` tasks.
void expect_rows_of_all_tasks(const std::string& results, std::size_t count) {
  std::set<std::string> tasks;
  std::vector<std::string> lines = lines_of(contents_of(results));
  ASSERT_THAT(lines, SizeIs(count + 1));
  for (std::size_t i = 1; i < lines.size(); ++i)
    tasks.insert(lines[i].substr(0, lines[i].find(',')));
  EXPECT_THAT(tasks, SizeIs(count));
}

class KilledCoordinator : public JournaledRuns {
 protected:
  /// Expects one outcome for each task: published by `runs` together, and in the journal.
  void expect_all(std::size_t count, const std::vector<const Program*>& runs) {
    EXPECT_THAT(tasks_done(runs), SizeIs(count));
    EXPECT_EQ(number_in(journal(), "SELECT count(DISTINCT task) FROM result"), count);
    EXPECT_EQ(number_in(journal(), "SELECT count(*) FROM result"), count);
    EXPECT_EQ(command({"validate", journal()}).wait(), 0);
  }
};

TEST_F(KilledCoordinator, WorkersAreAdoptedAndNothingRunsTwice) {
  Program& run = begun_run(400, 50, {"--results", file("results.csv")});
  const std::vector<pid_t> workers = kill_coordinator(run);
  ASSERT_THAT(workers, SizeIs(2));
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_THAT(processes(), IsEmpty()) << "an adopted worker is still running";

  const json document = summary_of(resumed);
  EXPECT_EQ(document["validated"], true);
  EXPECT_EQ(document["outcomes"]["succeeded"], 400);
  EXPECT_EQ(document["attempts"]["total"], 400);
  EXPECT_EQ(document["attempts"]["retried"], 0);
  EXPECT_GT(document["attempts"]["adopted"], 0);
  EXPECT_EQ(document["attempts"]["stale"], 0);
  std::vector<pid_t> pids;
  for (const json& worker : document["workers"]) pids.push_back(worker["pid"].get<pid_t>());
  EXPECT_THAT(pids, UnorderedElementsAreArray(workers));
  EXPECT_EQ(number_in(journal(), kAttemptsAboveOne), 0);
  expect_rows_of_all_tasks(file("results.csv"), 400);
  expect_all(400, {&run, &resumed});
}

TEST_F(KilledCoordinator, RepeatedKillsLoseNoResult) {
  const Arguments short_pauses = {"-j", "4", "--pause-min", "200ms", "--pause-max", "800ms"};
  std::vector<Program*> runs{&begun_run(120, 5, short_pauses)};
  for (int crash = 1; crash <= 3; ++crash) {
    kill_coordinator(*runs.back());
    runs.push_back(&command({"resume", journal()}));
    ASSERT_TRUE(wait_for_events(*runs.back(), "done", 7));
  }
  EXPECT_EQ(runs.back()->wait(), 0) << runs.back()->story();
  EXPECT_THAT(processes(), IsEmpty());
  EXPECT_EQ(summary_of(*runs.back())["attempts"]["retried"], 0);
  expect_all(120, {runs.begin(), runs.end()});
}

TEST_F(KilledCoordinator, AnAbandonedRunEndsWithAllThatStillRunsForIt) {
  Program& run = begun_run(400, 50);
  ASSERT_THAT(kill_coordinator(run), SizeIs(2));
  Program& abandoned = command({"abandon", journal()});
  EXPECT_EQ(abandoned.wait(), 1) << abandoned.story();
  EXPECT_THAT(processes(), IsEmpty()) << "an orphaned worker is still running";
  const json document = summary_of(abandoned);
  EXPECT_EQ(document["validated"], true);
  EXPECT_GT(document["outcomes"]["cancelled"], 0);
  EXPECT_EQ(document["reason"], "tasks_cancelled");
  EXPECT_EQ(number_in(journal(), "SELECT count(*) FROM result"), 400);
  EXPECT_EQ(command({"validate", journal()}).wait(), 0);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_THAT(resumed.err(), HasSubstr(" is finished"));
}

/// Longer than a test waits for the end of a program.
const Arguments kLongLiveness = {"--liveness", "50s"};
static_assert(kLimit < std::chrono::seconds(50));

TEST_F(KilledCoordinator, ResumeDetectsADeadWorkerAtOnce) {
  Program& run = begun_run(200, 20, kLongLiveness);
  const std::vector<pid_t> workers = kill_coordinator(run);
  ASSERT_THAT(workers, SizeIs(2));
  ::kill(workers[0], SIGKILL);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_THAT(summary_of(resumed)["workers"], SizeIs(3));
  expect_all(200, {&run, &resumed});
}

TEST_F(KilledCoordinator, AdoptedWorkerThatDiesIsReplacedAtOnce) {
  Program& run = begun_run(200, 20, kLongLiveness);
  const std::vector<pid_t> workers = kill_coordinator(run);
  ASSERT_THAT(workers, SizeIs(2));
  Program& resumed = command({"resume", journal()});
  ASSERT_TRUE(wait_for_events(resumed, "done", 10));
  ::kill(workers[0], SIGKILL);
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_THAT(summary_of(resumed)["workers"], SizeIs(3));
  EXPECT_THAT(processes(), IsEmpty());
  expect_all(200, {&run, &resumed});
}

TEST_F(KilledCoordinator, AdoptedWorkerThatIsStoppedIsKilledAtTheEnd) {
  Program& run = begun_run(50, 10, {"--heartbeat-interval", "100ms", "--liveness", "3s"});
  const std::vector<pid_t> workers = kill_coordinator(run);
  ASSERT_THAT(workers, SizeIs(2));
  ::kill(workers[0], SIGSTOP);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_THAT(processes(), IsEmpty());
  expect_all(50, {&run, &resumed});
}

TEST_F(KilledCoordinator, OrphanedWorkersExit) {
  Program& run = begun_run(200, 1,
                           {"--heartbeat-interval", "100ms", "--liveness", "3s", "--orphan-for",
                            "3s", "--pause-max", "60s", "--seed", "1"});
  EXPECT_THAT(kill_coordinator(run), SizeIs(2));
  EXPECT_TRUE(wait_for_no_process()) << "orphaned workers are still running";
  // The run can still be resumed.
  Program& stopped = command({"resume", journal()});
  ASSERT_TRUE(wait_for_events(stopped, "started", 150));
  EXPECT_THAT(children_of(stopped.pid()), SizeIs(2));
  for (const pid_t worker : kill_coordinator(stopped)) ::kill(worker, SIGKILL);
}

TEST_F(KilledCoordinator, ResumesAtItsEndpointOnly) {
  const Arguments tasks = {"-n", "5", "--pause", "10ms", "-w", "0", "--access-file", access_file()};
  Program& run = journaled_run(tasks + Arguments{"--bind", "tcp://127.0.0.1:*"});
  ASSERT_TRUE(wait_for_file("access"));
  kill_coordinator(run);
  Program& moved = journaled_run(tasks + Arguments{"--resume", "--bind", "tcp://127.0.0.1:1"});
  EXPECT_EQ(moved.wait(), 2) << moved.story();
  EXPECT_THAT(moved.err(), HasSubstr("--bind tcp://127.0.0.1:1: the workers of this run wait for "
                                     "it at tcp://127.0.0.1:"));
  Program& same = journaled_run(tasks + Arguments{"--resume", "--bind", "tcp://127.0.0.1:*"});
  worker({"--access-file", access_file()});
  EXPECT_EQ(same.wait(), 0) << same.story();
}

TEST_F(KilledCoordinator, CanBeResumedIfNoWorkerHadJoined) {
  Program& run =
      journaled_run({"-n", "5", "--pause", "10ms", "-w", "0", "--access-file", access_file()});
  ASSERT_TRUE(wait_for_file("access"));
  kill_coordinator(run);
  Program& resumed = command({"resume", journal()});
  worker({"--access-file", access_file()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  expect_all(5, {&resumed});
}

/// Its workers live on, and must not keep its control socket open.
TEST_F(KilledCoordinator, LeavesItsControlSocketToTheNext) {
  Program& run = begun_run(40, 5, {"--control", file("socket"), "--http", "127.0.0.1:0"});
  kill_coordinator(run);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  expect_all(40, {&run, &resumed});
}

/// Heartbeats wait in the workers' sockets, and are refused until their Hellos are taken.
TEST_F(KilledCoordinator, AdoptsWorkersWithManyWaitingMessages) {
  Program& run = journaled_run(
      {"-n", "4", "--pause", "8s", "--heartbeat-interval", "1ms", "--liveness", "20s"});
  ASSERT_TRUE(wait_for_events(run, "started", 4));
  kill_coordinator(run);
  wait_until([] { return false; }, std::chrono::seconds(2));  // some 2,000 heartbeats each
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(summary_of(resumed)["attempts"]["adopted"], 4) << resumed.story();
}

class StoppedCoordinator : public JournaledRuns {};

TEST_F(StoppedCoordinator, ContinuesAfterAStopLongerThanTheLivenessTime) {
  Program& run = begun_run(200, 10, {"--heartbeat-interval", "100ms", "--liveness", "3s"});
  run.signal(SIGSTOP);
  // Longer than the liveness time. Only time has to pass.
  wait_until([] { return false; }, std::chrono::seconds(4));
  run.signal(SIGCONT);
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(summary_of(run)["validated"], true);
  EXPECT_EQ(summary_of(run)["attempts"]["retried"], 0);
  EXPECT_THAT(events_of(run, "done"), SizeIs(200));
}

class SignalledJournaledRun : public JournaledRuns, public testing::WithParamInterface<int> {};

TEST_P(SignalledJournaledRun, PrintsAWorkingResumeCommand) {
  const std::string name = file("a run's journal");
  Program& run = rollcall({"-n", "200", "--pause-min", "0.3", "--pause-max", "6", "-w", "2",
                           "--output", "jsonl", "--journal", name, "--leave-running"});
  ASSERT_TRUE(wait_for_events(run, "done", 20));
  run.signal(GetParam());
  EXPECT_EQ(run.wait(), 128 + GetParam()) << run.story();
  EXPECT_EQ(number_in(name, "SELECT count(*) FROM outcome WHERE outcome <> 0"), 0);
  const std::string line = lines_of(run.err()).back();
  const std::size_t begin = line.find("rollcall resume ");
  ASSERT_NE(begin, std::string::npos) << run.story();
  const std::string path = programs_directory().string() + ":" + std::getenv("PATH");
  Program& resumed = start({"/bin/sh", {"-c", line.substr(begin)}, {{"PATH", path}}, {}, {}});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(summary_of(resumed)["outcomes"]["succeeded"], 200);
  EXPECT_GT(summary_of(resumed)["attempts"]["adopted"], 0);
  EXPECT_EQ(summary_of(resumed)["attempts"]["retried"], 0);
  EXPECT_THAT(processes(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Both, SignalledJournaledRun, testing::Values(SIGINT, SIGTERM));

}  // namespace
}  // namespace rollcall::integration
