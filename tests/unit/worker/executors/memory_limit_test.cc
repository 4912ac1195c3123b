// Commands with a limit of memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/command_runner_fixture.h"

namespace rollcall::worker {
namespace {

/// Takes as many MiB, since it awaits the end of a line, and stays.
std::string taker(int mib) {
  return "(head -c " + std::to_string(mib) + "M /dev/zero; exec sleep 1000) | tail";
}

class MemoryLimitTest : public CommandRunnerTest {
 protected:
  MemoryLimitTest() { terms_.max_memory = 64U << 20U; }
};

void expect_out_of_memory(const CommandResult& result) {
  EXPECT_EQ(result.end, CommandEnd::out_of_memory);
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_EQ(result.error_text, "out of memory (limit 64M)");
  EXPECT_EQ(result.error, 0);
}

TEST_F(MemoryLimitTest, ACommandThatExceedsItIsKilled) {
  expect_out_of_memory(run(shell(taker(200))));
}

TEST_F(MemoryLimitTest, ACommandBelowItIsNot) {
  const CommandResult result = run(shell("head -c 20M /dev/zero | tail | wc -c"));
  EXPECT_EQ(result.end, CommandEnd::exited);
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.error_text, "");
  EXPECT_EQ(result.out, "20971520\n");
}

TEST_F(MemoryLimitTest, AllProcessesOfACommandCountTogether) {
  expect_out_of_memory(run(shell("{ " + taker(40) + "; } & " + taker(40))));
}

/// Also the memory of processes whose parent has ended.
TEST_F(MemoryLimitTest, OrphansCount) {
  expect_out_of_memory(run(shell("(" + taker(200) + " &); exec sleep 1000")));
}

/// Each of the others is measured for itself.
TEST_F(MemoryLimitTest, OtherCommandsGoOn) {
  make_pipe("up");
  start(1, shell(taker(40) + " & echo $$ > " + path("up") + "; wait"));
  const pid_t other = number_from_pipe();
  ASSERT_GT(other, 0);
  expect_out_of_memory(run(shell(taker(200))));
  EXPECT_EQ(::kill(other, 0), 0);
  EXPECT_FALSE(results_.contains(1));
  runner_->cancel(1);
  EXPECT_EQ(result_of(1).end, CommandEnd::cancelled);
}

TEST_F(MemoryLimitTest, AProcessThatHasLeftTheGroupIsKilledToo) {
  make_pipe("up");
  start(1, shell("setsid sh -c 'echo $$ > " + path("up") + "; " + taker(200) + "; true' & wait"));
  const pid_t left = number_from_pipe();
  ASSERT_GT(left, 0);
  expect_out_of_memory(result_of(1));
  EXPECT_TRUE(is_gone(left));
}

TEST_F(MemoryLimitTest, WithoutItNothingIsKilled) {
  terms_.max_memory = 0;
  EXPECT_EQ(run(shell("head -c 200M /dev/zero | tail | wc -c")).out, "209715200\n");
}

/// The same by control groups.
class MemoryGroupTest : public MemoryLimitTest {
 protected:
  void SetUp() override {
    memory_groups_ = std::make_shared<os::MemoryCgroups>();
    remake({});
    terms_.max_memory = 64U << 20U;
    const auto group = memory_groups_->make(terms_.max_memory, guardian_pids_);
    if (!group) GTEST_SKIP() << "no control group that limits memory can be made";
    parent_ = std::filesystem::path(group->path()).parent_path();
  }

  /// Of commands, as far as they exist.
  std::size_t groups() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(parent_)) {
      count += entry.path().string().find("-command-") != std::string::npos ? 1 : 0;
    }
    return count;
  }

  /// They are removed when further commands end, if their processes have ended by then.
  void expect_no_group_is_left() {
    EXPECT_TRUE(wait_until([&] {
      EXPECT_EQ(run(shell("true")).status, 0);
      return groups() == 0;
    }));
  }

 private:
  std::filesystem::path parent_;
};

TEST_F(MemoryGroupTest, ACommandThatExceedsItIsKilled) {
  expect_out_of_memory(run(shell(taker(200))));
  expect_no_group_is_left();
}

TEST_F(MemoryGroupTest, ACommandBelowItIsNot) {
  Command command = shell("head -c 20M /dev/zero | tail | wc -c; cat");
  command.input = "input\n";
  command.env = {"LONG=" + std::string(100'000, 'x')};
  const CommandResult result = run(command);
  EXPECT_EQ(result.end, CommandEnd::exited);
  EXPECT_EQ(result.out, "20971520\ninput\n");
  expect_no_group_is_left();
}

/// A guardian would not find it.
TEST_F(MemoryGroupTest, AProcessThatHasLeftItsParentAndGroupCounts) {
  expect_out_of_memory(
      run(shell("(setsid sh -c '" + taker(200) + "' > /dev/null 2>&1 &); exec sleep 1000")));
}

TEST_F(MemoryGroupTest, AGroupStaysUntilItsProcessesHaveEnded) {
  make_pipe("up");
  const CommandResult result =
      run(shell("setsid sh -c 'echo $$ > " + path("up") +
                "; exec sleep 1000' > /dev/null 2>&1 & read x < " + path("up") + "; echo $x"));
  EXPECT_EQ(result.end, CommandEnd::exited);
  EXPECT_EQ(groups(), 1U);
  ::kill(std::stoi(result.out), SIGKILL);
  EXPECT_TRUE(is_gone(std::stoi(result.out)));
  expect_no_group_is_left();
}

TEST_F(MemoryGroupTest, GroupsOfRunningCommandsAreRemovedAtTheEnd) {
  make_pipe("up");
  start(1, shell("echo $$ > " + path("up") + "; exec sleep 1000"));
  ASSERT_GT(number_from_pipe(), 0);
  EXPECT_EQ(groups(), 1U);
  runner_.reset();
  EXPECT_EQ(groups(), 0U);
}

}  // namespace
}  // namespace rollcall::worker
