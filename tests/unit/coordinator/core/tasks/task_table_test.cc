#include "coordinator/core/tasks/task_table.h"

#include "tests/support/times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

RunSpec spec_of(std::uint32_t tasks) {
  RunSpec spec;
  spec.task_count = tasks;
  spec.pause_min = spec.pause_max = 1s;
  return spec;
}

class TaskTableTest : public testing::Test {
 protected:
  /// A session as far as the task table is concerned.
  struct Worker {
    SessionIndex index{};
    std::uint32_t dispatch = 0;  ///< of its last assignment
    Batch batch;
    ExpiredAttempts expired;
  };

  TaskTableTest() {
    task_table.add_session({});
    task_table.add_session({});
    second.index = SessionIndex{1};
  }
  AttemptColumns assign(Worker& worker, std::size_t count) {
    AttemptColumns sent;
    worker.batch = backlog.take(count, [&](TaskId t) { return task_table.is_pending(t); });
    worker.dispatch = task_table.assign(kNow, worker.index, worker.batch, sent);
    return sent;
  }
  /// Ends the session, which has started the first `begun` of its attempts. Returns its tasks
  /// that are pending again.
  std::vector<TaskId> take_back(Worker& worker, std::uint64_t begun,
                                std::optional<std::uint32_t> max_losses) {
    std::vector<TakenBack> taken;
    std::uint64_t running = slots;
    task_table.take_back(kNow, worker.dispatch, worker.batch, begun, running, max_losses, taken);
    std::vector<TaskId> pending;
    for (const TakenBack& attempt : taken) {
      worker.expired[attempt.task] = attempt.attempt;
      if (attempt.is_pending) pending.push_back(attempt.task);
    }
    task_table.check_invariants();
    return pending;
  }
  Acceptance accept(const Worker& worker, std::uint32_t task, Attempt attempt,
                    Outcome outcome = Outcome::succeeded, Duration result = 1s) {
    OutcomeColumns outcomes;
    outcomes.push_back(task_at(task), attempt, outcome, kNow, 1s, result);
    Acceptance acceptance = task_table.accept(kNow + 1s, worker.index, outcomes, worker.expired);
    task_table.check_invariants();
    return acceptance;
  }

  RunSpec spec = spec_of(4);
  std::uint64_t slots = 100;  ///< of each session
  Backlog backlog{spec};
  TaskTable task_table{spec};
  Worker first, second;
};

TEST_F(TaskTableTest, ACancelledAttemptNeedNotEndItsTask) {
  assign(first, 2);
  OutcomeColumns outcomes;
  outcomes.push_back(task_at(0), 1, Outcome::cancelled, kNow, 1s, 0s);
  const Acceptance a = task_table.accept(kNow + 1s, first.index, outcomes, first.expired, 0,
                                         /*ends_cancelled=*/false);
  EXPECT_EQ(a.accepted, 0U);
  EXPECT_THAT(a.returned, ElementsAre(task_at(0)));
  EXPECT_TRUE(task_table.is_pending(task_at(0)));
  EXPECT_EQ(accept(first, 1, 1, Outcome::cancelled).accepted, 1U);
}

TEST_F(TaskTableTest, ATaskGoesFromPendingOverAssignedToDone) {
  EXPECT_EQ(task_table.pending(), 4U);
  assign(first, 3);
  EXPECT_EQ(task_table.pending(), 1U);
  EXPECT_EQ(task_table.assigned(), 3U);
  const Acceptance a = accept(first, 0, 1);
  EXPECT_EQ(a.accepted, 1U);
  EXPECT_EQ(a.settled, 1U);
  EXPECT_EQ(task_table.done(), 1U);
  EXPECT_EQ(task_table.records().outcome_of(task_at(0)), Outcome::succeeded);
  EXPECT_FALSE(task_table.all_done());
}

TEST_F(TaskTableTest, TasksThatAreAddedArePending) {
  RunSpec open = spec_of(0);
  open.is_open = true;
  TaskTable table(open);
  EXPECT_FALSE(table.all_done());
  table.add_tasks(2, kNow);
  EXPECT_TRUE(table.is_pending(task_at(1)));
  EXPECT_EQ(table.records().last_added, kNow);
  table.check_invariants();
  table.close("");
  table.decide_pending(kNow, Outcome::cancelled);
  EXPECT_TRUE(table.all_done());
  EXPECT_EQ(table.done(), 2U);
}

TEST_F(TaskTableTest, ARunWhoseInputIsCutOffEndsWithoutTheRest) {
  RunSpec open = spec_of(0);
  open.is_open = true;
  TaskTable table(open);
  table.cut_off_input();
  EXPECT_TRUE(table.all_done());
  EXPECT_FALSE(table.may_grow());
  EXPECT_TRUE(table.records().spec.is_open) << "the input has not ended";
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
  first.expired = task_table.adopt(first.index, {{task_at(0), task_at(0)}, GetParam()}).expired;
  for (const Attempt attempt : GetParam()) {
    EXPECT_EQ(accept(first, 0, attempt, Outcome::returned, 0s).stale, 1U);
  }
  EXPECT_EQ(accept(first, 0, 5).unassigned, 1U);
}

