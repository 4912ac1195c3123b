// Runs that are stopped: what still starts, what is recorded, who is left, and how they go on.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class StoppedRun : public JournaledRuns {
 protected:
  /// Commands that write their number to the file `begun`, print "done N" once allow(N) was called,
  /// and end. They look seldom, so that a worker knows of a stop before a command ends after it.
  Program& gated(const Arguments& more) {
    const std::string script = "echo {} >> " + file("begun") + "; while ! test -e " + file("go{}") +
                               "; do sleep 0.5; done; echo done {}";
    return exec(more + Arguments{"--shell", "--", script});
  }
  void allow(int task) { std::ofstream(file("go" + std::to_string(task))) << "\n"; }
  void allow_all(int tasks) {
    for (int task = 1; task <= tasks; ++task) allow(task);
  }
  std::vector<std::string> begun() const { return lines_of(contents_of(file("begun"))); }
  bool wait_until_begun(std::size_t count) {
    return wait_until([&] { return begun().size() >= count; });
  }
  /// Returns when the coordinator has taken it.
  static void interrupt(Program& run) {
    run.signal(SIGINT);
    EXPECT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGINT); }));
  }
};

/// Attempts wait at the worker: two in the guardian, and more in the session.
TEST_F(StoppedRun, NothingStartsAfterTheFirstInterrupt) {
  allow(1);
  Program& run =
      gated({"--range", "1-12", "-w", "1", "-j", "1", "--prefetch", "4", "--control", file("s")});
  ASSERT_TRUE(wait_until_begun(2));
  interrupt(run);
  run.wait_for_err("stopping: waiting for 1 command; press Ctrl-C again to end it\n");
  // One has ended, one runs, and two are in the guardian. The worker has returned the others.
  ASSERT_TRUE(wait_until([&] {
    Program& status = command({"status", "--control", file("s"), "--output", "json"});
    return status.wait() == 0 && document_of(status)["tasks"]["waiting"] == 2;
  }));
  allow_all(12);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_THAT(begun(), ElementsAre("1", "2"));
  EXPECT_EQ(run.out(), "done 1\ndone 2\n");
}

TEST_F(StoppedRun, QuietRunsDoNotAnnounceAStop) {
  Program& run = gated({"-q", "--range", "1-2", "-w", "1", "-j", "2"});
  ASSERT_TRUE(wait_until_begun(2));
  interrupt(run);
  allow_all(2);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(run.err(), "");
}

