// Several guardians share the work without disturbing each other.
#include "worker/guardian/guardian.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <map>
#include <string>

#include "common/limits.h"
#include "tests/support/command_runner_fixture.h"
#include "worker/guardian/protocol.h"
#include "worker/guardian/spawn.h"

namespace rollcall::worker {
namespace {

class GuardianTest : public CommandRunnerTest {
 protected:
  void use(std::uint32_t slots) {
    remake({.slots = slots, .max_output = 1U << 20U, .kill_after = 10s});
  }
  bool wait_for(std::size_t count) {
    return wait_until([&] { return results_.size() == count; });
  }
  /// Starts a command that stays, and waits until it runs.
  pid_t start_long(std::uint64_t key) {
    start(key, shell("echo $$ > " + path("up") + "; exec sleep 1000"));
    return number_from_pipe();
  }
};

TEST_F(GuardianTest, ConcurrentCommandsHaveTheirOwnThreeDescriptorsOnly) {
  for (std::uint64_t key = 0; key < 200; ++key) {
    // Each command writes its own number, which no other may receive.
    Command command = shell("echo " + std::to_string(key) + " >&2; cat; ls /proc/self/fd");
    command.input = "input " + std::to_string(key) + "\n";
    start(key, command);
  }
  ASSERT_TRUE(wait_for(200));
  for (const auto& [key, result] : results_) {
    EXPECT_EQ(result.out, "input " + std::to_string(key) + "\n0\n1\n2\n3\n");  // 3: the directory
    EXPECT_EQ(result.err, std::to_string(key) + "\n");
  }
}

/// Field 19 of its line in /proc.
TEST_F(GuardianTest, ACommandHasTheNicenessThatIsAskedFor) {
  const int own = ::getpriority(PRIO_PROCESS, 0);
  const Command command = shell("cut -d ' ' -f 19 /proc/self/stat");
  EXPECT_EQ(run(command).out, std::to_string(own) + "\n");
  terms_.nice = 19;
  EXPECT_EQ(run(command).out, "19\n");
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), own);
  terms_.nice = 0;
  EXPECT_EQ(run(command).out, std::to_string(own) + "\n") << "the guardian has changed";
}

