#include "coordinator/core/tasks/task_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Instant kNow = instant_from_ns(1'000'000);

RunSpec spec_of(std::uint32_t tasks) {
  RunSpec spec;
  spec.task_count = tasks;
  spec.pause_min = spec.pause_max = 1s;
  return spec;
}

class TaskTableTest : public testing::Test {
 protected:
  TaskTableTest() {
    task_table.mutable_records().sessions.resize(2);
    second.index = SessionIndex{1};
  }
  void assign(Session& session, std::size_t count) {
    AttemptColumns sent;
    const Batch batch = backlog.take(
        count, [&](TaskId t) { return task_table.records().state_of(t) == TaskState::pending; });
    task_table.assign(kNow, session, batch, sent);
  }
  Acceptance accept(Session& session, std::uint32_t task, Attempt attempt,
                    Outcome outcome = Outcome::succeeded, Duration result = 1s) {
    OutcomeColumns outcomes;
    outcomes.push_back(task_at(task), attempt, outcome, kNow, 1s, result);
    Acceptance acceptance = task_table.accept(kNow + 1s, session, outcomes);
    task_table.check_invariants();
    return acceptance;
  }

  RunSpec spec = spec_of(4);
  Backlog backlog{spec};
  TaskTable task_table{spec};
  Session first, second;
};

TEST_F(TaskTableTest, ATaskGoesFromPendingOverAssignedToDone) {
  EXPECT_EQ(task_table.pending(), 4U);
  assign(first, 3);
  EXPECT_EQ(task_table.pending(), 1U);
  EXPECT_EQ(task_table.assigned(), 3U);
  EXPECT_EQ(first.held, 3U);
  EXPECT_EQ(accept(first, 0, 1).accepted, 1U);
  EXPECT_EQ(task_table.done(), 1U);
  EXPECT_EQ(task_table.records().outcome_of(task_at(0)), Outcome::succeeded);
  EXPECT_FALSE(task_table.all_done());
}

TEST_F(TaskTableTest, DoneIsFinal) {
  assign(first, 1);
  accept(first, 0, 1, Outcome::failed, 0s);
  const Acceptance again = accept(first, 0, 1);
  EXPECT_EQ(again.accepted, 0U);
  EXPECT_EQ(again.stale, 1U);
  EXPECT_EQ(task_table.records().outcome_of(task_at(0)), Outcome::failed);
}

class TaskTableAdoptedTest : public TaskTableTest,
                             public testing::WithParamInterface<std::vector<Attempt>> {};

TEST_P(TaskTableAdoptedTest, AttemptsAtATaskDoneElsewhereAreStaleNotUnassigned) {
  assign(second, 1);
  accept(second, 0, 1);
  Inventory inventory;
  inventory.begun = inventory.started_count = 2;
  std::vector<Superseded> superseded;
  task_table.adopt(first, inventory, {{task_at(0), task_at(0)}, GetParam()}, superseded);
  for (const Attempt attempt : GetParam()) {
    EXPECT_EQ(accept(first, 0, attempt, Outcome::returned, 0s).stale, 1U);
  }
  EXPECT_EQ(accept(first, 0, 5).unassigned, 1U);
}

INSTANTIATE_TEST_SUITE_P(InAnyOrder, TaskTableAdoptedTest,
                         testing::Values(std::vector<Attempt>{2, 4}, std::vector<Attempt>{4, 2}));

TEST_F(TaskTableTest, AnotherAttemptNumberIsUnassigned) {
  assign(first, 1);
  EXPECT_EQ(accept(first, 0, 2).unassigned, 1U);
  EXPECT_EQ(task_table.assigned(), 1U);
}

TEST_F(TaskTableTest, ANotStartedAttemptIsPendingAgain) {
  assign(first, 2);
  const Acceptance a = accept(first, 1, 1, Outcome::not_started, 0s);
  EXPECT_THAT(a.returned, ElementsAre(task_at(1)));
  EXPECT_EQ(task_table.pending(), 3U);
  EXPECT_EQ(first.held, 1U);
}

TEST_F(TaskTableTest, TakeBackMakesPendingAndRemembers) {
  assign(first, 2);
  EXPECT_THAT(task_table.take_back(kNow, first, true, 5), ElementsAre(task_at(0), task_at(1)));
  task_table.check_invariants();
  EXPECT_EQ(task_table.pending(), 4U);
  EXPECT_EQ(accept(first, 0, 1).accepted, 1U);
}

TEST_F(TaskTableTest, ALateOutcomeSupersedesTheNewOwner) {
  assign(first, 4);
  backlog.put_back(task_table.take_back(kNow, first, false, 5));
  assign(second, 4);
  const Acceptance a = accept(first, 2, 1);
  ASSERT_EQ(a.superseded.size(), 1U);
  EXPECT_EQ(a.superseded[0].owner, second.index);
  EXPECT_EQ(a.superseded[0].attempt.attempt, 2);
  EXPECT_EQ(task_table.records().attempt[2], 1);
  EXPECT_EQ(task_table.records().attempts_retried, 4U);
}

TEST_F(TaskTableTest, OnlyBegunAttemptsAreCharged) {
  assign(first, 2);
  first.started_count = 1;
  EXPECT_THAT(task_table.take_back(kNow, first, true, 1), ElementsAre(task_at(1)));
  EXPECT_EQ(task_table.records().outcome_of(task_at(0)), Outcome::lost);
  task_table.check_invariants();
}

TEST_F(TaskTableTest, AGoodbyeChargesNothing) {
  assign(first, 1);
  first.started_count = 1;
  EXPECT_THAT(task_table.take_back(kNow, first, false, 1), ElementsAre(task_at(0)));
  EXPECT_EQ(task_table.done(), 0U);
}

TEST_F(TaskTableTest, ResultMismatchesAreCommittedForTheValidation) {
  assign(first, 2);
  accept(first, 0, 1, Outcome::succeeded, 1s);
  accept(first, 1, 1, Outcome::succeeded, 2s);
  EXPECT_THAT(task_table.records().result_mismatches,
              ElementsAre(std::pair(task_at(1), Duration(2s))));
}

TEST_F(TaskTableTest, BatchesRunUpToTheNext) {
  assign(first, 2);
  accept(first, 0, 1);
  accept(first, 3, 1);  // unassigned: nothing comes of its batch
  accept(first, 1, 1);
  task_table.decide(kNow + 2s, task_at(2), Outcome::cancelled);
  const RunRecords& r = task_table.records();
  ASSERT_EQ(r.batches.size(), 3U);
  EXPECT_EQ(r.batch_end(0), 1U);
  EXPECT_EQ(r.batch_end(1), 2U);
  EXPECT_FALSE(r.batches[2].session);
  EXPECT_EQ(r.dispatch[2], kNoDispatch);
}

}  // namespace
}  // namespace rollcall::coordinator
