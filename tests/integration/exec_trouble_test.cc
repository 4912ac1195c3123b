// Commands that fail, hang, hide or flood; interrupted runs; killed workers.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "common/os/cgroup.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Lt;
using testing::SizeIs;
using testing::StartsWith;

class ExecEndings : public ProgramsTest {
 protected:
  /// The document of a run, which must exit with `status`.
  nlohmann::json document(const Arguments& arguments, int status,
                          std::chrono::milliseconds limit = kLimit) {
    Program& run = exec(Arguments{"-q", "--output", "json"} + arguments);
    EXPECT_EQ(run.wait(limit), status) << run.story();
    return document_of(run);
  }
  /// Starts a run and waits until each command has written a line to file("began").
  Program& long_run(const std::string& script, std::size_t commands, const Arguments& more = {}) {
    Program& run = exec(more + Arguments{"--range", "1-" + std::to_string(commands), "-j",
                                         std::to_string(commands), "--shell", "--",
                                         "echo {} >> " + file("began") + "; " + script});
    EXPECT_TRUE(wait_until([&] { return lines_of(contents_of(file("began"))).size() == commands; }))
        << run.story();
    return run;
  }
};

TEST_F(ExecEndings, TimesOutACommand) {
  const auto run = document({"--range", "1-2", "--timeout", "200ms", "--", "sleep", "30"}, 1);
  EXPECT_EQ(run.at("outcomes").at("timed_out"), 2);
  EXPECT_THAT(run.at("measured_seconds").get<double>(), AllOf(Ge(0.2), Lt(20)));
}

TEST_F(ExecEndings, TimesOutACommandThatIgnoresSigterm) {
  const auto run = document({"--range", "1-1", "--timeout", "100ms", "--kill-after", "100ms",
                             "--shell", "--", "trap '' TERM; sleep 30; sleep 30"},
                            1);
  EXPECT_EQ(run.at("outcomes").at("timed_out"), 1);
  EXPECT_THAT(run.at("measured_seconds").get<double>(), Lt(20));
}

TEST_F(ExecEndings, RetriesFailedCommands) {
  const std::string tries = file("tries");
  const std::string script = "echo {} >> " + tries + "; test $ROLLCALL_ATTEMPT = 3 || test {} = 1";
  const auto run = document({"--range", "1-2", "--retries", "2", "--shell", "--", script}, 0);
  EXPECT_EQ(run.at("outcomes").at("succeeded"), 2);
  EXPECT_EQ(run.at("attempts").at("total"), 4);
  EXPECT_THAT(lines_of(contents_of(tries)), SizeIs(4));
  const auto all = document({"--range", "1-1", "--retries", "1", "--", "false"}, 1);
  EXPECT_EQ(all.at("attempts").at("total"), 2);
}

TEST_F(ExecEndings, FailedAttemptsAreNotCountedAsRunning) {
  const std::string script = "test $ROLLCALL_ATTEMPT = 3 || exit 1; sleep 0.8";
  Program& run = exec({"--progress", "plain", "--range", "1-6", "-j", "2", "--retries", "2",
                       "--shell", "--", script});
  EXPECT_EQ(run.wait(), 0) << run.story();
  std::vector<std::string> counts;
  for (const std::string& line : lines_of(run.err())) {
    const std::size_t end = line.find(" running, ");
    if (end == std::string::npos) continue;
    const std::size_t begin = line.rfind(' ', end - 1) + 1;
    counts.push_back(line.substr(begin, end - begin));
  }
  EXPECT_THAT(counts, SizeIs(Ge(1U)));
  EXPECT_THAT(counts, Each(AnyOf("0", "1", "2"))) << run.story();
}

TEST_F(ExecEndings, HaltEndsTheRun) {
  const auto soon =
      document({"--range", "1-1000", "-j", "1", "--halt", "soon,fail=3", "--", "false"}, 1);
  EXPECT_THAT(soon.at("outcomes").at("failed").get<int>(), AllOf(Ge(3), Lt(900)));
  EXPECT_GT(soon.at("outcomes").at("cancelled"), 0);
  const auto now = document({"--range", "1-10", "-j", "10", "--halt", "now,success=1", "--shell",
                             "--", "test {} = 5 || sleep 30"},
                            0);
  EXPECT_THAT(now.at("measured_seconds").get<double>(), Lt(20));
  EXPECT_EQ(now.at("outcomes").at("cancelled"), 9);
}

