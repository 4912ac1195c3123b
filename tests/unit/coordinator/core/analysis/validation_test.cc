#include "coordinator/core/analysis/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/rng.h"
#include "coordinator/core/analysis/summary.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> names(const std::vector<FailedCheck>& failed) {
  std::vector<std::string> names;
  for (const FailedCheck& check : failed) names.push_back(check.name);
  return names;
}

std::vector<std::string> failing(const RunRecords& records) {
  return names(validate(records, finish_order(records), lower_bound(records)));
}

/// Three tasks of two seconds, right in every way.
RunRecordsBuilder right_run() {
  RunRecordsBuilder run(3);
  run.worker().worker().done(0).done(2, 1).done(1, 0, Outcome::succeeded, 1ms);
  return run;
}

TEST(Validation, FindsNothingInARightRun) {
  EXPECT_THAT(failing(right_run().records()), IsEmpty());
}

TEST(Validation, FindsNothingInARunOfNoTasks) {
  EXPECT_THAT(failing(RunRecordsBuilder(0).records()), IsEmpty());
}

TEST(OneOutcome, FailsForATaskWithoutOne) {
  RunRecordsBuilder run(2);
  run.worker().done(0).dispatched(1);
  EXPECT_THAT(failing(run.records()), ElementsAre("one_outcome"));
}

TEST(OneOutcome, FailsForATaskWithTwo) {
  RunRecordsBuilder run(2);
  run.worker().done(0).done(1).done(1);
  const auto failed = validate(run.records(), finish_order(run.records()), 0s);
  ASSERT_THAT(names(failed), ElementsAre("one_outcome"));
  EXPECT_THAT(failed[0].tasks, ElementsAre(TaskId(1)));
}

TEST(OneOutcome, FailsForATaskThatIsNotOfTheRun) {
  RunRecordsBuilder run = right_run();
  run.records().task[1] = TaskId(77);
  const auto failed = validate(run.records(), finish_order(run.records()), 0s);
  ASSERT_THAT(names(failed), ElementsAre("one_outcome"));
  EXPECT_THAT(failed[0].tasks, ElementsAre(TaskId(2), TaskId(77)));
}

TEST(AskedOutcome, AllowsFailedAndLostTasks) {
  RunRecordsBuilder run(4);
  run.worker().done(0, 0, Outcome::failed).done(1, 0, Outcome::timed_out).done(2);
  run.decided(3, Outcome::lost, 3s);
  EXPECT_THAT(failing(run.records()), IsEmpty());
}

TEST(AskedOutcome, NothingIsCancelledUnlessAskedFor) {
  RunRecordsBuilder run(1);
  run.worker().done(0, 0, Outcome::cancelled);
  EXPECT_THAT(failing(run.records()), ElementsAre("asked_outcome"));
  run.records().stop_requested = true;
  EXPECT_THAT(failing(run.records()), IsEmpty());
}

TEST(AskedOutcome, WaitCancelsOnlyWhenItsTimeHasPassed) {
  RunRecordsBuilder run(1);
  run.method(CollectionMethod::wait).worker().done(0, 0, Outcome::cancelled);
  EXPECT_THAT(failing(run.records()), ElementsAre("asked_outcome"));
  run.records().wait_timeout_passed = true;
  EXPECT_THAT(failing(run.records()), IsEmpty());
}

TEST(AskedOutcome, ATaskMayEndBeforeItCanBeCancelled) {
  RunRecordsBuilder run(2);
  run.method(CollectionMethod::cancelled).worker();
  run.done(0, 0, Outcome::cancelled).done(1, 0, Outcome::cancelled);
  EXPECT_THAT(failing(run.records()), IsEmpty());
  run.records().set_done(TaskId(1), Outcome::succeeded);
  EXPECT_THAT(failing(run.records()), IsEmpty());
  run.records().set_done(TaskId(1), Outcome::failed);
  EXPECT_THAT(failing(run.records()), ElementsAre("asked_outcome"));
}

TEST(AskedOutcome, NotStartedIsNotFinal) {
  RunRecordsBuilder run(1);
  run.worker().done(0, 0, Outcome::not_started);
  EXPECT_THAT(failing(run.records()), ElementsAre("asked_outcome"));
}

