// Tasks that are added while the run goes on.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A run of commands that begins without tasks.
template <class Fixture>
class StreamedRun : public Fixture {
 protected:
  StreamedRun() {
    this->use_commands();
    this->spec.task_count = 0;
    this->spec.is_open = true;
  }
  void add(std::uint32_t count) { this->stage->give(TasksAdded{count}); }
  void end_input(const std::string& error = {}) { this->stage->give(InputEnded{error}); }
};

using SchedulerInputTest = StreamedRun<SchedulerTest>;
using JournaledInputTest = StreamedRun<JournaledSchedulerTest>;

TEST_F(SchedulerInputTest, ATaskIsDispatchedAsSoonAsItIsAdded) {
  begin_with({1}, /*slots=*/4);
  add(1);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Assignment 1: 0 ")));
  add(2);
  EXPECT_THAT(stage->take(), Contains(AllOf(HasSubstr("Assignment 2: 1 "), HasSubstr(" 2 "))));
}

TEST_F(SchedulerInputTest, TheRunGoesOnUntilTheInputEnds) {
  begin_with({1});
  add(1);
  stage->report(1, 1, {{{0}}});
  EXPECT_THAT(stage->take(),
              AllOf(Contains("results: 0 succeeded"), Not(Contains("the run is finished"))));
  end_input();
  EXPECT_THAT(stage->take(),
              AllOf(Contains("the input has ended"), Contains("the run is finished")));
  EXPECT_FALSE(records().spec.is_open);
}

TEST_F(SchedulerInputTest, ARunWithoutTasksEndsWithItsInput) {
  begin();
  end_input();
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
}

TEST_F(SchedulerInputTest, AnErrorEndsTheInput) {
  begin_with({1});
  add(1);
  end_input("line 2: too long");
  EXPECT_THAT(stage->take(), Not(Contains("the run is finished")));
  stage->report(1, 1, {{{0}}});
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
  EXPECT_EQ(records().input_error, "line 2: too long");
}

TEST_F(SchedulerInputTest, AnAssignmentHasNoMoreThanFitIntoAMessage) {
  begin_with({1}, /*slots=*/2);
  stage->give(TasksAdded{2, /*assignment_attempts=*/1});
  EXPECT_THAT(stage->take(), AllOf(Contains(HasSubstr("Assignment 1: 0 ")),
                                   Contains(HasSubstr("Assignment 2: 1 "))));
}

/// Nothing is sent in advance while there are no more tasks than slots.
TEST_F(SchedulerInputTest, FurtherTasksAreSentToABusySessionAtOnce) {
  policy.prefetch = std::nullopt;
  begin_with({1}, /*slots=*/1);
  add(1);
  stage->report(1, 1, {{{0}}});  // so its pace is known
  add(1);
  EXPECT_EQ(stage->scheduler().assigned(), 1U);
  add(5);
  EXPECT_GT(stage->scheduler().assigned(), 1U);
  stage->ignore();
}

TEST_F(SchedulerInputTest, AStoppedRunTakesNoTasks) {
  begin_with({1});
  add(1);
  EXPECT_TRUE(stage->scheduler().takes_tasks());
  stage->stop(/*let_running_end=*/true);
  EXPECT_FALSE(stage->scheduler().takes_tasks());
  add(1);
  stage->report(1, 1, {{{0}}});
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
  EXPECT_EQ(records().spec.task_count, 1U);
  EXPECT_TRUE(records().spec.is_open);
}

TEST_F(SchedulerInputTest, AShareForHaltIsDecidedWhenTheInputEnds) {
  policy.halt = Halt{};
  policy.halt->share = 0.4;
  begin_with({1}, /*slots=*/1);
  add(2);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("--halt"))));
  end_input();
  EXPECT_THAT(stage->take(), Contains(HasSubstr("--halt: 1 task failed")));
  stage->report(1, 2, {{{1}}});
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
}

TEST_F(JournaledInputTest, ATaskIsCommittedBeforeItIsDispatched) {
  begin_with_two();
  add(1);
  EXPECT_EQ(stage->scheduler().uncommitted_tasks(), 1U);
  EXPECT_THAT(stage->take(),
              AllOf(Contains(StartsWith("commit 3:")), Not(Contains(HasSubstr("Assignment")))));
  EXPECT_EQ(records().spec.task_count, 0U);
  stage->committed(3);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("Assignment 1: 0 ")));
  EXPECT_EQ(stage->scheduler().uncommitted_tasks(), 0U);
}

TEST_F(JournaledInputTest, TheEndOfTheInputIsCommittedBeforeTheRunEnds) {
  begin_with_two();
  end_input();
  EXPECT_THAT(stage->take(), Not(Contains("the run is finished")));
  stage->committed(3);
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
}

TEST_F(JournaledInputTest, AResumedRunHasTheTasksThatWereCommitted) {
  begin_with_two();
  add(2);
  stage->committed(3);
  add(1);
  crash();
  EXPECT_EQ(records().spec.task_count, 2U);
  EXPECT_TRUE(records().spec.is_open);
  EXPECT_TRUE(stage->scheduler().takes_tasks());
  add(1);
  end_input();
  stage->committed(stage->commits());
  EXPECT_EQ(records().spec.task_count, 3U);
  stage->ignore();
}

}  // namespace
}  // namespace rollcall::coordinator