TEST_F(StoppedRun, NothingStartsAfterAFailureThatHalts) {
  Program& run = exec({"--range", "1-12", "-w", "1", "-j", "1", "--halt", "soon,fail=1", "--shell",
                       "--", "echo {}; test {} != 3"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_EQ(run.out(), "1\n2\n3\n");
}

TEST_F(StoppedRun, AHaltOnSuccessPrintsNothingIfQuiet) {
  Program& run = exec(
      {"-q", "--range", "1-4", "-w", "1", "-j", "1", "--halt", "soon,success=1", "--", "true"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.err(), "");
}

TEST_F(StoppedRun, EachResultIsPrintedOnceWhenItIsResumed) {
  allow(1);
  Program& run = gated({"--journal", journal(), "--range", "1-4", "-w", "1", "-j", "1"});
  ASSERT_TRUE(wait_until_begun(2));
  interrupt(run);
  allow_all(4);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(run.out(), "done 1\ndone 2\n") << run.story();
  EXPECT_THAT(run.err(), HasSubstr("; not finished, 2 tasks left\n"));
  EXPECT_THAT(processes(), IsEmpty()) << "no worker waits";
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(resumed.out(), "done 3\ndone 4\n") << resumed.story();
  EXPECT_THAT(begun(), ElementsAre("1", "2", "3", "4"));
}

TEST_F(StoppedRun, KeepsTheOrderAcrossAResume) {
  allow(2);
  Program& run = gated({"-k", "--journal", journal(), "--range", "1-3", "-w", "1", "-j", "2"});
  ASSERT_TRUE(wait_until([&] {
    return std::filesystem::exists(journal()) && begun().size() == 3;  // 2 has ended, 3 has begun
  }));
  interrupt(run);
  interrupt(run);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(run.out(), "") << "the output of task 2 comes after that of task 1";
  allow_all(3);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(resumed.out(), "done 1\ndone 2\ndone 3\n") << resumed.story();
}

TEST_F(StoppedRun, TheSecondInterruptLeavesTasksPending) {
  Program& run = gated({"--journal", journal(), "--range", "1-4", "-w", "2", "-j", "1", "--results",
                        file("results.csv"), "--output", "json"});
  ASSERT_TRUE(wait_until_begun(2));
  interrupt(run);
  interrupt(run);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(number_in(journal(), "SELECT count(*) FROM outcome"), 0);
  EXPECT_TRUE(wait_for_no_process());
  EXPECT_EQ(document_of(run)["finished"], false);
  EXPECT_EQ(document_of(run)["validated"], nullptr);
  EXPECT_EQ(document_of(run)["exit_status"], nullptr);
  EXPECT_THAT(lines_of(contents_of(file("results.csv"))), SizeIs(1)) << "the header";
  allow_all(4);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(document_of(resumed)["finished"], true);
  EXPECT_EQ(document_of(resumed)["exit_status"], 0);
  EXPECT_EQ(document_of(resumed)["outcomes"]["succeeded"], 4);
  EXPECT_THAT(lines_of(contents_of(file("results.csv"))), SizeIs(5));
}

/// The time limit of the run, which is reported all the same.
TEST_F(StoppedRun, ARunTimeoutEndsCommandsAndReports) {
  allow(1);
  Program& run =
      gated({"--range", "1-4", "-w", "1", "-j", "1", "--run-timeout", "3s", "--output", "json"});
  EXPECT_EQ(run.wait(), 5) << run.story();
  EXPECT_THAT(begun(), ElementsAre("1", "2"));
  EXPECT_THAT(run.err(), HasSubstr("--run-timeout: the run is ended after 3 s\n"));
  EXPECT_THAT(run.err(), HasSubstr("\n1 succeeded, 3 cancelled in "));
  EXPECT_THAT(run.err(), HasSubstr(" s; ended by --run-timeout\n"));
  const nlohmann::json document = document_of(run);
  EXPECT_EQ(document["exit_status"], 5);
  EXPECT_EQ(document["reason"], "run_timeout");
  EXPECT_EQ(document["outcomes"]["succeeded"], 1);
  EXPECT_EQ(document["outcomes"]["cancelled"], 3);
  EXPECT_EQ(document["validated"], true);
  EXPECT_TRUE(wait_for_no_process());
}

/// The limit counts again for each coordinator.
TEST_F(StoppedRun, ARunThatTimedOutCanBeResumed) {
  Program& run = gated({"--journal", journal(), "--range", "1-3", "-w", "1", "-j", "3",
                        "--run-timeout", "3s", "--output", "json"});
  EXPECT_EQ(run.wait(), 5) << run.story();
  EXPECT_EQ(document_of(run)["finished"], false);
  EXPECT_EQ(document_of(run)["reason"], "run_timeout");
  EXPECT_EQ(document_of(run)["outcomes"]["pending"], 3);
  EXPECT_THAT(run.err(), HasSubstr("to continue: rollcall resume"));
  allow_all(3);
  nlohmann::json document;
  ASSERT_TRUE(wait_until([&] {
    Program& resumed = command({"resume", journal()});
    const int status = resumed.wait();
    document = document_of(resumed);
    return status == 0;
  }));
  EXPECT_EQ(document["outcomes"]["succeeded"], 3);
  EXPECT_EQ(document["reason"], "succeeded");
}

TEST_F(StoppedRun, ARunTimeoutCancelsSleeps) {
  Program& run =
      rollcall({"-n", "3", "--pause", "1h", "--run-timeout", "10ms", "--output", "json", "-q"});
  EXPECT_EQ(run.wait(), 5) << run.story();
  EXPECT_EQ(document_of(run)["outcomes"]["cancelled"], 3);
}

TEST_F(StoppedRun, AHangUpEndsCommandsAndReports) {
  Program& run = gated({"--range", "1-4", "-w", "2", "-j", "1", "--results", file("results.csv"),
                        "--joblog", file("joblog")});
  ASSERT_TRUE(wait_until_begun(2));
  run.signal(SIGHUP);
  EXPECT_EQ(run.wait(), 129) << run.story();
  EXPECT_TRUE(wait_for_no_process());
  EXPECT_THAT(run.err(), HasSubstr("4 cancelled in "));
  EXPECT_THAT(lines_of(contents_of(file("results.csv"))), SizeIs(5)) << "and the header";
  EXPECT_FALSE(contents_of(file("joblog")).empty());
}

TEST_F(StoppedRun, AHangUpIsIgnoredUnderNohup) {
  const std::string script =
      "echo > " + file("begun") + "; while ! test -e " + file("go1") + "; do sleep 0.02; done";
  Program& run = start({"/usr/bin/nohup",
                        {(programs_directory() / "rollcall").string(), "exec", "--range", "1-1",
                         "--shell", "--", script},
                        {},
                        {},
                        file("out-of-nohup")});
  ASSERT_TRUE(wait_until_begun(1));
  run.signal(SIGHUP);
  EXPECT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGHUP); }));
  allow(1);
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(StoppedRun, SigquitLeavesNothingRunning) {
  Program& run = gated({"--journal", journal(), "--range", "1-4", "-w", "2", "-j", "1"});
  ASSERT_TRUE(wait_until_begun(2));
  run.signal(SIGQUIT);
  EXPECT_EQ(run.wait(), 131) << run.story();
  EXPECT_TRUE(wait_for_no_process());
  allow_all(4);
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
}

