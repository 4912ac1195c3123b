// Attempts at real commands: their outcomes, and prepare().
#include "worker/executors/exec_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/os/clock.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

class ExecExecutorTest : public testing::Test {
 protected:
  ExecExecutorTest() {
    executor_ = std::make_unique<ExecExecutor>(
        ExecutorContext{loop_, "w", 8, 256, [this] { take_ended(); },
                        [this](const std::string& reason) { broken_ = reason; },
                        [this](const std::string& text) { warnings_.push_back(text); }});
    EXPECT_TRUE(executor_->prepare(kTerms).has_value());
  }

  void take_ended() {
    OutcomeColumns ended;
    while (executor_->take_ended(os::now(), ended)) {
      EXPECT_EQ(ended.command.size(), ended.size());
      for (std::size_t i = 0; i < ended.size(); ++i) {
        outcomes_[ended.task[i]] = ended.outcome[i];
        results_[ended.task[i]] = ended.command[i];
        EXPECT_GE(ended.elapsed[i], Duration::zero());
      }
    }
  }
  void start(std::uint64_t assignment, std::uint32_t task, std::vector<std::string> args) {
    AttemptColumns attempts;
    attempts.task = {TaskId{task}};
    attempts.attempt = {3};
    attempts.pause = {Duration::zero()};
    Command command;
    command.args = std::move(args);
    start(assignment, std::move(attempts), std::move(command));
  }
  void start(std::uint64_t assignment, AttemptColumns attempts, Command command) {
    attempts.command = {std::move(command)};
    executor_->start(os::now(),
                     {assignment, std::move(attempts), std::make_shared<const Job>(job_)});
  }
  bool wait_for(std::size_t count) {
    while (outcomes_.size() < count && broken_.empty()) {
      loop_.restart();
      if (loop_.run_one_for(30s) == 0) return false;
    }
    return outcomes_.size() == count;
  }

  static constexpr Prepare kTerms{KindId::exec, 4};

