// Commands under low limits of open files, processes and memory.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/limits.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;

class ExecLimits : public ProgramsTest {
 protected:
  /// `rollcall exec ARGUMENTS`, or rollcall-worker, in a shell that first runs `limit`. Root is
  /// exempt from some limits, so this runs as another user.
  Program& exec_after(const std::string& limit, const std::string& arguments) {
    return start_after(limit, "rollcall", "exec --output json " + arguments);
  }
  Program& worker_after(const std::string& limit) {
    return start_after(limit, "rollcall-worker", "--access-file nowhere");
  }
  Program& start_after(const std::string& limit, const std::string& name,
                       const std::string& arguments) {
    const std::string program = (programs_directory() / name).string();
    const std::string script = limit + "; exec " + program + " " + arguments;
    Command command;
    if (::geteuid() == 0) {
      command.program = "/usr/bin/setpriv";
      command.arguments = {
          "--reuid=" + user(), "--regid=" + user(), "--clear-groups", "/bin/bash", "-c", script};
    } else {
      command.program = "/bin/bash";
      command.arguments = {"-c", script};
    }
    return start(command);
  }
  /// Whether a user other than root can run the programs.
  static bool user_can_run_programs() {
    if (::geteuid() != 0) return true;
    const std::string test = "setpriv --reuid=" + user() + " --regid=" + user() +
                             " --clear-groups test -x " +
                             (programs_directory() / "rollcall-worker").string();
    return std::system(test.c_str()) == 0;
  }
  /// A user without other processes, because the process limit counts all processes of a user.
  static std::string user() { return std::to_string(60'000 + ::getpid() % 5'000); }
  void SetUp() override {
    if (!user_can_run_programs()) GTEST_SKIP() << "only root can run the programs";
  }
};

TEST_F(ExecLimits, LowFileLimitReducesSlotsWithAWarning) {
  Program& run = exec_after("ulimit -n 512", "--range 1-2000 --slots 400 -- true");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("commands at once and not 400: the open-file limit is too low"));
  const auto document = document_of(run);
  EXPECT_EQ(document.at("outcomes").at("succeeded"), 2'000);
  EXPECT_LT(document.at("workers").at(0).at("slots"), 170);
}

TEST_F(ExecLimits, LimitsThatAreTooSmallAreReported) {
  Program& stack = exec_after("ulimit -s 64", "--range 1-1 -- true");
  EXPECT_EQ(stack.wait(), 2) << stack.story();
  EXPECT_EQ(stack.err(),
            "rollcall: the stack is limited to 64 KiB; raise ulimit -s to at least 256\n");
  Program& processes = exec_after("ulimit -u 1", "--range 1-1 -- true");
  EXPECT_EQ(processes.wait(), 2) << processes.story();
  EXPECT_EQ(processes.err(),
            "rollcall exec: cannot start " + std::to_string(limits::coordinator_threads) +
                " threads: Resource temporarily unavailable; raise the limit of processes "
                "(ulimit -u)\n");
  Program& file =
      exec_after("ulimit -f 1", "--journal " + access_file() + ".journal --range 1-1 -- true");
  EXPECT_EQ(file.wait(), 2) << file.story();
  EXPECT_THAT(file.err(), HasSubstr("cannot create journal"));
}

TEST_F(ExecLimits, WorkersReportLimitsThatAreTooSmall) {
  Program& stack = worker_after("ulimit -s 64");
  EXPECT_EQ(stack.wait(), 2) << stack.story();
  EXPECT_EQ(stack.err(),
            "rollcall-worker: the stack is limited to 64 KiB; raise ulimit -s to at least 256\n");
  Program& processes = worker_after("ulimit -u 1");
  EXPECT_EQ(processes.wait(), 2) << processes.story();
  EXPECT_EQ(processes.err(),
            "rollcall-worker: cannot start 3 threads: Resource temporarily unavailable; raise the "
            "limit of processes (ulimit -u)\n");
}

TEST_F(ExecLimits, TheSmallestStackIsEnough) {
  Program& run = exec_after("ulimit -s 256", "--range 1-20 -w 2 -- true");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(ExecLimits, CommandsKeepTheOriginalFileLimit) {
  Program& run = exec_after("ulimit -Sn 300", "--output text --range 1-1 -- sh -c 'ulimit -Sn'");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "300\n");
}

TEST_F(ExecLimits, ReportsAFileLimitTooLowForOneCommand) {
  Program& run = exec_after("ulimit -n 60", "--range 1-2 -- true");
  EXPECT_EQ(run.wait(), 2) << run.story();
  EXPECT_EQ(run.err(),
            "rollcall exec: a local worker cannot run one command: a process may open 60 files; "
            "raise ulimit -Hn to 67\n");
  Program& enough = exec_after("ulimit -n 67", "--range 1-2 -- true");
  EXPECT_EQ(enough.wait(), 0) << enough.story();
}

TEST_F(ExecLimits, LowProcessLimitLosesNoResult) {
  Program& run = exec_after("ulimit -u 16",
                            "--range 1-40 --slots 20 --worker-restarts unlimited "
                            "-- sleep 0.1");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("Resource temporarily unavailable"));
  EXPECT_EQ(document_of(run).at("outcomes").at("succeeded"), 40);
}

TEST_F(ExecLimits, LowProcessLimitReducesConcurrency) {
  // The programs use nine threads and one or two guardians. The rest is left for commands.
  for (const std::string processes : {"11", "13"}) {
    Program& run = exec_after("ulimit -u " + processes, "--range 1-20 --slots 8 -- sleep 0.05");
    EXPECT_EQ(run.wait(), 0) << run.story();
    const auto document = document_of(run);
    EXPECT_EQ(document.at("outcomes").at("succeeded"), 20);
    EXPECT_EQ(document.at("workers").size(), 1U);
    EXPECT_THAT(run.err(), HasSubstr("not all 8 commands can run at once: Resource temporarily"));
  }
}

TEST_F(ExecLimits, LowMemoryLimitFailsTheCommand) {
  Program& run = exec_after("ulimit -v 400000", "--range 1-2 -- dd if=/dev/zero bs=1G count=1");
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_EQ(document_of(run).at("outcomes").at("failed"), 2);
}

TEST_F(ExecLimits, RunsInAReadOnlyDirectory) {
  Program& run = exec_after("cd /", "--range 1-2 -- pwd");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

class LongExecLimits : public ExecLimits {
 protected:
  void SetUp() override {
    ExecLimits::SetUp();
    if (!long_tests()) GTEST_SKIP() << "only with ROLLCALL_LONG_TESTS";
  }
};

TEST_F(LongExecLimits, HundredThousandCommandsWithALowFileLimit) {
  Program& run = exec_after("ulimit -n 512", "--range 1-100000 --slots 400 -- true");
  EXPECT_EQ(run.wait(std::chrono::minutes(20)), 0) << run.story();
  EXPECT_EQ(document_of(run).at("outcomes").at("succeeded"), 100'000);
}

}  // namespace
}  // namespace rollcall::integration