TEST_F(StoppedRun, WorkersThatJoinedByHandLeave) {
  Program& run =
      gated({"--journal", journal(), "--range", "1-2", "-w", "0", "--access-file", access_file()});
  Program& other = worker({"--access-file", access_file(), "--slots", "1"});
  ASSERT_TRUE(wait_until_begun(1));
  interrupt(run);
  allow_all(2);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(other.wait(), 0) << other.story();
  EXPECT_THAT(begun(), SizeIs(1));
}

/// A sleep is not worth waiting for: it is repeated.
TEST_F(StoppedRun, SleepsEndAtOnce) {
  Program& run = journaled_run({"-n", "4", "--pause", "60s", "--results", file("results.csv")});
  ASSERT_TRUE(wait_for_events(run, "started", 4));
  interrupt(run);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(number_in(journal(), "SELECT count(*) FROM outcome"), 0);
  EXPECT_EQ(summary_of(run)["finished"], false);
  EXPECT_TRUE(std::filesystem::exists(file("results.csv")));
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(StoppedRun, LeavesAttemptsRunningIfAskedTo) {
  Program& run = gated({"--journal", journal(), "--leave-running", "--range", "1-3", "-w", "1",
                        "-j", "1", "--output", "json"});
  ASSERT_TRUE(wait_until_begun(1));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 143) << run.story();
  EXPECT_THAT(processes(), Not(IsEmpty()));
  Program& resumed = command({"resume", journal()});
  allow_all(3);
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(document_of(resumed)["attempts"]["adopted"], 1);
  EXPECT_THAT(begun(), ElementsAre("1", "2", "3"));
}

TEST_F(StoppedRun, LeavingAttemptsRunningRequiresAJournal) {
  Program& run = exec({"--leave-running", "--range", "1-1", "--", "true"});
  EXPECT_EQ(run.wait(), 2);
  EXPECT_THAT(run.err(), HasSubstr("--leave-running: requires --journal"));
}

TEST_F(StoppedRun, OrphansNeedNoLessTimeThanTheLivenessTime) {
  Program& run =
      exec({"--journal", journal(), "--orphan-for", "1ms", "--range", "1-1", "--", "true"});
  EXPECT_EQ(run.wait(), 2);
  EXPECT_EQ(run.err(),
            "rollcall exec: --orphan-for 1ms: expected at least --liveness, which is 10s\n");
  EXPECT_FALSE(std::filesystem::exists(journal()));
}

/// The worker lives on for --orphan-for, and `cat` must not wait for it.
TEST_F(StoppedRun, OrphansDoNotHoldStandardStreams) {
  // $$ would be the shell outside the parentheses.
  const std::string script = "sh -c 'echo $PPID' > " + file("pid") + "; exec " +
                             (programs_directory() / "rollcall").string() + " exec --journal " +
                             journal() + " -w 1 --range 1-1 -- sh -c 'echo > " + file("begun") +
                             "; exec sleep 60'";
  Program& pipeline = start({"/bin/sh", {"-c", "(" + script + ") 2>&1 | cat"}, {}, {}, {}});
  ASSERT_TRUE(wait_until_begun(1));
  const pid_t coordinator = std::stoi(contents_of(file("pid")));
  ASSERT_THAT(children_of(coordinator), SizeIs(1));
  const pid_t worker = children_of(coordinator).front();
  ::kill(coordinator, SIGKILL);
  EXPECT_EQ(pipeline.wait(), 0) << pipeline.story();
  EXPECT_EQ(::kill(worker, 0), 0) << "it waits for the next coordinator";
  ::kill(worker, SIGKILL);
}

TEST_F(StoppedRun, LogsOfLocalWorkersReachTheUser) {
  Program& run = rollcall({"-n", "2", "--pause", "0", "-w", "2", "--log-level", "info"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  std::size_t joined = 0;
  for (const std::string& line : lines_of(run.err())) {
    if (line.find("rollcall-worker[") != std::string::npos &&
        line.find("joined run") != std::string::npos) {
      ++joined;
    }
  }
  EXPECT_EQ(joined, 2U) << run.story();
}

}  // namespace
}  // namespace rollcall::integration
