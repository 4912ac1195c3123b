// What a user changes in a running run: tasks that are cancelled, and a run that is paused.
#include <algorithm>

#include "coordinator/core/analysis/validation.h"
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<TaskId> ids(std::initializer_list<std::uint32_t> tasks) {
  std::vector<TaskId> all;
  for (const std::uint32_t task : tasks) all.push_back(TaskId{task});
  return all;
}

bool has_unasked_outcome(const RunRecords& records) {
  const auto failed = validate(records, finish_order(records), {});
  return std::ranges::any_of(failed,
                             [](const auto& check) { return check.name == "asked_outcome"; });
}

class CancelTest : public SchedulerTest {
 protected:
  CancelTest() { use_commands(); }

  void cancel(std::initializer_list<std::uint32_t> tasks) {
    stage->give(CancelRequested{ids(tasks)});
  }
  Outcome outcome_of(std::uint32_t task) const { return records().outcome_of(TaskId{task}); }
};

TEST_F(CancelTest, APendingTaskEndsAtOnce) {
  spec.task_count = 6;
  begin_with({1}, 1);  // holds task 0
  cancel({1, 2, 4});
  expect({"results: 1 cancelled, 2 cancelled, 4 cancelled"});
  stage->report(1, 1, {{{0}}});
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 2: 3 for")));
  stage->heartbeat(1);
  stage->report(1, 2, {{{3}}});
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 3: 5 for")));
  stage->report(1, 3, {{{5}}});
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
  EXPECT_FALSE(has_unasked_outcome(records()));
}

TEST_F(CancelTest, ARunningAttemptIsCancelledAtItsWorker) {
  begin_with({1}, 2);  // holds 0 and 1
  cancel({1});
  expect({"w1 <- Cancel: assignments through 0, 1"});
  stage->report(1, 1, {{{1}, Outcome::cancelled}});
  EXPECT_THAT(stage->take(), Contains("results: 1 cancelled"));
  EXPECT_EQ(outcome_of(1), Outcome::cancelled);
  EXPECT_EQ(records().sessions[0].tasks_done, 1U) << "the outcome is that of the worker";
}

TEST_F(CancelTest, AnAttemptThatSucceedsFirstHasSucceeded) {
  begin_with({1}, 2);
  cancel({1});
  stage->report(1, 1, {{{1}}});
  stage->ignore();
  EXPECT_EQ(outcome_of(1), Outcome::succeeded);
}

TEST_F(CancelTest, ATaskThatIsDoneStaysAsItIs) {
  begin_with({1}, 2);
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  cancel({0});
  expect({});
  EXPECT_EQ(outcome_of(0), Outcome::succeeded);
}

TEST_F(CancelTest, AFailureIsNotRetried) {
  policy.retries = 3;
  begin_with({1}, 2);
  cancel({0});
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->ignore();
  EXPECT_EQ(records().state_of(TaskId{0}), TaskState::done);
  EXPECT_EQ(outcome_of(0), Outcome::failed);
}

TEST_F(CancelTest, ATaskThatWaitsForItsRetryEnds) {
  policy.retries = 3;
  begin_with({1}, 2);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->ignore();
  cancel({0});
  expect({"results: 0 cancelled"});
  stage->wait(20'000);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("0 (attempt 2)"))));
}

TEST_F(CancelTest, AnAttemptThatComesBackIsNotRepeated) {
  policy.prefetch = 2;
  begin_with({1}, 2);  // holds all four
  cancel({3});
  stage->report(1, 1, {{{3}, Outcome::returned}});
  EXPECT_THAT(stage->take(), Contains("results: 3 cancelled"));
  cancel({0});
  stage->goodbye(1, 1, 0);  // returns what it holds
  EXPECT_THAT(stage->take(), Contains("results: 0 cancelled"));
  EXPECT_EQ(stage->scheduler().done(), 2U);
}

TEST_F(CancelTest, ACancelThatIsLostIsRepeated) {
  begin_with({1}, 2);
  cancel({1});
  stage->ignore();
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Contains("w1 <- Cancel: assignments through 0, 1"));
  stage->report(1, 1, {{{1}, Outcome::cancelled}});
  stage->ignore();
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Cancel"))));
}

TEST_F(CancelTest, ACancelledTaskIsNoFailureForHalt) {
  policy.halt = Halt{/*on_success=*/false, /*now=*/false, /*count=*/1};
  begin_with({1}, 1);
  cancel({1});
  stage->report(1, 1, {{{0}}});
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 2: 2 for")));
}