  Job job_{kFirstJob, KindId::exec, true, 1s, 1'000};

  boost::asio::io_context loop_;
  std::unique_ptr<ExecExecutor> executor_;
  std::vector<std::string> warnings_;
  std::string broken_;
  std::map<TaskId, Outcome> outcomes_;
  std::map<TaskId, CommandResult> results_;
};

TEST_F(ExecExecutorTest, RunsCommandsAgainAfterALostGuardian) {
  start(1, 0, {"sh", "-c", "kill -9 $PPID; sleep 1000"});
  EXPECT_FALSE(wait_for(1));
  EXPECT_EQ(broken_, "a guardian of commands was killed");
  broken_.clear();
  executor_->drop();
  ASSERT_TRUE(executor_->prepare(kTerms).has_value());
  HeldColumns held;
  executor_->list(held);
  EXPECT_EQ(held.size(), 0U);
  start(1, 1, {"true"});
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(outcomes_[TaskId{1}], Outcome::succeeded);
}

TEST_F(ExecExecutorTest, MapsResultsToOutcomes) {
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

TEST_F(ExecExecutorTest, CommandsGetTheNameOfTheirWorker) {
  start(1, 0, {"sh", "-c", "printf %s \"$ROLLCALL_WORKER\""});
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(results_[TaskId{0}].out, "w");
}

TEST_F(ExecExecutorTest, CancelsAssignmentsUpToANumber) {
  start(1, 0, {"sleep", "1000"});
  start(2, 1, {"sleep", "1000"});
  executor_->cancel(os::now(), 1);
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(outcomes_[TaskId{0}], Outcome::cancelled);
  HeldColumns running;
  executor_->list(running);
  EXPECT_THAT(running.task, testing::ElementsAre(TaskId{1}));
  EXPECT_THAT(running.attempt, testing::ElementsAre(3));
}

TEST_F(ExecExecutorTest, CancelsSingleAttempts) {
  start(1, 0, {"sleep", "1000"});
  start(1, 1, {"sleep", "1000"});
  executor_->cancel_listed(os::now(), {{TaskId{0}, 3}, {TaskId{1}, 2}, {TaskId{9}, 3}});
  executor_->cancel_listed(os::now(), {{TaskId{0}, 3}});  // again
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(outcomes_[TaskId{0}], Outcome::cancelled);
  HeldColumns running;
  executor_->list(running);
  EXPECT_THAT(running.task, testing::ElementsAre(TaskId{1})) << "another attempt";
}

TEST_F(ExecExecutorTest, EachCommandRunsOnTheTermsOfItsJob) {
  const AttemptColumns first{{TaskId{0}}, {3}, {Duration::zero()}};
  const AttemptColumns second{{TaskId{1}}, {3}, {Duration::zero()}};
  Command prints;
  prints.args = {"sh", "-c", "printf 123456"};
  job_.max_output = 4;
  start(1, first, prints);
  job_.max_output.reset();
  start(1, second, prints);
  ASSERT_TRUE(wait_for(2));
  EXPECT_EQ(results_[TaskId{0}].out, "1234");
  EXPECT_EQ(results_[TaskId{0}].out_dropped, 2U);
  EXPECT_EQ(results_[TaskId{1}].out, "123456");
}

TEST_F(ExecExecutorTest, CommandsShareWhatTheirJobHas) {
  job_.cwd = "/";
  job_.input = "shared";
  job_.env = {"A=job", "B=job"};
  Command command;
  command.args = {"sh", "-c", "pwd; cat; printf ' %s %s' $A $B"};
  command.env = {"B=own"};
  start(1, {{TaskId{0}}, {3}, {Duration::zero()}}, command);
  command.cwd = "/tmp";
  command.input = "own";
  start(1, {{TaskId{1}}, {3}, {Duration::zero()}}, command);
  command.input.clear();
  command.has_no_input = true;
  start(1, {{TaskId{2}}, {3}, {Duration::zero()}}, command);
  ASSERT_TRUE(wait_for(3));
  EXPECT_EQ(results_[TaskId{0}].out, "/\nshared job own");
  EXPECT_EQ(results_[TaskId{1}].out, "/tmp\nown job own");
  EXPECT_EQ(results_[TaskId{2}].out, "/tmp\n job own");
}

TEST_F(ExecExecutorTest, AnAttemptWithoutACommandFails) {
  executor_->start(os::now(),
                   {1, {{TaskId{0}}, {3}, {Duration::zero()}}, std::make_shared<const Job>(job_)});
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(outcomes_[TaskId{0}], Outcome::failed);
}

class ReturnedAttemptsTest : public ExecExecutorTest {
 protected:
  ~ReturnedAttemptsTest() override { std::filesystem::remove_all(directory_); }

  /// Starts a command that runs until release(), and returns when it runs.
  void start_gated(std::uint64_t assignment, std::uint32_t task) {
    const std::string begun = directory_ + "/" + std::to_string(task);
    start(assignment, task,
          {"sh", "-c", "echo > " + begun + "; while test -e " + begun + "; do sleep 0.01; done"});
    while (!std::filesystem::exists(begun)) {
      loop_.restart();
      loop_.run_one_for(1ms);
    }
  }
  void release(std::uint32_t task) {
    std::filesystem::remove(directory_ + "/" + std::to_string(task));
  }

 private:
  static std::string new_directory() {
    std::string name = testing::TempDir() + "rollcall-returned-XXXXXX";
    return ::mkdtemp(name.data());
  }
  std::string directory_ = new_directory();
};

/// Four slots: two more attempts wait in the guardians.
TEST_F(ReturnedAttemptsTest, AreThoseThatWaitForASlot) {
  for (std::uint32_t task = 0; task < 4; ++task) start_gated(1, task);
  start(2, 4, {"true"});
  start(3, 5, {"true"});
  executor_->return_waiting(2);
  for (std::uint32_t task = 0; task < 4; ++task) release(task);
  ASSERT_TRUE(wait_for(6));
  EXPECT_EQ(outcomes_[TaskId{0}], Outcome::succeeded) << "it ran";
  EXPECT_EQ(outcomes_[TaskId{4}], Outcome::returned);
  EXPECT_EQ(outcomes_[TaskId{5}], Outcome::succeeded) << "of a later assignment";
}

/// More than the guardians were given.
TEST_F(ReturnedAttemptsTest, AreThoseThatWaitInTheRunner) {
  for (std::uint32_t task = 0; task < 4; ++task) start_gated(1, task);
  for (std::uint32_t task = 4; task < 9; ++task) start(2, task, {"true"});
  executor_->return_waiting(2);
  ASSERT_TRUE(wait_for(3)) << "at once";
  for (std::uint32_t task = 0; task < 4; ++task) release(task);
  ASSERT_TRUE(wait_for(9));
  for (std::uint32_t task = 4; task < 9; ++task) {
    EXPECT_EQ(outcomes_[TaskId{task}], Outcome::returned) << task;
  }
}

TEST_F(ExecExecutorTest, DroppedAttemptsHaveNoOutcomes) {
  start(1, 0, {"sleep", "1000"});
  executor_->drop();
  start(2, 1, {"true"});
  ASSERT_TRUE(wait_for(1));
  EXPECT_FALSE(outcomes_.contains(TaskId{0}));
}

TEST_F(ExecExecutorTest, ReportsFewerSlotsThanRequested) {
  EXPECT_THAT(warnings_, testing::ElementsAre("runs 4 commands at once and not 8: the open-file "
                                              "limit is too low"));
}

TEST_F(ExecExecutorTest, CommandsContinueWhenTheRunIsJoinedAgain) {
  start(1, 0, {"sleep", "1000"});
  EXPECT_TRUE(executor_->prepare(kTerms).has_value());
  executor_->cancel(os::now(), 1);
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(outcomes_[TaskId{0}], Outcome::cancelled);
}

TEST_F(ExecExecutorTest, OtherSlotsEndCommandsWithoutOutcomes) {
  start(1, 0, {"sleep", "1000"});
  EXPECT_TRUE(executor_->prepare({KindId::exec, 2}).has_value());
  start(1, 1, {"true"});
  ASSERT_TRUE(wait_for(1));
  EXPECT_FALSE(outcomes_.contains(TaskId{0}));
}

}  // namespace
}  // namespace rollcall::worker