TEST_F(ExecEndings, FirstInterruptWaitsForRunningCommands) {
  Program& run = long_run("while ! test -e " + file("go") + "; do sleep 0.02; done; echo done", 2,
                          {"--output", "jsonl"});
  run.signal(SIGINT);
  ASSERT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGINT); }));
  std::ofstream(file("go")) << "\n";
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(summary_of(run).at("outcomes").at("succeeded"), 2) << run.story();
}

TEST_F(ExecEndings, FirstSignalStartsNothingNew) {
  Program& run = exec({"--range", "1-1000", "-j", "2", "--output", "jsonl", "--", "sleep", "0.1"});
  ASSERT_TRUE(wait_for_events(run, "done", 2));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 143) << run.story();
  const auto outcomes = summary_of(run).at("outcomes");
  EXPECT_THAT(outcomes.at("succeeded").get<int>(), AllOf(Ge(2), Lt(900)));
  EXPECT_EQ(outcomes.at("succeeded").get<int>() + outcomes.at("cancelled").get<int>(), 1000);
}

TEST_F(ExecEndings, SecondInterruptKillsRunningCommands) {
  Program& run = long_run("trap '' TERM; sleep 60; sleep 60", 2,
                          {"--output", "jsonl", "--kill-after", "100ms"});
  run.signal(SIGINT);
  ASSERT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGINT); }));
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(summary_of(run).at("outcomes").at("cancelled"), 2) << run.story();
}

