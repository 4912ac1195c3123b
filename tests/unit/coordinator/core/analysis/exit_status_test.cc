#include "coordinator/core/analysis/exit_status.h"

#include <gtest/gtest.h>

#include <csignal>

namespace rollcall::coordinator {
namespace {

RunRecords records_with(std::initializer_list<Outcome> outcomes) {
  RunSpec spec;
  spec.task_count = static_cast<std::uint32_t>(outcomes.size());
  RunRecords records(spec);
  std::size_t i = 0;
  for (const Outcome outcome : outcomes) records.set_done(task_at(i++), outcome);
  return records;
}

TEST(ExitStatus, IsZeroWhenEveryTaskSucceeded) {
  EXPECT_EQ(exit_status(records_with({Outcome::succeeded, Outcome::succeeded}), {}), 0);
  EXPECT_EQ(exit_status(records_with({Outcome::cancelled}), {}), 0);
  EXPECT_EQ(exit_status(records_with({}), {}), 0);
}

TEST(ExitStatus, IsOneWhenATaskFailed) {
  EXPECT_EQ(exit_status(records_with({Outcome::succeeded, Outcome::failed}), {}), 1);
  EXPECT_EQ(exit_status(records_with({Outcome::timed_out}), {}), 1);
  EXPECT_EQ(exit_status(records_with({Outcome::lost}), {}), 1);
}

TEST(ExitStatus, IsOneWhenTheUserHasCancelledATask) {
  RunRecords records = records_with({Outcome::succeeded, Outcome::cancelled});
  records.history[task_at(1)].is_cancelled = true;
  EXPECT_EQ(exit_status(records, {}), 1);
  EXPECT_EQ(end_reason(1, records), "tasks_cancelled");
  records.set_done(task_at(1), Outcome::succeeded);  // before it could be cancelled
  EXPECT_EQ(exit_status(records, {}), 0);
}

TEST(ExitStatus, IsFiveWhenTheRunTimedOut) {
  RunRecords records = records_with({Outcome::failed, Outcome::cancelled});
  Ending ending;
  ending.run_timed_out = true;
  EXPECT_EQ(exit_status(records, ending), 5);
  EXPECT_EQ(end_reason(5, records), "run_timeout");
  records.wait_timeout_passed = true;
  EXPECT_EQ(end_reason(5, records), "wait_timeout");
}

TEST(ExitStatus, TakesTheGravestReason) {
  RunRecords records = records_with({Outcome::lost});
  records.wait_timeout_passed = true;
  Ending ending;
  EXPECT_EQ(exit_status(records, ending), 5);
  ending.validated = false;
  EXPECT_EQ(exit_status(records, ending), 3);
  ending.no_workers = true;
  EXPECT_EQ(exit_status(records, ending), 4);
  ending.output_failed = true;
  EXPECT_EQ(exit_status(records, ending), 6);
  ending.signal = SIGINT;
  EXPECT_EQ(exit_status(records, ending), 130);
  ending.signal = SIGTERM;
  EXPECT_EQ(exit_status(records, ending), 143);
}

TEST(ExitStatus, IsSixWhenTheInputCouldNotBeRead) {
  RunRecords records = records_with({Outcome::failed});
  records.input_error = "line 2: too long";
  EXPECT_EQ(exit_status(records, {}), 6);
  EXPECT_EQ(end_reason(6, records), "input_failed");
  Ending ending;
  ending.signal = SIGINT;
  EXPECT_EQ(exit_status(records, ending), 130);
}

TEST(EndReason, IsTheOutputIfTheInputWasComplete) {
  EXPECT_EQ(end_reason(6, records_with({})), "output_failed");
}

}  // namespace
}  // namespace rollcall::coordinator