INSTANTIATE_TEST_SUITE_P(InAnyOrder, TaskTableAdoptedTest,
                         testing::Values(std::vector<Attempt>{2, 4}, std::vector<Attempt>{4, 2}));

TEST_F(TaskTableTest, AnAttemptListedAfterALaterOneHasEndedIsNotOwned) {
  task_table.adopt(second.index, {{task_at(0)}, {3}});
  OutcomeColumns failed;
  failed.push_back(task_at(0), 3, Outcome::failed, kNow, 1s, 0s);
  task_table.accept(kNow, second.index, failed, second.expired, /*retries=*/5);
  ASSERT_TRUE(task_table.is_pending(task_at(0)));
  const Adoption adoption = task_table.adopt(first.index, {{task_at(0)}, {1}});
  EXPECT_EQ(adoption.owned, 0U);
  first.expired = adoption.expired;
  EXPECT_EQ(assign(second, 1).attempt.front(), 4) << "no number on the wire is used twice";
  EXPECT_EQ(accept(first, 0, 1).accepted, 1U) << "its success still counts";
}

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
  EXPECT_EQ(a.settled, 1U);
}

TEST_F(TaskTableTest, TakeBackMakesPendingAndRemembers) {
  assign(first, 2);
  EXPECT_THAT(take_back(first, 2, 5), ElementsAre(task_at(0), task_at(1)));
  task_table.check_invariants();
  EXPECT_EQ(task_table.pending(), 4U);
  EXPECT_EQ(accept(first, 0, 1).accepted, 1U);
}

TEST_F(TaskTableTest, ALateOutcomeSupersedesTheNewOwner) {
  assign(first, 4);
  backlog.put_back(take_back(first, 0, 5));
  assign(second, 4);
  const Acceptance a = accept(first, 2, 1);
  ASSERT_EQ(a.superseded.size(), 1U);
  EXPECT_EQ(a.superseded[0].owner, second.index);
  EXPECT_EQ(a.superseded[0].attempt.on_wire, 2);
  EXPECT_EQ(task_table.records().attempt[2], 1);
}

TEST_F(TaskTableTest, OnlyBegunAttemptsAreCharged) {
  assign(first, 2);
  EXPECT_THAT(take_back(first, 1, 1), ElementsAre(task_at(1)));
  EXPECT_EQ(task_table.records().outcome_of(task_at(0)), Outcome::lost);
  task_table.check_invariants();
}

