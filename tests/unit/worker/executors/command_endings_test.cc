// How commands are ended, and that no descendant survives.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "common/limits.h"
#include "common/os/clock.h"
#include "tests/support/command_runner_fixture.h"

namespace rollcall::worker {
namespace {

using testing::IsEmpty;

/// A script that forks twice, starts a session of its own and clears its environment; then it
/// writes its process id to `pipe` and stays.
std::string hide(const std::string& pipe) {
  return "( setsid env -i /bin/sh -c '( echo $$ > /dev/null; exec setsid sh -c \"trap : HUP TERM "
         "INT; echo "
         "\\$\\$ > " +
         pipe + "; while :; do sleep 1000; done\" ) & ' >/dev/null 2>&1 & ) ";
}

/// Whether the script came as far as `echo ready`.
bool has_begun(const CommandResult& result) {
  return result.out.starts_with("ready\n");
}

TEST_F(CommandRunnerTest, ATimeoutEndsACommand) {
  Command command = program({"sleep", "1000"});
  command.timeout = 50ms;
  const CommandResult result = run(command);
  EXPECT_EQ(result.end, CommandEnd::timed_out);
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_GE(result.elapsed, Duration(50ms));
}

TEST_F(CommandRunnerTest, ATimeoutLeavesTimeToCleanUp) {
  const CommandResult result = run_into_timeout(
      shell("trap 'echo tidy; exit 5' TERM; echo ready; sleep 1000 & wait"), has_begun);
  EXPECT_EQ(result.end, CommandEnd::timed_out);
  EXPECT_EQ(result.status, 5);
  EXPECT_EQ(result.out, "ready\ntidy\n");
}

TEST_F(CommandRunnerTest, ACommandThatIgnoresTermIsKilled) {
  remake({.slots = 400, .max_output = 1000, .kill_after = 50ms});
  const CommandResult result =
      run_into_timeout(shell("trap '' TERM; echo ready; while :; do sleep 1000; done"), has_begun);
  EXPECT_EQ(result.end, CommandEnd::timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST_F(CommandRunnerTest, ACommandThatEndsInTimeHasNotTimedOut) {
  Command command = shell("exit 3");
  command.timeout = 20s;
  EXPECT_EQ(run(command).end, CommandEnd::exited);
}

TEST_F(CommandRunnerTest, CancelsTheCommandWithThisKey) {
  make_pipe("up");
  start(1, shell("echo $$ > " + path("up") + "; exec sleep 1000"));
  start(2, shell("sleep 0.1; exit 4"));
  EXPECT_GT(number_from_pipe(), 0);
  runner_->cancel(1);
  runner_->cancel(77);
  EXPECT_EQ(result_of(1).end, CommandEnd::cancelled);
  EXPECT_EQ(result_of(2).status, 4);
}

TEST_F(CommandRunnerTest, CancelsCommandsBeforeTheyStart) {
  for (std::uint64_t key = 0; key < 100; ++key) start(key, program({"sleep", "1000"}));
  runner_->cancel_all();
  ASSERT_TRUE(wait_until([&] { return results_.size() == 100; }));
  for (const auto& [key, result] : results_) EXPECT_EQ(result.end, CommandEnd::cancelled) << key;
  EXPECT_EQ(runner_->running(), 0U);
}

TEST_F(CommandRunnerTest, ACommandCancelledBeforeItHasASlotNeverStarts) {
  remake({.slots = 1, .max_output = 1000, .kill_after = 1s});
  make_pipe("up");
  start(1, shell("echo $$ > " + path("up") + "; exec sleep 1000"));
  for (std::uint64_t key = 2; key < 8; ++key) start(key, shell("touch " + path("no")));
  EXPECT_GT(number_from_pipe(), 0);
  for (std::uint64_t key = 2; key < 8; ++key) runner_->cancel(key);
  for (std::uint64_t key = 4; key < 8; ++key) {
    EXPECT_EQ(result_of(key).end, CommandEnd::cancelled) << key;
  }
  runner_->cancel(1);  // requests that the guardian has are cancelled when it is their turn
  EXPECT_EQ(result_of(2).end, CommandEnd::cancelled);
  EXPECT_EQ(result_of(3).end, CommandEnd::cancelled);
  EXPECT_FALSE(std::filesystem::exists(path("no")));
}

TEST_F(CommandRunnerTest, DroppedCommandsHaveNoResults) {
  make_pipe("up");
  start(1, shell("trap '' TERM; echo $$ > " + path("up") + "; exec sleep 1000"));
  const pid_t pid = number_from_pipe();
  runner_->drop();
  EXPECT_EQ(runner_->running(), 0U);
  EXPECT_EQ(run(shell("exit 2")).status, 2);
  EXPECT_TRUE(is_gone(pid));
  EXPECT_EQ(results_.size(), 1U);
}

TEST_F(CommandRunnerTest, TheRestOfTheGroupGetsTermWhenTheCommandEnds) {
  make_pipe("up");
  start(1, shell("(trap 'sleep 0.1; echo bye >&2; echo 1 > " + path("up") +
                 "; exit' TERM; echo up; touch " + path("ready") +
                 "; while :; do sleep 0.01; done) & while ! test -e " + path("ready") +
                 "; do sleep 0.01; done; exit 6"));
  EXPECT_EQ(result_of(1).status, 6);  // although the rest of the group holds the pipe open
  EXPECT_EQ(results_[1].out, "up\n");
  EXPECT_EQ(number_from_pipe(), 1);  // it may still write
}

TEST_F(CommandRunnerTest, TheRestOfTheGroupGetsKillAfterThat) {
  pid_t rest = -1;
  // This process may not run for longer than a short time before SIGKILL.
  for (Duration kill_after = 50ms; rest < 0 || is_gone(rest, 0ms); kill_after *= 2) {
    ASSERT_LT(kill_after, Duration(30s)) << "killed at once";
    remake({.slots = 400, .max_output = 1000, .kill_after = kill_after});
    const CommandResult result = run(shell("trap '' TERM; sleep 1000 & echo $!; exit 0"));
    EXPECT_EQ(result.end, CommandEnd::exited);
    rest = std::stoi(result.out);
  }
  bool gone = false;
  for (int i = 0; i < 3000 && !gone; ++i) {
    loop_.restart();
    loop_.run_one_for(20ms);
    gone = is_gone(rest, 0ms);
  }
  EXPECT_TRUE(gone);
}

TEST_F(CommandRunnerTest, ManyLeftGroupsAreKilledAtOnceBeyondALimit) {
  remake({.slots = 400, .max_output = 1000, .kill_after = 10min});
  std::vector<pid_t> rests;
  for (std::uint64_t key = 0; key < 300; ++key) {
    start(key, shell("trap '' TERM; sleep 1000 & echo $!"));
  }
  ASSERT_TRUE(wait_until([&] { return results_.size() == 300; }));
  for (const auto& [key, result] : results_) rests.push_back(std::stoi(result.out));
  std::ptrdiff_t gone = 0;
  for (int i = 0; i < 3000 && gone == 0; ++i) {
    loop_.restart();
    loop_.run_one_for(20ms);
    gone = std::ranges::count_if(rests, [](pid_t rest) { return is_gone(rest, 0ms); });
  }
  EXPECT_GE(gone, 1);
  EXPECT_LE(gone, 300 - 256 / static_cast<int>(kGuardians));
  runner_.reset();
  for (const pid_t rest : rests) EXPECT_TRUE(is_gone(rest));
}

TEST_F(CommandRunnerTest, HiddenDescendantsEndWithTheRunner) {
  make_pipe("up");
  start(1, shell(hide(path("up")) + "; exec sleep 1000"));
  const pid_t hidden = number_from_pipe();
  runner_->cancel(1);
  EXPECT_EQ(result_of(1).end, CommandEnd::cancelled);
  EXPECT_FALSE(is_gone(hidden, 0ms));
  const Instant before = os::now();
  runner_.reset();
  // It waits for their end, but not for ever.
  const auto longest = os::now() - before < limits::guardian_end ? 0s : 30s;
  EXPECT_TRUE(is_gone(hidden, longest));
  for (const pid_t guardian : guardian_pids_) EXPECT_TRUE(is_gone(guardian, longest));
}

TEST_F(CommandRunnerTest, HiddenDescendantsEndWithAKilledWorker) {
  make_pipe("up");
  runner_.reset();
  const pid_t worker = ::fork();
  if (worker == 0) {
    loop_.notify_fork(boost::asio::execution_context::fork_child);
    remake({.slots = 400, .max_output = 1000, .kill_after = 1s});
    start(1, shell(hide(path("up")) + "; exec sleep 1000"));
    wait_until([] { return false; });
    ::_exit(0);
  }
  ASSERT_GT(worker, 0);
  const pid_t hidden = number_from_pipe();
  EXPECT_FALSE(is_gone(hidden, 0ms));
  ::kill(worker, SIGKILL);
  EXPECT_TRUE(is_gone(hidden));
  ::waitpid(worker, nullptr, 0);
}

TEST_F(CommandRunnerTest, HiddenDescendantsEndWithAKilledGuardian) {
  make_pipe("up");
  for (std::size_t i = 0; i < kGuardians; ++i) {
    remake({.slots = 400, .max_output = 1000, .kill_after = 1s});
    broken_.clear();
    start(1, shell(hide(path("up")) + "; exec sleep 1000"));
    const pid_t hidden = number_from_pipe();
    ::kill(guardian_pids_[i], SIGKILL);
    ASSERT_TRUE(wait_until([&] { return !broken_.empty(); }));
    EXPECT_TRUE(is_gone(hidden));
    for (const pid_t guardian : guardian_pids_) EXPECT_TRUE(is_gone(guardian));
    EXPECT_THAT(results_, IsEmpty());
  }
}

TEST_F(CommandRunnerTest, HiddenDescendantsEndWithAStoppedGuardian) {
  make_pipe("up");
  start(1, shell(hide(path("up")) + "; exec sleep 1000"));
  const pid_t hidden = number_from_pipe();
  ::kill(guardian_pids_.back(), SIGSTOP);
  ASSERT_TRUE(wait_until([&] { return !broken_.empty(); }));
  EXPECT_EQ(broken_, "a guardian of commands was stopped");
  EXPECT_TRUE(is_gone(hidden));
  for (const pid_t guardian : guardian_pids_) EXPECT_TRUE(is_gone(guardian));
  EXPECT_THAT(results_, IsEmpty());
}

TEST_F(CommandRunnerTest, HiddenDescendantsOfAStoppedGuardianEndWithAKilledWorker) {
  make_pipe("up");
  runner_.reset();
  const pid_t worker = ::fork();
  if (worker == 0) {
    loop_.notify_fork(boost::asio::execution_context::fork_child);
    remake({.slots = 400, .max_output = 1000, .kill_after = 1s});
    start(1, shell("kill -STOP $PPID; " + hide(path("up")) + "; exec sleep 1000"));
    wait_until([] { return false; });
    ::_exit(0);
  }
  ASSERT_GT(worker, 0);
  const pid_t hidden = number_from_pipe();
  EXPECT_FALSE(is_gone(hidden, 0ms));
  ::kill(worker, SIGKILL);
  EXPECT_TRUE(is_gone(hidden));
  ::waitpid(worker, nullptr, 0);
}

TEST_F(CommandRunnerTest, AStoppedGuardianEndsWithTheRunner) {
  for (const pid_t guardian : guardian_pids_) ::kill(guardian, SIGSTOP);
  runner_.reset();
  for (const pid_t guardian : guardian_pids_) EXPECT_TRUE(is_gone(guardian));
}

TEST_F(CommandRunnerTest, SignalsOfATerminalDoNotReachTheGuardian) {
  run(shell("exit 0"));
  for (const pid_t guardian : guardian_pids_) {
    // One that has had no command may still be starting.
    while (::getsid(guardian) == ::getsid(0)) ::sched_yield();
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1}) ::kill(guardian, signal);
  }
  EXPECT_EQ(run(shell("exit 8")).status, 8);
}

}  // namespace
}  // namespace rollcall::worker