TEST_F(CancelTest, ARunWhoseTasksAreAllCancelledEnds) {
  begin();
  cancel({0, 1, 2, 3});
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
}

TEST_F(CancelTest, TasksOfKnownCostAreLeftOut) {
  spec.kind = KindId::sleep;
  spec.traits = traits_of(spec.kind);
  spec.pause_min = 1s;
  spec.pause_max = 9s;
  spec.task_count = 40;
  policy.wait_for_workers = 2;
  begin();
  cancel({3, 4, 5, 20, 39});
  stage->ignore();
  join(1, 10);
  join(2, 10);
  std::string all;
  for (const std::string& line : stage->take()) all += line + '\n';
  EXPECT_EQ(stage->scheduler().assigned(), 20U);
  for (const char* task : {" 3 for", " 4 for", " 5 for", " 20 for", " 39 for"}) {
    EXPECT_THAT(all, Not(HasSubstr(task)));
  }
}

class JournaledCancelTest : public JournaledSchedulerTest {
 protected:
  JournaledCancelTest() { use_commands(); }
};

TEST_F(JournaledCancelTest, AnAttemptIsCancelledOnceTheRequestIsDurable) {
  begin_with_two();  // 0 1 and 2 3
  stage->give(CancelRequested{ids({1})});
  expect({"commit 3: 0 outcomes, 0 new sessions"});
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Cancel"))));
  stage->committed(3);
  EXPECT_THAT(stage->take(), Contains("w1 <- Cancel: assignments through 0, 1"));
}

TEST_F(JournaledCancelTest, TheNextCoordinatorCancelsWhatIsHeld) {
  begin_with_two();
  stage->give(CancelRequested{ids({1, 2})});
  stage->committed(3);
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {3}, 1);  // the assignment of task 2 was lost
  stage->committed(1);
  const std::vector<std::string> lines = stage->take();
  EXPECT_THAT(lines, Contains("w1 <- Cancel: assignments through 0, 1"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("Assignment"))));
  EXPECT_EQ(records().outcome_of(TaskId{2}), Outcome::cancelled);
  stage->report(1, 1, {{{0}}, {{1}, Outcome::cancelled}});
  stage->report(2, 1, {{{3}}});
  stage->committed(stage->commits());
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
  EXPECT_FALSE(has_unasked_outcome(records()));
}

TEST_F(JournaledCancelTest, ARequestDuringTheRecoveryWaitsForItsEnd) {
  begin_with_two();
  crash();
  stage->give(CancelRequested{ids({1, 2})});
  EXPECT_EQ(stage->scheduler().done(), 0U);
  stage->ignore();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {3}, 1);
  EXPECT_EQ(records().outcome_of(TaskId{2}), Outcome::cancelled);
  stage->committed(stage->commits());
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Contains("w1 <- Cancel: assignments through 0, 1"));
}

class PauseTest : public SchedulerTest {
 protected:
  PauseTest() {
    use_commands();
    policy.prefetch = 1;
  }
};

TEST_F(PauseTest, NothingIsStartedUntilItEnds) {
  spec.task_count = 6;
  begin_with({1}, 2);  // holds 0 1 2
  stage->give(PauseRequested{});
  expect({"w1 <- Revoke: assignments through 1, keep 0"});
  stage->report(1, 1, {{{2}, Outcome::returned}});
  stage->report(1, 2, {{{0, 1}}});
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  join(2, 2);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  stage->wait(3'000);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  stage->give(PauseRequested{false});
  EXPECT_THAT(stage->take(), testing::AllOf(Contains(StartsWith("w1 <- Assignment 2: ")),
                                            Contains(StartsWith("w2 <- Assignment 1: "))));
}

TEST_F(PauseTest, ARevokeThatIsLostIsRepeated) {
  begin_with({1}, 2);
  stage->give(PauseRequested{});
  stage->ignore();
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Contains("w1 <- Revoke: assignments through 1, keep 0"));
}

TEST_F(PauseTest, ARunThatIsPausedCanBeStopped) {
  begin_with({1}, 2);
  stage->give(PauseRequested{});
  stage->stop();
  EXPECT_THAT(stage->take(), Contains("w1 <- Cancel: assignments through 1"));
  stage->report(1, 1, {{{0, 1, 2}, Outcome::cancelled}});
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
}

