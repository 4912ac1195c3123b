#include "coordinator/core/analysis/summary.h"

#include <gtest/gtest.h>

#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

Summary summary_of(const RunRecords& records) {
  return summarize(records, finish_order(records));
}

TEST(LowerBound, IsTheLongestTaskWhereNothingLimitsTheSlots) {
  RunRecordsBuilder run(3, 1s, 10s);
  run.worker().done(0).done(1).done(2);
  const RunSpec& spec = run.records().spec;
  EXPECT_EQ(lower_bound(run.records()),
            std::max({spec.pause(TaskId(0)), spec.pause(TaskId(1)), spec.pause(TaskId(2))}));
}

TEST(LowerBound, IsWorkOverSlots) {
  RunRecordsBuilder run(4, 1s, 10s);
  run.worker(1).worker(1);
  Duration work{};
  for (std::uint32_t task = 0; task < 4; ++task) {
    run.done(task, task % 2);
    work += run.records().spec.pause(TaskId(task));
  }
  EXPECT_EQ(lower_bound(run.records()), (work + 1ns) / 2);
}

TEST(LowerBound, CountsRoundsOfTasksOfOneLength) {
  RunRecordsBuilder run(5);
  run.worker(2);
  for (std::uint32_t task = 0; task < 5; ++task) run.done(task);
  EXPECT_EQ(lower_bound(run.records()), 6s);
}

TEST(LowerBound, TakesTheTimeThatACancelledTaskRan) {
  RunRecordsBuilder run(2, 10s, 10s);
  run.worker().done(0, 0, Outcome::cancelled, -7s).done(1, 0, Outcome::cancelled, -8s);
  EXPECT_EQ(lower_bound(run.records()), 3s);
}

TEST(LowerBound, IsNothingForARunWithoutTasks) {
  EXPECT_EQ(lower_bound(RunRecordsBuilder(0).records()), 0s);
}

TEST(LowerBound, IsNotBelowTheTimeOfTheInput) {
  RunRecordsBuilder run(2);
  run.worker().done(0).done(1, 0, Outcome::succeeded, 0ns, 5s);
  run.records().last_added = RunRecordsBuilder::kBegin + 5s;
  EXPECT_EQ(lower_bound(run.records()), 5s);
  run.records().last_added = RunRecordsBuilder::kBegin - 1s;
  EXPECT_EQ(lower_bound(run.records()), 2s);
}

TEST(LowerBound, OmitsTheTimeThatTheRunWasStoppedBeforeItsLastTaskWasAdded) {
  RunRecordsBuilder run(2);
  run.worker().done(0).done(1, 0, Outcome::succeeded, 0ns, 1h + 5s);
  RunRecords& records = run.records();
  const Duration first = records.finished(0) - RunRecordsBuilder::kBegin;
  records.resumed = {RunRecordsBuilder::kBegin + 1h};
  records.last_added = RunRecordsBuilder::kBegin + 1h + 5s;
  EXPECT_EQ(lower_bound(records), first + 5s);
  records.last_added = RunRecordsBuilder::kBegin + 4s;
  EXPECT_EQ(lower_bound(records), first) << "no task ran while it was added";
  records.started[0] += 3s;
  EXPECT_EQ(lower_bound(records), 4s) << "the run was stopped later";
}

TEST(PeakSlots, CountsSessionsThatWerePresentAtOnce) {
  RunRecordsBuilder run(3);
  run.worker(4).worker(2).worker(0);
  run.done(0, 0).done(1, 1);  // the third never got anything done
  EXPECT_EQ(peak_slots(run.records()), 6U);
  run.records().sessions[1].welcomed = *run.records().sessions[0].last_accepted;
  EXPECT_EQ(peak_slots(run.records()), 6U);
  run.records().sessions[1].welcomed += 1ns;
  run.records().sessions[1].last_accepted = run.records().sessions[1].welcomed + 2s;
  EXPECT_EQ(peak_slots(run.records()), 4U);
}

TEST(PeakSlots, AreWithoutLimitIfOneWorkerIs) {
  RunRecordsBuilder run(2);
  run.worker(4).worker(0).done(0, 0).done(1, 1);
  EXPECT_EQ(peak_slots(run.records()), std::nullopt);
}

