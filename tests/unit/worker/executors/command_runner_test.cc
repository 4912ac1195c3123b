// Real commands: their environment, their output, their results.
#include "worker/executors/command_runner.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "tests/support/command_runner_fixture.h"

namespace rollcall::worker {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(CommandRunnerTest, ReportsTheExitStatus) {
  const CommandResult result = run(shell("exit 7"));
  EXPECT_EQ(result.end, CommandEnd::exited);
  EXPECT_EQ(result.status, 7);
  EXPECT_EQ(result.signal, 0);
}

TEST_F(CommandRunnerTest, ReportsTheSignal) {
  const CommandResult result = run(shell("kill -s USR1 $$"));
  EXPECT_EQ(result.end, CommandEnd::signalled);
  EXPECT_EQ(result.signal, SIGUSR1);
  EXPECT_EQ(result.status, 0);
}

TEST_F(CommandRunnerTest, PassesArgumentsUnchanged) {
  const std::vector<std::string> odd = {
      "a b", "", "it's", "\"$HOME\" `id` $(id)", "two\nlines", "*", "-n", "\\", "\xff\xfe", "é"};
  Command command = program({"/usr/bin/printf", "<%s>"});
  command.args.insert(command.args.end(), odd.begin(), odd.end());
  std::string expected;
  for (const std::string& each : odd) expected += "<" + each + ">";
  EXPECT_EQ(run(command).out, expected);
}

TEST_F(CommandRunnerTest, CapturesBothStreamsSeparatelyAndExactly) {
  const CommandResult result = run(shell("printf '\\377\\000\\n\\200'; printf 'err\\001' >&2"));
  EXPECT_EQ(result.out, std::string("\377\0\n\200", 4));
  EXPECT_EQ(result.err, "err\1");
  EXPECT_EQ(result.out_dropped + result.err_dropped, 0U);
}

TEST_F(CommandRunnerTest, PassesStandardInput) {
  Command command = program({"cat"});
  for (int i = 0; i < 300'000; ++i) command.input += static_cast<char>(i * 7);
  EXPECT_TRUE(run(command).out == command.input);
}

TEST_F(CommandRunnerTest, StandardInputIsEmptyByDefault) {
  const CommandResult result = run(program({"cat"}));
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(CommandRunnerTest, RunsInTheGivenDirectory) {
  Command command = program({"pwd"});
  command.cwd = "/usr/bin";
  EXPECT_EQ(run(command).out, "/usr/bin\n");
}

TEST_F(CommandRunnerTest, VariablesOverrideThoseOfTheWorker) {
  ::setenv("SHARED_VARIABLE", "worker", 1);
  ::setenv("KEPT_VARIABLE", "kept", 1);
  ::setenv("ROLLCALL_OUTPUT", "json", 1);
  remake({.slots = 400, .max_output = 1000, .kill_after = 1s});
  ::unsetenv("ROLLCALL_OUTPUT");
  Command command =
      shell("echo $SHARED_VARIABLE $KEPT_VARIABLE $NEW_VARIABLE ${ROLLCALL_OUTPUT-none}");
  command.env = {"SHARED_VARIABLE=task", "NEW_VARIABLE=a=b"};
  EXPECT_EQ(run(command).out, "task kept a=b none\n");
}

TEST_F(CommandRunnerTest, SearchesTheProgramInThePathOfTheCommand) {
  std::ofstream(path("hello")) << "#!/bin/sh\necho found\n";
  ::chmod(path("hello").c_str(), 0700);
  Command command = program({"hello"});
  EXPECT_EQ(run(command).end, CommandEnd::not_started);
  command.env = {"PATH=/nowhere:" + path("") + ":/usr/bin:/bin"};
  EXPECT_EQ(run(command).out, "found\n");
}

TEST_F(CommandRunnerTest, TheShellRunsAScriptWithoutAnInterpreter) {
  std::ofstream(path("plain")) << "echo plain $1\n";
  ::chmod(path("plain").c_str(), 0700);
  EXPECT_EQ(run(program({path("plain"), "x"})).out, "plain x\n");
}

TEST_F(CommandRunnerTest, StartsACleanProcess) {
  std::signal(SIGPIPE, SIG_IGN);
  const CommandResult signals = run(program({"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"}));
  EXPECT_EQ(signals.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  EXPECT_EQ(run(shell("ls /proc/self/fd | tr '\\n' ' '")).out, "0 1 2 3 ");  // 3: the directory
  EXPECT_EQ(run(shell("ulimit -n")).out, "1024\n");
  const CommandResult group = run(shell("ps -o pgid= -p $$ | tr -d ' '; echo $$"));
  const std::string half = group.out.substr(0, group.out.size() / 2);
  EXPECT_EQ(half + half, group.out);
}

TEST_F(CommandRunnerTest, ResetsTheReservedSignalsOfTheCLibraryToo) {
  // posix_spawn() may leave them ignored, and the C library refuses to change them.
  using KernelAction = std::array<unsigned long, 8>;  // first the handler; then flags, no mask
  constexpr std::size_t kMaskBytes = 8;
  const KernelAction ignored{1};
  const std::array<int, 2> its_own = {32, 33};
  std::array<KernelAction, 2> before{};
  for (std::size_t i = 0; i < its_own.size(); ++i) {
    ::syscall(SYS_rt_sigaction, its_own[i], ignored.data(), before[i].data(), kMaskBytes);
  }
  remake({.slots = 2, .max_output = 1U << 20U, .kill_after = 10s});
  for (std::size_t i = 0; i < its_own.size(); ++i) {
    ::syscall(SYS_rt_sigaction, its_own[i], before[i].data(), nullptr, kMaskBytes);
  }
  const CommandResult signals = run(program({"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"}));
  EXPECT_EQ(signals.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(CommandRunnerTest, ReportsTheResourcesUsed) {
  const CommandResult result = run(shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"));
  EXPECT_GT(result.cpu, Duration{});
  EXPECT_GE(result.elapsed, result.cpu / 2);
  EXPECT_GT(result.started.time_since_epoch(), Duration{});
  EXPECT_GT(result.peak_rss_bytes, 100'000U);
}

TEST_F(CommandRunnerTest, ReportsWhyACommandDidNotStart) {
  const CommandResult missing = run(program({"/nowhere/x"}));
  EXPECT_EQ(missing.end, CommandEnd::not_started);
  EXPECT_EQ(missing.error, ENOENT);
  EXPECT_EQ(missing.error_text, "cannot start /nowhere/x: No such file or directory");
  EXPECT_EQ(run(program({"surely-not-in-the-path"})).error, ENOENT);
  EXPECT_EQ(run(program({"/etc"})).error, EACCES);
  EXPECT_EQ(run(program({""})).error, ENOENT);
  Command lost = program({"true"});
  lost.cwd = "/nowhere";
  EXPECT_EQ(run(lost).error_text, "cannot enter /nowhere: No such file or directory");
  EXPECT_EQ(run(shell("exit 0")).end, CommandEnd::exited);
}

TEST_F(CommandRunnerTest, RejectsArgumentsThatTheSystemCannotPass) {
  EXPECT_EQ(run(program({})).error, EINVAL);
  EXPECT_EQ(run(program({"echo", std::string("a\0b", 3)})).error, EINVAL);
  EXPECT_EQ(run(program({"echo", std::string(1U << 20U, 'x')})).error, E2BIG);
  EXPECT_EQ(run(program({"echo", std::string(9U << 20U, 'x')})).error, E2BIG);
}

TEST_F(CommandRunnerTest, PassesArgumentsLargerThanASocketBuffer) {
  Command command = program({"/usr/bin/printf", "%s"});
  for (int i = 0; i < 12; ++i)
    command.args.push_back(std::string(100'000, static_cast<char>('a' + i)));
  const CommandResult result = run(command);
  EXPECT_EQ(result.out.size() + result.out_dropped, 1'200'000U);
}

TEST_F(CommandRunnerTest, SurvivesAShortageOfDescriptors) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit low = before;
  low.rlim_cur = 3;
  ::setrlimit(RLIMIT_NOFILE, &low);
  // Not a member of the test: UBSan cannot check its type without descriptors.
  runner_->start(1, program({"true"}), terms_);
  ::setrlimit(RLIMIT_NOFILE, &before);
  const CommandResult result = result_of(1);
  EXPECT_EQ(result.end, CommandEnd::not_started);
  EXPECT_EQ(result.error_text, "cannot start true: Too many open files");
  EXPECT_EQ(run(program({"true"})).end, CommandEnd::exited);
}

TEST_F(CommandRunnerTest, CapturesTheFirstBytesOfAFloodAndCountsTheRest) {
  remake({.slots = 400, .max_output = 10'000, .kill_after = 1s});
  const CommandResult result =
      run(shell("(echo begin; head -c 20000000 /dev/zero) & (echo err; head -c 10000000 /dev/zero) "
                ">&2; wait"));
  EXPECT_EQ(result.out.size(), 10'000U);
  EXPECT_THAT(result.out, StartsWith("begin\n"));
  EXPECT_THAT(result.err, StartsWith("err\n"));
  EXPECT_LE(result.out.capacity(), 10'000U);
  EXPECT_EQ(result.out_dropped, 20'000'006U - 10'000U);
  EXPECT_EQ(result.err_dropped, 10'000'004U - 10'000U);
}

/// The flood ends after a minute if the runner never looks at its timers.
TEST_F(CommandRunnerTest, ATimeoutEndsAnEndlessFlood) {
  remake({.slots = 400, .max_output = 1'000, .kill_after = 1s});
  const CommandResult result = run_into_timeout(
      shell("timeout --foreground 60 yes & exec timeout --foreground 60 yes >&2"),
      [](const CommandResult& r) { return r.out_dropped > 0 && r.err_dropped > 0; });
  EXPECT_EQ(result.end, CommandEnd::timed_out);
  EXPECT_EQ(result.out.size(), 1'000U);
  EXPECT_GT(result.out_dropped, 0U);
  EXPECT_GT(result.err_dropped, 0U);
}

TEST_F(CommandRunnerTest, LosesNoOutputWrittenJustBeforeTheEnd) {
  for (int i = 0; i < 50; ++i) {
    const CommandResult result = run(program({"head", "-c", "60000", "/dev/zero"}));
    ASSERT_EQ(result.out.size(), 60'000U);
  }
}

TEST_F(CommandRunnerTest, ACommandMayCloseItsOutputAndContinue) {
  make_pipe("go");
  start(1, shell("exec >&- 2>&-; echo $$ > " + path("go") + "; sleep 0.05; exit 3"));
  EXPECT_GT(number_from_pipe(), 0);
  EXPECT_EQ(result_of(1).status, 3);
}

TEST_F(CommandRunnerTest, RunsManyAtOnce) {
  for (std::uint64_t i = 0; i < 300; ++i) start(i, shell("echo " + std::to_string(i)));
  EXPECT_EQ(runner_->running(), 300U);
  ASSERT_TRUE(wait_until([&] { return results_.size() == 300; }));
  for (std::uint64_t i = 0; i < 300; ++i) EXPECT_EQ(results_[i].out, std::to_string(i) + "\n");
  EXPECT_EQ(runner_->running(), 0U);
}

TEST_F(CommandRunnerTest, RunsNoMoreCommandsThanSlots) {
  remake({.slots = 3, .max_output = 1000, .kill_after = 1s});
  make_pipe("up");
  for (std::uint64_t i = 0; i < 3; ++i) {  // all slots are in use at once
    start(i, shell("echo $$ > " + path("up") + "; exec sleep 1000"));
    ASSERT_GT(number_from_pipe(), 0);
  }
  for (std::uint64_t i = 3; i < 40; ++i) start(i, program({"sleep", "0.005"}));
  for (std::uint64_t i = 0; i < 3; ++i) runner_->cancel(i);
  ASSERT_TRUE(wait_until([&] { return results_.size() == 40; }));
  std::vector<std::pair<Instant, int>> changes;
  for (const auto& [key, result] : results_) {
    changes.emplace_back(result.started, 1);
    changes.emplace_back(result.started + result.elapsed, -1);
  }
  std::sort(changes.begin(), changes.end());
  int running = 0;
  int most = 0;
  for (const auto& [at, change] : changes) most = std::max(most, running += change);
  EXPECT_EQ(most, 3);
}

TEST_F(CommandRunnerTest, LeavesNoDescriptorOpen) {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  run(shell("exit 0"));
  const auto before = open_files();
  for (int i = 0; i < 20; ++i) run(shell("echo x; sleep 0.01; nowhere"));
  run(program({"/nowhere/x"}));
  EXPECT_EQ(open_files(), before);
}

TEST(CommandSlots, AreLimitedByDescriptors) {
  EXPECT_EQ(command_slots(0), 0U);
  EXPECT_EQ(command_slots(66), 0U);
  EXPECT_EQ(command_slots(67), 1U);
  EXPECT_EQ(command_slots(512), 149U);
  EXPECT_EQ(command_slots(1U << 20U), 16'384U);
}

}  // namespace
}  // namespace rollcall::worker