TEST_F(TaskTableTest, AGoodbyeChargesNothing) {
  assign(first, 1);
  EXPECT_THAT(take_back(first, 1, std::nullopt), ElementsAre(task_at(0)));
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

TEST_F(TaskTableTest, AnAssignmentHasTheAttemptAndTheCostOfEachTask) {
  const AttemptColumns sent = assign(first, 2);
  EXPECT_THAT(sent.task, ElementsAre(task_at(0), task_at(1)));
  EXPECT_THAT(sent.attempt, ElementsAre(1, 1));
  EXPECT_THAT(sent.pause, ElementsAre(1s, 1s));
}

TEST_F(TaskTableTest, ARepeatedAssignmentNamesTheSameAttempts) {
  assign(first, 2);
  backlog.put_back(take_back(first, 0, 5));
  assign(second, 2);  // attempt 2 of each
  AttemptColumns again;
  task_table.describe(first.dispatch, first.batch, first.expired, again);
  EXPECT_THAT(again.task, ElementsAre(task_at(0), task_at(1)));
  EXPECT_THAT(again.attempt, ElementsAre(1, 1));
}

TEST_F(TaskTableTest, AnAttemptThatNeverBeganIsNotNumbered) {
  for (const Outcome outcome : {Outcome::returned, Outcome::not_started}) {
    const AttemptColumns sent = assign(first, 1);
    const Acceptance a = accept(first, 0, sent.attempt[0], outcome, 0s);
    ASSERT_EQ(a.unstarted.size(), 1U);
    EXPECT_EQ(a.unstarted[0].dispatch, first.dispatch);
    backlog.put_back(a.returned);
  }
  const AttemptColumns sent = assign(second, 1);
  EXPECT_THAT(sent.attempt, ElementsAre(3)) << "late messages name an earlier assignment";
  EXPECT_THAT(sent.number, ElementsAre(1));
  accept(second, 0, 3);
  EXPECT_EQ(task_table.records().attempt[0], 1);
  EXPECT_EQ(task_table.records().attempts_retried, 0U);
}

TEST_F(TaskTableTest, OnlyAttemptsThatBeganAreNumbered) {
  assign(first, 2);
  backlog.put_back(take_back(first, 1, 5));
  const AttemptColumns sent = assign(second, 2);
  EXPECT_THAT(sent.attempt, ElementsAre(2, 2));
  EXPECT_THAT(sent.number, ElementsAre(2, 1));
  accept(second, 0, 2);
  accept(second, 1, 2);
  EXPECT_EQ(task_table.records().attempts_retried, 1U);
}

TEST_F(TaskTableTest, AttemptsBeyondTheSlotsHaveNotBegun) {
  slots = 1;
  assign(first, 2);
  EXPECT_THAT(take_back(first, 2, 1), ElementsAre(task_at(1))) << "the other was lost too often";
  EXPECT_EQ(task_table.records().attempt[1], 0);
}

TEST_F(TaskTableTest, AnAttemptThatWasCancelledBeforeItBeganIsNone) {
  assign(first, 2);
  OutcomeColumns outcomes;
  outcomes.push_back(task_at(0), 1, Outcome::cancelled, kNow, 1s, 0s);
  outcomes.push_back(task_at(1), 1, Outcome::cancelled, kNow, 0s, 0s);
  const Acceptance a = task_table.accept(kNow + 1s, first.index, outcomes, first.expired);
  EXPECT_EQ(a.accepted, 2U);
  ASSERT_EQ(a.unstarted.size(), 1U);
  EXPECT_EQ(task_table.records().attempt[0], 1);
  EXPECT_EQ(task_table.records().attempt[1], 0);
  EXPECT_EQ(task_table.session(first.index).ended, 1U);
}

TEST_F(TaskTableTest, ALateOutcomeHasTheNumberOfItsAttempt) {
  assign(first, 1);
  backlog.put_back(take_back(first, 1, 5));
  assign(second, 1);
  backlog.put_back(accept(second, 0, 2, Outcome::returned, 0s).returned);
  assign(second, 1);
  EXPECT_EQ(accept(first, 0, 1).accepted, 1U);
  EXPECT_EQ(task_table.records().attempt[0], 1);
}

TEST_F(TaskTableTest, BegunAttemptsAreFinishedLostOrRunning) {
  assign(first, 3);
  task_table.attempts_began(first.index, 3);
  EXPECT_EQ(task_table.records().attempts().running, 3U);
  accept(first, 0, 1);
  take_back(first, 3, 5);
  task_table.session_lost(first.index, "test");
  const AttemptCounts counts = task_table.records().attempts();
  EXPECT_EQ(counts.finished, 1U);
  EXPECT_EQ(counts.lost, 2U);
  EXPECT_EQ(counts.running, 0U);
  EXPECT_EQ(task_table.records().attempts_total, 3U);
}

TEST_F(TaskTableTest, AFailedTaskIsPendingWhileItHasRetries) {
  for (const Attempt attempt : {Attempt{1}, Attempt{2}}) {
    assign(first, 1);
    OutcomeColumns outcomes;
    outcomes.push_back(task_at(0), attempt, Outcome::failed, kNow, 1s, 0s);
    const Acceptance a = task_table.accept(kNow, first.index, outcomes, {}, /*retries=*/1);
    EXPECT_EQ(a.accepted, attempt - 1U);
    backlog.put_back(a.failed);
  }
  EXPECT_EQ(task_table.failures(task_at(0)), 1U);
  EXPECT_EQ(task_table.records().outcome_of(task_at(0)), Outcome::failed);
}

TEST_F(TaskTableTest, AFinalFailureIsNotRetried) {
  assign(first, 2);
  OutcomeColumns outcomes;
  outcomes.push_back(task_at(0), 1, Outcome::failed, kNow, 1s, 0s);
  outcomes.push_back(task_at(1), 1, Outcome::failed, kNow, 1s, 0s);
  outcomes.is_final = {0, 1};
  const Acceptance a = task_table.accept(kNow, first.index, outcomes, {}, /*retries=*/1);
  EXPECT_THAT(a.failed, ElementsAre(task_at(0)));
  EXPECT_EQ(a.accepted, 1U);
  EXPECT_EQ(task_table.records().outcome_of(task_at(1)), Outcome::failed);
}

TEST_F(TaskTableTest, ResultsOfUnknownCostAreNotCompared) {
  spec.traits.has_known_cost = false;
  task_table = TaskTable(spec);
  task_table.add_session({});
  EXPECT_THAT(assign(first, 1).pause, ElementsAre(0s));
  accept(first, 0, 1, Outcome::succeeded, 7s);
  EXPECT_THAT(task_table.records().result_mismatches, IsEmpty());
}

TEST_F(TaskTableTest, ReportsAreReceivedInOrder) {
  EXPECT_FALSE(task_table.receive_report(first.index, 2));
  EXPECT_TRUE(task_table.receive_report(first.index, 1));
  EXPECT_FALSE(task_table.receive_report(first.index, 1));
  EXPECT_EQ(task_table.records().reports_repeated, 1U);
  EXPECT_EQ(task_table.session(first.index).last_report, 1U);
}

}  // namespace
}  // namespace rollcall::coordinator