TEST(ResultCheck, FailsForAnyOtherResultThanThePause) {
  RunRecordsBuilder run = right_run();
  run.records().result_mismatches = {{TaskId(2), 2s}};
  EXPECT_THAT(failing(run.records()), IsEmpty());
  run.records().result_mismatches = {{TaskId(2), 2s + 1ns}};
  EXPECT_THAT(failing(run.records()), ElementsAre("result"));
}

TEST(NotEarly, FailsForASleepThatEndedANanosecondEarly) {
  RunRecordsBuilder run(2);
  run.worker().done(0).done(1, 0, Outcome::succeeded, -1ns);
  EXPECT_THAT(failing(run.records()), ElementsAre("not_early"));
}

TEST(NotEarly, LetsACancelledSleepEndEarly) {
  RunRecordsBuilder run(1);
  run.worker().done(0, 0, Outcome::cancelled, -1s);
  run.records().stop_requested = true;
  EXPECT_THAT(failing(run.records()), IsEmpty());
}

TEST(DispatchDelay, FailsForAWorkerThatStampsAndReportsAtOnce) {
  RunRecordsBuilder run(2);
  run.worker().done(0).dispatched(1);
  run.ended(1, 0, Outcome::succeeded, run.kBegin + 1ms, 2s);
  run.records().batches[1].arrived = run.kBegin + 2ms;
  EXPECT_THAT(failing(run.records()), ElementsAre("dispatch_delay", "finish_before_arrival"));
}

TEST(DispatchDelay, FailsAlsoWhenTheStampsLieInThePast) {
  RunRecordsBuilder run(2);
  run.worker().done(0).dispatched(1);
  run.ended(1, 0, Outcome::succeeded, run.kBegin - 1999ms, 2s);
  EXPECT_THAT(failing(run.records()), ElementsAre("dispatch_delay", "start_after_dispatch"));
}

TEST(DispatchDelay, AllowsForTheDriftOfTwoClocks) {
  RunRecordsBuilder run(1, 100s, 100s);
  run.worker().done(0);
  run.records().batches[0].arrived = run.kBegin + 100s - 20ms;
  run.records().batches[0].clock_bound = 1s;
  run.records().last_accepted = run.records().batches[0].arrived;
  EXPECT_THAT(failing(run.records()), IsEmpty());
  run.records().batches[0].arrived -= 1ms;
  EXPECT_THAT(failing(run.records()), ElementsAre("dispatch_delay"));
}

TEST(StartAfterDispatch, AllowsForTheClockBoundAndTheDriftUpToTheArrival) {
  RunRecordsBuilder run(1);
  run.worker().dispatched(0);
  run.ended(0, 0, Outcome::succeeded, run.kBegin - run.kBound - 400us, 2s);  // 200 ppm of 2 s
  EXPECT_THAT(failing(run.records()), IsEmpty());
  run.records().started[0] -= 1us;
  EXPECT_THAT(failing(run.records()), ElementsAre("start_after_dispatch"));
}

TEST(StartAfterDispatch, FailsForAnOutcomeOfAWorkerThatNeverHadTheTask) {
  RunRecordsBuilder run(1);
  run.worker().worker().dispatched(0, 1);
  run.ended(0, 0, Outcome::succeeded, run.kBegin + 1ms, 2s);
  EXPECT_THAT(failing(run.records()), ElementsAre("start_after_dispatch"));
}

TEST(FinishBeforeArrival, AllowsForTheClockBound) {
  RunRecordsBuilder run(1);
  run.worker().done(0);
  run.records().batches[0].arrived = run.records().finished(0) - run.kBound;
  EXPECT_THAT(failing(run.records()), IsEmpty());
  run.records().batches[0].arrived -= 10ns;  // more than the drift of that time
  EXPECT_THAT(failing(run.records()), ElementsAre("finish_before_arrival"));
}

TEST(Clocks, FailsForAWorkerWhoseClockIsNotKnown) {
  RunRecordsBuilder run = right_run();
  run.records().batches[0].clock_bound = Duration::max();
  run.records().batches[2].clock_bound = Duration::max();  // of the same worker
  const auto failed = validate(run.records(), finish_order(run.records()), 0s);
  ASSERT_THAT(names(failed), ElementsAre("clocks"));
  EXPECT_EQ(failed[0].count, 1U);
  EXPECT_THAT(failed[0].tasks, IsEmpty());
}

