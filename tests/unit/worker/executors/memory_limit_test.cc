// Commands with a limit of memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
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

}  // namespace
}  // namespace rollcall::worker