class SlotsLimitTest : public SchedulerTest {
 protected:
  SlotsLimitTest() {
    use_commands();
    spec.task_count = 20;
  }
  void limit(std::uint32_t slots) { stage->give(SlotsLimited{{SessionIndex{0}}, slots}); }
  std::uint64_t held() const {
    return stage->scheduler().held_by(stage->scheduler().sessions()[0]);
  }
};

TEST_F(SlotsLimitTest, NothingIsSentUntilFewerTasksRun) {
  policy.prefetch = 2;
  begin_with({1}, 4);  // holds 0 to 5, and runs 0 to 3
  limit(2);
  expect({"w1 <- Revoke: assignments through 1, keep 0"});
  stage->report(1, 1, {{{4, 5}, Outcome::returned}});
  stage->report(1, 2, {{{0, 1}}});
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  EXPECT_EQ(held(), 2U);
  stage->report(1, 3, {{{2}}});
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 2: 4 (attempt 2) for")));
  EXPECT_EQ(held(), 2U);
}

TEST_F(SlotsLimitTest, ZeroSendsNothing) {
  begin_with({1}, 2);
  limit(0);
  stage->report(1, 1, {{{0, 1}}});
  stage->wait(3'000);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Assignment"))));
  limit(1);
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 2: 2 for")));
}

TEST_F(SlotsLimitTest, ItHoldsForAWorkerWithoutSlots) {
  begin();
  stage->hello(1);
  stage->give(SlotsLimited{{SessionIndex{0}}, 3});
  stage->inventory(1);
  stage->ignore();
  EXPECT_EQ(held(), 3U);
}

TEST_F(SlotsLimitTest, ARevokeThatIsLostIsRepeatedWhileTooManyAreHeld) {
  policy.prefetch = 2;
  begin_with({1}, 2);
  limit(1);
  stage->ignore();
  stage->wait(1'000);
  EXPECT_THAT(stage->take(), Contains("w1 <- Revoke: assignments through 1, keep 0"));
}

TEST_F(JournaledCancelTest, AnAbandonedRunEndsOnceItIsKnownWhatIsHeld) {
  begin_with_two();
  stage->report(2, 1, {{{3}}});
  stage->committed(3);
  crash();
  stage->give(AbandonRequested{});
  EXPECT_EQ(stage->scheduler().done(), 1U);
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0}, 1);
  stage->ignore();
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2}, 1);
  EXPECT_EQ(records().outcome_of(TaskId{1}), Outcome::cancelled) << "nobody holds it";
  stage->committed(stage->commits());
  EXPECT_THAT(stage->take(), testing::AllOf(Contains("w1 <- Cancel: assignments through 1"),
                                            Contains("w2 <- Cancel: assignments through 1")));
  stage->report(1, 1, {{{0}, Outcome::cancelled}});
  stage->report(2, 2, {{{2}, Outcome::cancelled}});
  stage->committed(stage->commits());
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
  EXPECT_FALSE(has_unasked_outcome(records()));
}

TEST_F(JournaledCancelTest, ATaskOfAnAbandonedRunThatWaitsForItsRetryHasFailed) {
  policy.retries = 3;
  begin_with_two();  // 0 1 and 2 3
  stage->report(1, 1, {{{0}, Outcome::failed}, {{1}, Outcome::failed}});
  stage->committed(stage->commits());
  stage->give(CancelRequested{ids({1})});
  stage->committed(stage->commits());
  crash();
  stage->give(AbandonRequested{});
  stage->vanished(0);
  stage->vanished(1);
  stage->committed(stage->commits());
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
  EXPECT_EQ(records().outcome_of(TaskId{0}), Outcome::failed);
  EXPECT_EQ(records().outcome_of(TaskId{1}), Outcome::cancelled) << "the user wanted it so";
  EXPECT_EQ(records().outcome_of(TaskId{2}), Outcome::cancelled);
  EXPECT_FALSE(has_unasked_outcome(records()));
}

TEST_F(JournaledCancelTest, AnAbandonedRunWithoutWorkersEnds) {
  begin_with_two();
  crash();
  stage->give(AbandonRequested{});
  stage->vanished(0);
  stage->vanished(1);
  stage->committed(stage->commits());
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
}

}  // namespace
}  // namespace rollcall::coordinator