TEST(OrderCheck, FailsForRowsThatAreNotInOrderOfFinish) {
  const RunRecords records = right_run().records();
  std::vector<std::uint32_t> order = finish_order(records);
  std::swap(order[0], order[1]);
  EXPECT_THAT(names(validate(records, order, 2s)), ElementsAre("order"));
}

TEST(OrderCheck, FailsForARowThatIsMissingOrStandsTwice) {
  const RunRecords records = right_run().records();
  EXPECT_THAT(names(validate(records, std::vector<std::uint32_t>{0, 1}, 2s)), ElementsAre("order"));
  EXPECT_THAT(names(validate(records, std::vector<std::uint32_t>{0, 0, 2}, 2s)),
              ElementsAre("order"));
  EXPECT_THAT(names(validate(records, std::vector<std::uint32_t>{0, 1, 9}, 2s)),
              ElementsAre("order"));
}

TEST(WorkerCounts, FailsWhenAGoodbyeCountsOtherwise) {
  RunRecordsBuilder run = right_run();
  ++run.records().sessions[1].goodbye->outcomes_sent;
  EXPECT_THAT(failing(run.records()), ElementsAre("worker_counts"));
  ++run.records().sessions[1].stale;
  EXPECT_THAT(failing(run.records()), IsEmpty());
}

TEST(WorkerCounts, AsksNothingOfALostWorker) {
  RunRecordsBuilder run = right_run();
  run.records().sessions[1].goodbye.reset();
  run.records().sessions[1].end = SessionEnd::lost;
  EXPECT_THAT(failing(run.records()), IsEmpty());
}

TEST(WorkerCounts, FailsWhenTheyDoNotAddUp) {
  RunRecordsBuilder run = right_run();
  ++run.records().sessions[0].tasks_done;
  ++run.records().sessions[0].goodbye->outcomes_sent;
  EXPECT_THAT(failing(run.records()), ElementsAre("worker_counts"));
  run = right_run();
  run.records().batches[0].session = std::nullopt;
  EXPECT_THAT(failing(run.records()), ElementsAre("worker_counts"));
}

TEST(TotalTime, FailsForARunBelowItsLowerBound) {
  RunRecordsBuilder run(2);
  run.worker(1).done(0).done(1);  // both at once, on one slot
  EXPECT_THAT(failing(run.records()), ElementsAre("total_time"));
}

TEST(FailedChecks, NameTheFirstTenTasksAndCountTheRest) {
  RunRecordsBuilder run(25);
  run.worker();
  for (std::uint32_t task = 25; task-- > 0;) run.done(task, 0, Outcome::succeeded, -1ms);
  const auto failed = validate(run.records(), finish_order(run.records()), 0s);
  ASSERT_THAT(names(failed), ElementsAre("not_early"));
  EXPECT_EQ(failed[0].count, 25U);
  ASSERT_EQ(failed[0].tasks.size(), 10U);
  EXPECT_EQ(failed[0].tasks.front(), TaskId(0));
  EXPECT_EQ(failed[0].tasks.back(), TaskId(9));
}

TEST(FinishOrder, IsByInstantAndThenByTask) {
  RunRecordsBuilder run(4);
  run.worker()
      .done(3, 0, Outcome::succeeded, 2ms)
      .done(2)
      .done(0)
      .done(1, 0, Outcome::succeeded, 1ms);
  EXPECT_THAT(finish_order(run.records()), ElementsAre(2, 1, 3, 0));
}

TEST(FinishOrder, SortsAnyRecords) {
  for (const std::uint64_t disorder : {1U, 50U, 100'000U}) {
    RunRecords records(RunRecordsBuilder(5'000).records().spec);
    Rng rng(disorder);
    for (std::uint32_t i = 0; i < 5'000; ++i) {
      records.task.push_back(TaskId(i));
      records.started.push_back(
          instant_from_ns(static_cast<std::int64_t>(i / 3 + rng.below(disorder))));
      records.elapsed.push_back(0ns);
    }
    std::vector<std::uint32_t> expected(5'000);
    for (std::uint32_t i = 0; i < 5'000; ++i) expected[i] = i;
    std::stable_sort(expected.begin(), expected.end(), [&](std::uint32_t a, std::uint32_t b) {
      return records.started[a] < records.started[b];
    });
    EXPECT_EQ(finish_order(records), expected) << disorder;
  }
}

}  // namespace
}  // namespace rollcall::coordinator