TEST_F(ExecEndings, ThirdInterruptEndsAtOnce) {
  Program& run = long_run("trap '' TERM; sleep 60; sleep 60", 2, {"--kill-after", "10m"});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGINT); }));
    run.signal(SIGINT);
  }
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(ExecEndings, KillsDescendantsInOtherSessions) {
  const auto run =
      document({"--range", "1-3", "--shell", "--",
                "setsid sh -c 'setsid sleep 60 & echo $! >> " + file("hidden") + "; touch " +
                    file("hidden-") + "{}; sleep 60' & " + until_touched("hidden-{}")},
               0);
  EXPECT_EQ(run.at("outcomes").at("succeeded"), 3);
  EXPECT_THAT(lines_of(contents_of(file("hidden"))), SizeIs(3));
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(ExecEndings, DoesNotWaitForDescendantsThatHoldTheOutput) {
  const auto run = document({"--range", "1-2", "--kill-after", "100ms", "--shell", "--",
                             "(trap '' TERM; sleep 60) & exit 0"},
                            0);
  EXPECT_THAT(run.at("measured_seconds").get<double>(), Lt(20));
  const auto closed =
      document({"--range", "1-1", "--shell", "--", "exec >&- 2>&-; sleep 0.3; exit 7"}, 1);
  EXPECT_THAT(closed.at("measured_seconds").get<double>(), Ge(0.3));
  EXPECT_EQ(closed.at("commands").at("failed").at(0).at("how"), "exit status 7");
}

TEST_F(ExecEndings, TruncatesAFloodOnBothStreams) {
  // On a slow machine the commands need longer until they flood.
  for (int seconds = 1;; seconds *= 2) {
    Program& run = exec({"-q", "--range", "1-2", "--timeout", std::to_string(seconds),
                         "--max-output", "64K", "--shell", "--", "yes & yes err >&2"});
    EXPECT_EQ(run.wait(), 1) << run.story();
    EXPECT_LE(run.out().size(), 2 * 65'536U);
    const std::string err = run.err();
    if (run.out().size() == 2 * 65'536 &&
        err.find("more bytes of standard output dropped") != std::string::npos &&
        err.find("more bytes of standard error dropped") != std::string::npos) {
      return;
    }
    ASSERT_LT(seconds, 20) << run.out().size() << " bytes\n" << err.substr(0, 1'000);
  }
}

using ExecMany = ExecEndings;

TEST_F(ExecMany, TenThousandCommands) {
  const auto run = document({"--range", "1-10000", "--", "true"}, 0, std::chrono::minutes(3));
  EXPECT_EQ(run.at("outcomes").at("succeeded"), 10'000);
  EXPECT_TRUE(run.at("validated").get<bool>());
}

class ExecWorkers : public ExecEndings {};

TEST_F(ExecWorkers, KilledWorkerLosesNoResult) {
  Program& run =
      exec({"-q", "--range", "1-40", "-w", "2", "-j", "2", "--output", "jsonl", "--shell", "--",
            "setsid sleep 60 & test {} -le 4 || { " + until_touched("go") + "; }; echo {}"});
  ASSERT_TRUE(wait_for_events(run, "done", 4));
  const std::vector<pid_t> workers = children_of(run.pid());
  ASSERT_THAT(workers, SizeIs(Ge(2U)));
  ::kill(workers.front(), SIGKILL);
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
  std::vector<std::string> printed;
  for (const auto& done : events_of(run, "done")) printed.push_back(done.at("stdout"));
  std::sort(printed.begin(), printed.end());
  EXPECT_THAT(printed, SizeIs(40));
  EXPECT_EQ(std::unique(printed.begin(), printed.end()), printed.end());
  EXPECT_THAT(events_of(run, "worker_lost"), SizeIs(1));
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(ExecWorkers, DieWithTheCoordinatorAndLeaveNoCommand) {
  Program& run = long_run("setsid sleep 60 & sleep 60", 3);
  run.signal(SIGKILL);
  run.wait();
  EXPECT_TRUE(wait_for_no_process());
}

/// After this silence a process is given up. A busy machine must not cause it.
const Arguments kShortSilence = {"--heartbeat-interval", "100ms", "--liveness", "4s",
                                 "--rejoin-for",         "1s"};

/// One process of a run is killed or stopped.
class ExecProcess : public ExecWorkers {
 protected:
  /// Starts three commands, each with a descendant in a session of its own, in one worker. They
  /// stay at their first attempt, and end at once at the next.
  Program& start_three(const Arguments& more = {}) {
    const std::string script =
        "test $ROLLCALL_ATTEMPT = 1 || exit 0; setsid sleep 60 & echo $$ >> " + file("began") +
        "; sleep 60";
    Program& run =
        exec(Arguments{"-q", "--range", "1-3", "-w", "1", "-j", "3", "--output", "json"} + more +
             Arguments{"--shell", "--", script});
    EXPECT_TRUE(wait_until([&] { return lines_of(contents_of(file("began"))).size() == 3; }))
        << run.story();
    return run;
  }
  // Both throw if there is none: the caller sends signals to what they return.
  static pid_t worker_of(const Program& run) {
    const std::vector<pid_t> workers = children_of(run.pid());
    EXPECT_THAT(workers, SizeIs(1));
    return workers.at(0);
  }
  static pid_t guardian_of(const Program& run) { return children_of(worker_of(run)).at(0); }
  /// The run ends well, and leaves no process.
  void expect_success(Program& run) {
    EXPECT_EQ(run.wait(), 0) << run.story();
    EXPECT_EQ(document_of(run).at("outcomes").at("succeeded"), 3);
    EXPECT_TRUE(document_of(run).at("validated").get<bool>());
    EXPECT_TRUE(wait_for_no_process());
  }
};

TEST_F(ExecProcess, WorkerIsKilled) {
  Program& run = start_three();
  ::kill(worker_of(run), SIGKILL);
  expect_success(run);
}

TEST_F(ExecProcess, WorkerIsStopped) {
  Program& run = start_three(kShortSilence);
  ::kill(worker_of(run), SIGSTOP);
  expect_success(run);
}

TEST_F(ExecProcess, GuardianIsKilled) {
  Program& run = start_three();
  const pid_t worker = worker_of(run);
  ::kill(guardian_of(run), SIGKILL);
  expect_success(run);
  const auto workers = document_of(run).at("workers");
  ASSERT_THAT(workers, SizeIs(2));
  EXPECT_EQ(workers.at(1).at("pid"), worker) << "the same process has joined again";
}

TEST_F(ExecProcess, GuardianIsStopped) {
  Program& run = start_three();
  ::kill(guardian_of(run), SIGSTOP);
  expect_success(run);
  EXPECT_GT(document_of(run).at("attempts").at("retried"), 0);
}

/// Where control groups may be made: else hidden descendants of commands stay.
TEST_F(ExecProcess, WorkerAndGuardianAreKilledTogether) {
  if (!os::Cgroup::create("probe")) GTEST_SKIP() << "no control group was delegated";
  Program& run = start_three();
  const pid_t worker = worker_of(run);
  const std::vector<pid_t> guardians = children_of(worker);
  ::kill(worker, SIGSTOP);  // it shall not notice that its guardians have ended
  for (const pid_t guardian : guardians) ::kill(guardian, SIGKILL);
  ::kill(worker, SIGKILL);
  expect_success(run);
}

TEST_F(ExecProcess, CommandsAreKilled) {
  Program& run = start_three({"--retries", "1"});
  for (const std::string& pid : lines_of(contents_of(file("began")))) {
    ::kill(std::stoi(pid), SIGKILL);
  }
  expect_success(run);
}

TEST_F(ExecProcess, CommandsAreStopped) {
  Program& run = start_three({"--retries", "1", "--timeout", "5s", "--kill-after", "100ms"});
  for (const std::string& pid : lines_of(contents_of(file("began")))) {
    ::kill(std::stoi(pid), SIGSTOP);
  }
  expect_success(run);
}

TEST_F(ExecProcess, CoordinatorIsStopped) {
  Program& run = start_three(kShortSilence);
  run.signal(SIGSTOP);
  EXPECT_TRUE(wait_until([&] { return processes() == std::vector{run.pid()}; }));
  run.signal(SIGKILL);
  run.wait();
}

TEST_F(ExecProcess, CoordinatorIsKilledWhileAGuardianIsStopped) {
  Program& run = start_three();
  ::kill(guardian_of(run), SIGSTOP);
  run.signal(SIGKILL);
  run.wait();
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(ExecProcess, RunEndsWhileAGuardianIsStopped) {
  Program& run = start_three();
  ::kill(guardian_of(run), SIGSTOP);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGINT); }));
    run.signal(SIGINT);
  }
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(ExecProcess, CommandStopsItsGuardian) {
  const auto run = document(
      {"--range", "1-40", "-w", "2", "-j", "4", "--shell", "--",
       "[ $ROLLCALL_TASK_ID = 7 ] && [ $ROLLCALL_ATTEMPT = 1 ] && kill -STOP $PPID; sleep 0.1"},
      0);
  EXPECT_EQ(run.at("outcomes").at("succeeded"), 40);
  EXPECT_GT(run.at("attempts").at("retried"), 0);
  const auto lost = document(
      {"--range", "1-1", "--max-losses", "2", "--shell", "--", "kill -STOP $PPID; sleep 60"}, 1);
  EXPECT_EQ(lost.at("outcomes").at("lost"), 1);
}

TEST_F(ExecProcess, WorkerThatJoinedStaysWhenItsGuardianIsKilled) {
  Program& run =
      exec({"-q", "--range", "1-2", "-w", "0", "--access-file", access_file(), "--output", "json",
            "--shell", "--", "test $ROLLCALL_ATTEMPT -gt 1 || kill -9 $PPID; sleep 0.1"});
  Program& joining = worker({"--access-file", access_file(), "-j", "2"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  for (const auto& session : document_of(run).at("workers")) {
    EXPECT_EQ(session.at("pid"), joining.pid());
  }
  EXPECT_EQ(joining.wait(), 0) << joining.story();
}

class ExecJournal : public ExecWorkers {
 protected:
  Program& resume() {
    return start({programs_directory() / "rollcall", {"resume", file("journal")}, {}, {}, {}});
  }
  /// Starts a run of 30 commands, which print their lines and append their task ids to file("ran").
  /// All but the first ten wait for touch("go").
  Program& start_journaled(const Arguments& more = {}) {
    std::string lines;
    for (int i = 0; i < 30; ++i) lines += "line " + std::to_string(i) + "\n";
    return exec(more + Arguments{"-q", "--journal", file("journal"), "-j", "3", "--shell", "--",
                                 "test $ROLLCALL_TASK_ID -lt 10 || { " + until_touched("go") +
                                     "; }; echo {}; echo $ROLLCALL_TASK_ID >> " + file("ran")},
                lines);
  }
  /// Expects all 30 lines in both outputs together. Lines printed just before a crash may repeat.
  static void expect_all(const Program& first, const Program& second, bool may_repeat) {
    std::vector<std::string> lines = lines_of(first.out() + second.out());
    std::sort(lines.begin(), lines.end());
    const auto end = std::unique(lines.begin(), lines.end());
    if (!may_repeat) {
      EXPECT_EQ(end, lines.end());
    }
    EXPECT_EQ(end - lines.begin(), 30);
  }
};

TEST_F(ExecJournal, ResumesAfterACrash) {
  Program& run = start_journaled();
  ASSERT_TRUE(run.wait_for_lines("line .*", 6));
  run.signal(SIGKILL);
  run.wait();
  touch("go");
  Program& again = resume();
  EXPECT_EQ(again.wait(), 0) << again.story();
  expect_all(run, again, true);
  EXPECT_THAT(lines_of(contents_of(file("ran"))), SizeIs(30)) << "adopted, not run again";
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(ExecJournal, ResumesInOrder) {
  Program& run = start_journaled({"--keep-order"});
  ASSERT_TRUE(run.wait_for_lines("line .*", 6));
  run.signal(SIGTERM);
  ASSERT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGTERM); }));
  touch("go");
  EXPECT_EQ(run.wait(), 143) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("rollcall resume"));
  Program& again = resume();
  EXPECT_EQ(again.wait(), 0) << again.story();
  expect_all(run, again, true);
  const std::vector<std::string> lines = again.out_lines();
  ASSERT_THAT(lines, SizeIs(Ge(1U)));
  const int first = std::stoi(lines.front().substr(5));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i], "line " + std::to_string(first + static_cast<int>(i)));
  }
}

