#include "coordinator/exec/results/contradiction.h"

#include <gtest/gtest.h>

#include <utility>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

CommandResult ended(CommandEnd end, int status = 0, int signal = 0) {
  CommandResult result;
  result.end = end;
  result.status = status;
  result.signal = signal;
  return result;
}

std::string of(Outcome outcome, const CommandResult& result, bool has_time_limit = true) {
  return contradiction(outcome, &result, has_time_limit);
}

TEST(Contradiction, IsAbsentFromWhatACommandCanDo) {
  EXPECT_EQ(of(Outcome::succeeded, ended(CommandEnd::exited)), "");
  EXPECT_EQ(of(Outcome::failed, ended(CommandEnd::exited, 3)), "");
  EXPECT_EQ(of(Outcome::failed, ended(CommandEnd::signalled, 0, 9)), "");
  EXPECT_EQ(of(Outcome::failed, ended(CommandEnd::not_started)), "");
  EXPECT_EQ(of(Outcome::failed, ended(CommandEnd::out_of_memory, 0, 9)), "");
  EXPECT_EQ(of(Outcome::timed_out, ended(CommandEnd::timed_out, 0, 15)), "");
  EXPECT_EQ(of(Outcome::timed_out, ended(CommandEnd::timed_out, 1)), "");
}

TEST(Contradiction, IsASuccessThatIsNone) {
  EXPECT_EQ(of(Outcome::succeeded, ended(CommandEnd::exited, 3)), "succeeded with exit status 3");
  EXPECT_EQ(of(Outcome::succeeded, ended(CommandEnd::exited, 0, 9)), "succeeded with signal 9");
  EXPECT_EQ(of(Outcome::succeeded, ended(CommandEnd::timed_out)), "succeeded at its time limit");
  EXPECT_EQ(of(Outcome::succeeded, ended(CommandEnd::not_started)), "succeeded without a start");
  EXPECT_EQ(of(Outcome::succeeded, ended(CommandEnd::out_of_memory)), "succeeded out of memory");
  EXPECT_EQ(contradiction(Outcome::succeeded, nullptr, true),
            "succeeded without a result of its command");
}

TEST(Contradiction, IsAFailureThatIsNone) {
  EXPECT_EQ(of(Outcome::failed, ended(CommandEnd::exited)), "failed with exit status 0");
  EXPECT_EQ(of(Outcome::failed, ended(CommandEnd::signalled)),
            "failed with a signal that is not named");
  EXPECT_EQ(of(Outcome::failed, ended(CommandEnd::cancelled)), "failed by a cancellation");
  EXPECT_EQ(of(Outcome::timed_out, ended(CommandEnd::exited)), "timed_out with exit status 0");
  EXPECT_EQ(of(Outcome::timed_out, ended(CommandEnd::timed_out), /*has_time_limit=*/false),
            "timed_out without a time limit");
}

TEST(Contradiction, IsNotSoughtInAttemptsThatHaveNotRun) {
  for (const Outcome outcome : {Outcome::cancelled, Outcome::returned, Outcome::not_started}) {
    EXPECT_EQ(contradiction(outcome, nullptr, false), "");
    EXPECT_EQ(of(outcome, {}), "");
  }
}

TEST(Contradiction, IsFoundByTaskAndAttempt) {
  const TaskCommands commands(TaskInput::range({0, 1, 2}), CommandTemplate({"true"}, {}), {});
  OutcomeColumns outcomes;
  outcomes.push_back(TaskId(0), 1, Outcome::succeeded, {}, 1ms, 0ns);
  outcomes.push_back(TaskId(1), 4, Outcome::failed, {}, 1ms, 0ns);
  outcomes.command.resize(2);
  EXPECT_EQ(first_contradiction(outcomes, commands), "task 1 attempt 4: failed with exit status 0");
  outcomes.command[1].status = 1;
  EXPECT_EQ(first_contradiction(outcomes, commands), "");
  outcomes.task[1] = TaskId(7);  // no such task: the scheduler drops it
  outcomes.command[1].status = 0;
  EXPECT_EQ(first_contradiction(outcomes, commands), "");
}

}  // namespace
}  // namespace rollcall::coordinator
