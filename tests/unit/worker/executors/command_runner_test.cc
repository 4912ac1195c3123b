// Attempts at commands, from columns to columns.
#include "worker/executors/command_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

class CommandRunnerTest : public testing::Test {
 protected:
  CommandRunnerTest() {
    ExecExecutor::Handlers handlers;
    handlers.on_ended = [this] {
      OutcomeColumns ended;
      runner_->take_ended(ended);
      EXPECT_EQ(ended.command.size(), ended.size());
      for (std::size_t i = 0; i < ended.size(); ++i) {
        outcomes_[ended.task[i]] = ended.outcome[i];
        results_[ended.task[i]] = ended.command[i];
        EXPECT_GE(ended.elapsed[i], Duration::zero());
      }
    };
    handlers.on_broken = [](const std::string& why) { FAIL() << why; };
    auto made = CommandRunner::start(loop_, {4, 1'000, 1s}, 256, "w", std::move(handlers));
    EXPECT_TRUE(made.has_value());
    runner_ = std::move(*made);
  }

  void start(std::uint64_t assignment, std::uint32_t task, std::vector<std::string> args) {
    AttemptColumns attempts;
    attempts.task = {TaskId{task}};
    attempts.attempt = {3};
    attempts.pause = {Duration::zero()};
    Command command;
    command.args = std::move(args);
    attempts.command = {command};
    runner_->start(assignment, std::move(attempts));
  }
  bool wait_for(std::size_t count) {
    while (outcomes_.size() < count) {
      loop_.restart();
      if (loop_.run_one_for(30s) == 0) return false;
    }
    return true;
  }

  boost::asio::io_context loop_;
  std::unique_ptr<CommandRunner> runner_;
  std::map<TaskId, Outcome> outcomes_;
  std::map<TaskId, CommandResult> results_;
};

TEST_F(CommandRunnerTest, SaysWhatEachCameTo) {
  start(1, 0, {"true"});
  start(1, 1, {"sh", "-c", "exit 3"});
  start(1, 2, {"sh", "-c", "kill -9 $$"});
  start(1, 3, {"/not/there"});
  ASSERT_TRUE(wait_for(4));
  EXPECT_EQ(outcomes_[TaskId{0}], Outcome::succeeded);
  EXPECT_EQ(outcomes_[TaskId{1}], Outcome::failed);
  EXPECT_EQ(results_[TaskId{1}].status, 3);
  EXPECT_EQ(outcomes_[TaskId{2}], Outcome::failed);
  EXPECT_EQ(results_[TaskId{2}].signal, 9);
  EXPECT_EQ(outcomes_[TaskId{3}], Outcome::failed);
  EXPECT_THAT(results_[TaskId{3}].error_text, testing::HasSubstr("No such file"));
}

TEST_F(CommandRunnerTest, ACommandKnowsItsWorker) {
  start(1, 0, {"sh", "-c", "printf %s \"$ROLLCALL_WORKER\""});
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(results_[TaskId{0}].out, "w");
}

TEST_F(CommandRunnerTest, CancelsUpToAnAssignment) {
  start(1, 0, {"sleep", "1000"});
  start(2, 1, {"sleep", "1000"});
  runner_->cancel(1);
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(outcomes_[TaskId{0}], Outcome::cancelled);
  HeldColumns running;
  runner_->list(running);
  EXPECT_THAT(running.task, testing::ElementsAre(TaskId{1}));
  EXPECT_THAT(running.attempt, testing::ElementsAre(3));
}

TEST_F(CommandRunnerTest, NothingIsToldOfWhatWasDropped) {
  start(1, 0, {"sleep", "1000"});
  runner_->drop();
  start(2, 1, {"true"});
  ASSERT_TRUE(wait_for(1));
  EXPECT_FALSE(outcomes_.contains(TaskId{0}));
}

}  // namespace
}  // namespace rollcall::worker