TEST_F(ExecJournal, PrintsOutputAgainThatWasUnreadAtACrash) {
  const std::string pipe = file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  const std::string script =
      "head -c 20000 /dev/zero | tr '\\0' x; echo; echo line {}; sleep 0.05; "
      "echo >> " +
      file("ran");
  Program& run = start({programs_directory() / "rollcall",
                        {"exec", "-q", "--range", "1-30", "--journal", file("journal"), "-j", "3",
                         "--shell", "--", script},
                        {},
                        {},
                        pipe});
  ASSERT_TRUE(wait_until([&] { return lines_of(contents_of(file("ran"))).size() == 30; }));
  run.signal(SIGKILL);
  run.wait();
  std::string taken(1'000'000, ' ');
  taken.resize(
      static_cast<std::size_t>(std::max<ssize_t>(::read(reader, taken.data(), taken.size()), 0)));
  ::close(reader);
  Program& again = resume();
  EXPECT_EQ(again.wait(), 0) << again.err();
  std::set<std::string> printed;
  for (const std::string& text : {taken, again.out()}) {
    for (const std::string& line : lines_of(text)) {
      if (line.starts_with("line ")) printed.insert(line);
    }
  }
  EXPECT_THAT(printed, SizeIs(30));
  EXPECT_THAT(lines_of(contents_of(file("ran"))), SizeIs(30));
}