/// Also if the worker could make it less nice.
TEST_F(GuardianTest, ACommandIsAsNiceAsItsWorker) {
  const int own = ::getpriority(PRIO_PROCESS, 0);
  if (own >= 15) GTEST_SKIP() << "the test runs with a low priority";
  const pid_t child = ::fork();  // its priority cannot be raised again
  if (child == 0) {
    ::setpriority(PRIO_PROCESS, 0, 15);
    SpawnPlan plan;
    std::string script = "test $(cut -d ' ' -f 19 /proc/self/stat) = 15";
    std::string shell = "/bin/sh";
    std::string option = "-c";
    std::array<char*, 5> words{nullptr, shell.data(), option.data(), script.data(), nullptr};
    plan.args = words.data() + 1;
    plan.variables = environ;
    plan.cwd = "";
    plan.output = STDOUT_FILENO;
    plan.error_output = STDERR_FILENO;
    plan.nice = 10;
    int status = 1;
    ::waitpid(spawn_process(plan).pid, &status, 0);
    ::_exit(status == 0 ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(GuardianTest, EachGuardianStartsItsShare) {
  use(30);
  for (std::uint64_t key = 0; key < 30; ++key) {
    start(key, shell("echo $PPID >> " + path("up") + "; exec sleep 1000"));
  }
  std::map<pid_t, int> started;
  int turns = 0;
  for (int all = 0; all < 30;) {
    loop_.restart();
    loop_.run_for(1ms);
    ASSERT_LT(++turns, 30'000);
    started.clear();
    std::ifstream up(path("up"));
    pid_t parent = 0;
    for (all = 0; up >> parent; ++all) ++started[parent];
  }
  for (const pid_t guardian : guardian_pids_) EXPECT_EQ(started[guardian], 10);
}

TEST_F(GuardianTest, ALongCommandDelaysNoOther) {
  use(kGuardians);
  make_pipe("up");
  // One slot is left: the guardian that has it takes all further requests.
  for (std::uint64_t key = 1; key < kGuardians; ++key) ASSERT_GT(start_long(key), 0);
  for (std::uint64_t key = 10; key < 40; ++key) start(key, program({"true"}));
  ASSERT_TRUE(wait_for(30));
  for (const auto& [key, result] : results_) EXPECT_EQ(result.status, 0) << key;
  EXPECT_EQ(runner_->running(), kGuardians - 1);
}

TEST_F(GuardianTest, FewerSlotsThanGuardiansStillLimitCommands) {
  use(1);
  make_pipe("up");
  ASSERT_GT(start_long(1), 0);
  start(2, shell("touch " + path("no")));
  start(3, program({"true"}));
  loop_.restart();
  loop_.run_for(50ms);
  EXPECT_FALSE(std::filesystem::exists(path("no")));
  runner_->cancel(2);
  runner_->cancel(1);
  EXPECT_EQ(result_of(3).status, 0);
  EXPECT_FALSE(std::filesystem::exists(path("no")));
}

TEST_F(GuardianTest, ACancelledRequestIsRememberedAfterManyOthers) {
  use(2);
  make_pipe("up");
  ASSERT_GT(start_long(1), 0);  // its guardian takes no other request, but gets every signal
  for (std::uint64_t key = 2; key < 42; ++key) {
    ASSERT_GT(start_long(key), 0);
    runner_->cancel(key);
    EXPECT_EQ(result_of(key).end, CommandEnd::cancelled);
  }
  ASSERT_GT(start_long(50), 0);
  start(51, shell("touch " + path("no")));
  runner_->cancel(51);
  runner_->cancel(1);  // now its guardian takes the request that was cancelled
  EXPECT_EQ(result_of(51).end, CommandEnd::cancelled);
  EXPECT_FALSE(std::filesystem::exists(path("no")));
}

TEST_F(GuardianTest, ASignalReachesTheGuardianThatHasTheCommand) {
  make_pipe("up");
  std::vector<pid_t> pids;
  for (std::uint64_t key = 0; key < 12; ++key) pids.push_back(start_long(key));
  for (std::uint64_t key = 0; key < 12; ++key) {
    runner_->cancel(key);
    EXPECT_EQ(result_of(key).signal, SIGTERM);
    EXPECT_TRUE(is_gone(pids[key], 0ms));
    EXPECT_EQ(results_.size(), key + 1);
  }
}

TEST_F(GuardianTest, StringsArriveWholeInThePacketOrInAFile) {
  for (std::size_t size = kGuardianPacketStrings - 40; size < kGuardianPacketStrings + 10; ++size) {
    Command command = program({"/usr/bin/printf", "%s", std::string(size, 'x')});
    command.input = "not read";
    EXPECT_EQ(run(command).out.size(), size);
  }
}

TEST_F(GuardianTest, UsesFewerGuardiansIfProcessesAreLimited) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become a user whose processes are limited";
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit few{4, 4};  // this process, two guardians and a command
    if (::setuid(50'000 + static_cast<uid_t>(::getpid() % 5'000)) != 0) ::_exit(1);
    ::setrlimit(RLIMIT_NPROC, &few);
    const auto guardians = Guardians::start(4, 4, 1024);
    ::_exit(guardians && guardians->each().size() == 2 ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

/// "started" if guardians start in a process with `more` bytes of address space left; else the
/// error.
std::string start_with_room_for(std::size_t more) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const os::Descriptor reading(ends[0]);
  os::Descriptor writing(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t arena = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + more;
    const rlimit limit{arena, arena};
    ::setrlimit(RLIMIT_AS, &limit);
    const auto guardians = Guardians::start(2, 4, 1024);
    const std::string text = guardians ? "started" : guardians.error().message;
    ::_exit(::write(writing.get(), text.data(), text.size()) > 0 ? 0 : 1);
  }
  writing.reset();
  std::array<char, 1000> text{};
  const ssize_t size = ::read(reading.get(), text.data(), text.size());
  ::waitpid(child, nullptr, 0);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

TEST_F(GuardianTest, NeedsLittleMemoryAndReportsAShortage) {
  EXPECT_EQ(start_with_room_for(std::size_t{4} << 20U), "started");
  EXPECT_THAT(start_with_room_for(std::size_t{1} << 20U),
              testing::StartsWith("cannot start the guardian of commands: Cannot allocate memory: "
                                  "ulimit -v is "));
}

TEST(Guardians, AreLimitedBySlotsAndABound) {
  EXPECT_EQ(guardians_for(0), 1U);
  EXPECT_EQ(guardians_for(1), 1U);
  EXPECT_GE(guardians_for(1'000), 1U);
  EXPECT_LE(guardians_for(1'000), limits::guardians);
}

}  // namespace
}  // namespace rollcall::worker