TEST(Summary, CountsOutcomesAndMeasuresTheRun) {
  RunRecordsBuilder run(3);
  run.worker().done(0).done(1, 0, Outcome::failed).decided(2, Outcome::lost, 3s);
  const Summary summary = summary_of(run.records());
  EXPECT_EQ(summary.count(Outcome::succeeded), 1U);
  EXPECT_EQ(summary.count(Outcome::failed), 1U);
  EXPECT_EQ(summary.count(Outcome::lost), 1U);
  EXPECT_EQ(summary.measured, 3s);
  EXPECT_EQ(summary.lower_bound, 2s);
  EXPECT_DOUBLE_EQ(summary.overhead_percent(), 50);
}

TEST(Summary, DoesNotMeasureTheTimeBeforeAResume) {
  RunRecordsBuilder run(2);
  run.worker(1).done(0).done(1);
  RunRecords& records = run.records();
  const Duration measured = summary_of(records).measured;
  // The second task starts an hour later, when the run has been resumed.
  const Instant finished = records.finished(0);
  records.resumed = {finished + 1h};
  records.started[1] = finished + 1h + 1s;
  records.last_accepted = records.finished(1);
  records.batches.back().arrived = records.finished(1);
  const Summary summary = summary_of(records);
  EXPECT_EQ(summary.stopped, 1h);
  EXPECT_LT(summary.measured, measured + 10s);
  // A worker that ran a task meanwhile: nothing is left out.
  records.started[1] = finished;
  records.elapsed[1] = 2h;
  records.last_accepted = records.finished(1);
  EXPECT_EQ(summary_of(records).stopped, 0s);
  EXPECT_GE(summary_of(records).measured, 2h);
}

TEST(Lateness, IsThatOfSucceededSleeps) {
  RunRecordsBuilder run(101);
  run.worker().done(100, 0, Outcome::failed, 9s);
  for (std::uint32_t task = 0; task < 100; ++task) {
    run.done(task, 0, Outcome::succeeded, (task + 1) * 1us);
  }
  const Lateness lateness = summary_of(run.records()).lateness;
  EXPECT_NEAR(to_seconds(lateness.p50), 50e-6, 50e-9);
  EXPECT_NEAR(to_seconds(lateness.p99), 99e-6, 99e-9);
  EXPECT_GE(lateness.p99, 99us);
  EXPECT_EQ(lateness.max, 100us);
}

TEST(Lateness, IsExactForOneValue) {
  for (const Duration late : {0ns, 1ns, 2047ns, 2048ns, 123'456'789ns, 400h + 0ns}) {
    RunRecordsBuilder run(1);
    run.worker().done(0, 0, Outcome::succeeded, late);
    EXPECT_EQ(summary_of(run.records()).lateness.p50, late);
    EXPECT_EQ(summary_of(run.records()).lateness.max, late);
  }
}

TEST(Lateness, IsNeverNegative) {
  RunRecordsBuilder run(1);
  run.worker().done(0, 0, Outcome::succeeded, -1s);
  EXPECT_EQ(summary_of(run.records()).lateness.max, 0s);
}

TEST(Completion, NamesTheFirstAndTheLastTask) {
  RunRecordsBuilder run(3);
  run.worker().done(1, 0, Outcome::succeeded, 2ms).done(2).done(0, 0, Outcome::succeeded, 1ms);
  const Completion completion = summary_of(run.records()).completion;
  EXPECT_EQ(completion.first_task, TaskId(2));
  EXPECT_EQ(completion.last_task, TaskId(1));
  EXPECT_EQ(completion.ambiguous_neighbours, 0U);
  EXPECT_EQ(summary_of(RunRecordsBuilder(0).records()).completion.first_task, std::nullopt);
}

TEST(Completion, CountsNeighboursThatTheClocksCannotOrder) {
  RunRecordsBuilder run(5);
  run.worker().worker();
  run.done(0, 0).done(1, 1, Outcome::succeeded, 20us);  // 10 us + 10 us: not sure
  run.done(2, 0, Outcome::succeeded, 41us);             // sure
  run.done(3, 0, Outcome::succeeded, 42us);             // one clock: sure
  run.done(4, 0, Outcome::succeeded, 42us);             // the same instant
  EXPECT_EQ(summary_of(run.records()).completion.ambiguous_neighbours, 2U);
}

}  // namespace
}  // namespace rollcall::coordinator