TEST_F(ExecJournal, RefusesOtherInput) {
  touch("go");
  Program& run = start_journaled();
  EXPECT_EQ(run.wait(), 0) << run.story();
  Program& other = exec({"--journal", file("journal"), "--resume", "--", "true"}, "other\n");
  EXPECT_EQ(other.wait(), 2) << other.story();
  EXPECT_THAT(other.err(), HasSubstr("was created with different options: COMMAND "));
  EXPECT_THAT(other.err(), HasSubstr(", the input has changed, --shell"));
}

TEST_F(ExecJournal, RefusesASecondCoordinator) {
  Program& run = start_journaled();
  ASSERT_TRUE(run.wait_for_lines("line .*", 1));
  Program& other = resume();
  EXPECT_EQ(other.wait(), 2) << other.story();
  EXPECT_THAT(other.err(),
              StartsWith("rollcall resume: journal " + file("journal") + " is in use"));
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(ExecJournal, RetryFailedRunsOnlyFailedTasks) {
  const std::string script = "echo $ROLLCALL_TASK_ID >> " + file("ran") + "; test -e " +
                             file("repaired") + " || test $((n % 3)) != 0";
  Program& run = exec(
      {"-q", "--range", "1-30", "--journal", file("journal"), "--shell", "--", "n={}; " + script});
  EXPECT_EQ(run.wait(), 1) << run.story();
  std::ofstream(file("repaired"));
  Program& again = start({programs_directory() / "rollcall",
                          {"resume", "--retry-failed", file("journal")},
                          {},
                          {},
                          {}});
  EXPECT_EQ(again.wait(), 0) << again.story();
  EXPECT_THAT(lines_of(contents_of(file("ran"))), SizeIs(40));
  Program& report = start({programs_directory() / "rollcall",
                           {"report", "--output", "json", file("journal")},
                           {},
                           {},
                           {}});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_EQ(document_of(report).at("outcomes").at("succeeded"), 30);
  EXPECT_TRUE(document_of(report).at("validated").get<bool>());
  Program& once_more = start({programs_directory() / "rollcall",
                              {"resume", "--retry-failed", file("journal")},
                              {},
                              {},
                              {}});
  EXPECT_EQ(once_more.wait(), 0) << once_more.story();
  EXPECT_THAT(once_more.err(), HasSubstr("is finished"));
}

}  // namespace
}  // namespace rollcall::integration
