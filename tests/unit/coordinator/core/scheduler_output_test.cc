// Output that travels while its commands run.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t kRow = 64U << 10U;

template <class Fixture>
class OutputRun : public Fixture {
 protected:
  OutputRun() {
    this->use_commands();
    this->policy.takes_output = true;
    this->policy.prints_early = true;
  }

  /// Workers with feature 1 and this many slots each, and room for output.
  void begin_with(std::initializer_list<int> workers, std::uint32_t slots) {
    this->policy.wait_for_workers = static_cast<std::uint32_t>(workers.size());
    this->begin();
    this->stage->room.bytes = 1U << 30U;
    for (const int w : workers) {
      this->stage->worker(w).features.set(kOutputInChunks);
      this->stage->hello(w, slots);
    }
    for (const int w : workers) this->stage->inventory(w);
    for (const int w : workers) this->stage->heartbeat(w);
    this->stage->ignore();
  }

  Attempt attempt_of(int worker, std::uint32_t task) {
    return this->stage->worker(worker).attempt[task_at(task)];
  }

  /// The worker sends a row of the standard output of its attempt at the task.
  void sends(int worker, std::uint32_t task, std::uint64_t offset, std::uint32_t size = kRow) {
    Output output;
    output.task = {task_at(task)};
    output.attempt = {attempt_of(worker, task)};
    output.stream = {OutputStream::out};
    output.offset = {offset};
    output.size = {size};
    output.bytes = std::string(size, 'x');
    this->stage->send(worker, std::move(output));
  }

  /// The worker reports that its attempt has succeeded, after `before` bytes in Outputs.
  void reports(int worker, std::uint32_t task, std::uint64_t before,
               Outcome outcome = Outcome::succeeded) {
    Report report;
    Stage::Worker& from = this->stage->worker(worker);
    report.number = ++from.reports;
    report.assignments_received = from.got;
    report.outcomes.push_back(task_at(task), attempt_of(worker, task), outcome, Instant(),
                              std::chrono::milliseconds(1), Duration::zero());
    CommandResult& result = report.outcomes.command.emplace_back();
    result.out_before = before;
    result.out = "tail";
    ++from.ended;
    report.started_count = from.started();
    this->stage->send(worker, std::move(report));
  }

  void fill_spool() { this->stage->room = {0, 1U << 20U, true}; }
};

using SchedulerOutputTest = OutputRun<SchedulerTest>;
using JournaledOutputTest = OutputRun<JournaledSchedulerTest>;

TEST_F(SchedulerOutputTest, AWorkerWithTheFeatureGetsAWindow) {
  policy.wait_for_workers = 2;
  begin();
  stage->room.bytes = 1U << 30U;
  stage->turn();
  stage->worker(1).features.set(kOutputInChunks);
  stage->hello(1);
  stage->hello(2);
  EXPECT_THAT(stage->take(), AllOf(Contains("w1 <- Welcome: slots 2; window 65536"),
                                   Contains("w2 <- Welcome: slots 2")));
}

TEST_F(SchedulerOutputTest, ARunThatTakesNoOutputGivesNoWindow) {
  policy.takes_output = false;
  begin();
  stage->worker(1).features.set(kOutputInChunks);
  stage->hello(1);
  EXPECT_THAT(stage->take(), Contains("w1 <- Welcome: slots 2"));
}

TEST_F(SchedulerOutputTest, BytesAreTakenInOrderAndAnswered) {
  begin_with({1}, 2);
  sends(1, 0, 0);
  expect({"take output of w1: yes",
          "w1 <- OutputAck: 0 out taken 65536 durable 65536; window 131072"});
  sends(1, 0, 0);
  EXPECT_THAT(stage->take(), testing::ElementsAre(HasSubstr("0 out taken 65536 durable 65536")));
  sends(1, 0, kRow);
  EXPECT_THAT(stage->take(), Contains("take output of w1: yes"));
}

TEST_F(SchedulerOutputTest, OutputOfAnAttemptThatTheSessionDoesNotHoldIsUnwanted) {
  begin_with({1, 2}, 2);
  stage->worker(1).attempt[task_at(3)] = 1;
  sends(1, 3, 0);
  EXPECT_THAT(stage->take(), testing::ElementsAre(HasSubstr("3 out taken 0 durable unwanted")));
}

TEST_F(SchedulerOutputTest, AnOutcomeCountsWithItsOutput) {
  begin_with({1}, 2);
  sends(1, 0, 0);
  stage->ignore();
  reports(1, 0, kRow);
  EXPECT_THAT(stage->take(),
              AllOf(Contains("results: 0 succeeded"), Not(Contains(HasSubstr("drop output")))));
}

TEST_F(SchedulerOutputTest, AnOutcomeWithMoreOutputThanWasTakenContradictsItself) {
  begin_with({1}, 2);
  sends(1, 0, 0);
  stage->ignore();
  reports(1, 0, 2 * kRow);
  EXPECT_THAT(stage->take(),
              AllOf(Contains(HasSubstr("Reject session_lost: its report contradicts itself: task 0 "
                                       "attempt 1: it has other output than was received")),
                    Contains("drop output of w1, task 0, attempt 1"),
                    Not(Contains("results: 0 succeeded"))));
}

TEST_F(SchedulerOutputTest, TheOutputOfAFailedAttemptIsDropped) {
  policy.retries = 1;
  begin_with({1}, 2);
  sends(1, 0, 0);
  stage->ignore();
  reports(1, 0, kRow, Outcome::failed);
  EXPECT_THAT(stage->take(), Contains("drop output of w1, task 0, attempt 1"));
  stage->ignore();
}

TEST_F(SchedulerOutputTest, TheOutputOfALostAttemptIsDroppedAndItsLateOutcomeDoesNotCount) {
  begin_with({1, 2}, 2);
  sends(1, 0, 0);
  stage->ignore();
  stage->wait(20'000);
  EXPECT_THAT(stage->take(), Contains("drop output of w1, task 0, attempt 1"));
  reports(1, 0, kRow);
  EXPECT_THAT(stage->take(), Not(Contains("results: 0 succeeded")));
  EXPECT_EQ(records().stale, 1U);
}

TEST_F(SchedulerOutputTest, OutputThatAWorkerHasForgottenMakesItsTaskPendingAgain) {
  begin_with({1}, 1);
  reports(1, 0, kNotWanted);
  EXPECT_THAT(stage->take(), AllOf(Not(Contains("results: 0 succeeded")),
                                   Contains(HasSubstr("Assignment 2: 0 (attempt 2)"))));
}

TEST_F(JournaledOutputTest, BytesAreDurableOnceTheyAreWritten) {
  begin_with({1}, 2);
  stage->committed(stage->commits());
  stage->heartbeat(1);
  stage->ignore();
  sends(1, 0, 0);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("0 out taken 65536 durable 0")));
  stage->give(OutputWritten{{{{SessionIndex{0}, task_at(0), 1}, OutputStream::out, kRow}}});
  EXPECT_THAT(stage->take(), testing::ElementsAre(HasSubstr("0 out taken 65536 durable 65536")));
}

TEST_F(JournaledOutputTest, PrintedOutputOfAFullSpoolIsCommittedAtOnce) {
  begin_with({1}, 2);
  stage->committed(stage->commits());
  stage->heartbeat(1);
  reports(1, 0, 0);
  stage->printed = 0;
  stage->committed(stage->commits());
  stage->ignore();
  stage->printed = 1;
  stage->turn();
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("commit")))) << "it has time";
  fill_spool();
  stage->turn();
  EXPECT_THAT(stage->take(), Contains(HasSubstr("commit")));
  stage->turn();
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("commit"))));
}

TEST_F(JournaledOutputTest, NothingIsPrintedEarlyBeforeACommitHasMadeRoom) {
  begin_with({1}, 2);
  stage->committed(stage->commits());
  stage->heartbeat(1);
  sends(1, 1, 0);
  reports(1, 0, 0);
  stage->printed = 0;
  fill_spool();
  stage->turn();
  stage->committed(stage->commits());
  stage->wait(5'000);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("print output early")))) << "not printed";
  stage->printed = 1;
  stage->turn();
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("print output early")))) << "not committed";
  stage->committed(stage->commits());
  stage->turn();
  EXPECT_THAT(stage->take(), Contains("print output early of w1, task 1, attempt 1"));
}

TEST_F(JournaledOutputTest, AFailureCountsWithoutItsOutputIfItIsRetried) {
  policy.retries = 1;
  begin_with({1}, 1);
  stage->committed(stage->commits());
  stage->heartbeat(1);
  reports(1, 0, kNotWanted, Outcome::failed);
  EXPECT_EQ(records().history.at(task_at(0)).failures, 1);
  stage->wait(500);
  reports(1, 0, kNotWanted, Outcome::failed);
  EXPECT_EQ(records().history.at(task_at(0)).failures, 1) << "the output of the last one is needed";
  EXPECT_EQ(records().accepted(), 0U);
  stage->ignore();
}

// A resumed run.

class ResumedOutputTest : public JournaledOutputTest {
 protected:
  /// The worker's attempt at task 0 runs, and 3 rows of it are durable as far as it knows. The
  /// spool of the next coordinator has this much of it.
  void resume_with(std::uint64_t spooled) {
    begin_with({1}, 1);
    stage->committed(stage->commits());
    stage->heartbeat(1);
    const SessionAttempt attempt{SessionIndex{0}, task_at(0), 1};
    stage->crash({{attempt, {spooled, 0}}});
    stage->ignore();
    stage->hello(1, 1, 2);
    stage->inventory_of(1, 2, {0}, 1, {{0}, {OutputStream::out}, {3 * kRow}});
  }
};

TEST_F(ResumedOutputTest, GoesOnFromWhatTheWorkerKnowsToBeDurable) {
  resume_with(4 * kRow);
  EXPECT_THAT(stage->take(),
              AllOf(Contains("cut output of w1, task 0, attempt 1 at 196608"),
                    Contains("keep output of (w1, task 0, attempt 1)"),
                    Contains(HasSubstr("OutputAck: 0 out taken 196608 durable 196608"))));
  sends(1, 0, 3 * kRow);
  EXPECT_THAT(stage->take(), Contains("take output of w1: yes"));
  stage->give(OutputWritten{{{{SessionIndex{0}, task_at(0), 1}, OutputStream::out, 4 * kRow}}});
  reports(1, 0, 4 * kRow);
  stage->committed(stage->commits());
  EXPECT_THAT(stage->take(), Contains("results: 0 succeeded"));
}

TEST_F(ResumedOutputTest, AnAttemptWhoseBytesAreLostRunsAgain) {
  resume_with(2 * kRow);
  EXPECT_THAT(stage->take(), AllOf(Contains("keep output of"),
                                   Contains(HasSubstr("0 out taken 0 durable unwanted"))));
  reports(1, 0, kNotWanted);
  stage->committed(stage->commits());
  EXPECT_THAT(stage->take(), AllOf(Not(Contains("results: 0 succeeded")),
                                   Contains(HasSubstr("Assignment 2: 0 (attempt 2)"))));
}

TEST_F(ResumedOutputTest, WithoutASpoolNothingIsMissing) {
  policy.keeps_output = false;
  resume_with(0);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("OutputAck: 0 out taken 196608 durable 196608")));
  sends(1, 0, 3 * kRow);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("0 out taken 262144 durable 262144")));
}

// A full spool.

TEST_F(SchedulerOutputTest, TheLargestOutputIsPrintedEarly) {
  begin_with({1}, 2);
  sends(1, 0, 0);
  sends(1, 1, 0);
  sends(1, 1, kRow);
  stage->ignore();
  fill_spool();
  stage->turn();
  EXPECT_THAT(stage->take(), Contains("print output early of w1, task 1, attempt 1"));
  stage->turn();
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("print output early"))));
}

TEST_F(SchedulerOutputTest, InOrderTheNextTaskIsPrintedEarly) {
  policy.prints_in_order = true;
  begin_with({1}, 2);
  sends(1, 1, 0);
  stage->ignore();
  fill_spool();
  stage->turn();
  EXPECT_THAT(stage->take(), Contains("print output early of w1, task 0, attempt 1"));
  reports(1, 0, 0);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("print output early"))))
      << "the output of task 0 can be printed";
  stage->turn();
  EXPECT_THAT(stage->take(), Contains("print output early of w1, task 1, attempt 1"));
}

TEST_F(SchedulerOutputTest, TheAttemptThatIsPrintedEarlyHasAWindowOfItsOwn) {
  begin_with({1}, 2);
  sends(1, 0, 0);
  fill_spool();
  stage->turn();
  stage->ignore();
  stage->heartbeat(1);
  EXPECT_THAT(stage->take(), Contains(HasSubstr(" for 0")));
}

TEST_F(SchedulerOutputTest, WhatWasPrintedEarlyCannotBeTakenBack) {
  begin_with({1, 2}, 2);
  sends(1, 0, 0);
  fill_spool();
  stage->turn();
  stage->ignore();
  stage->wait(20'000);
  EXPECT_THAT(stage->take(),
              Contains(HasSubstr("output stuck: the attempt at task 0 was given up")));
}

TEST_F(SchedulerOutputTest, AnAttemptThatIsPrintedEarlyAndLostMakesWay) {
  policy.prints_in_order = true;
  begin_with({1, 2}, 2);
  sends(2, 2, 0);
  fill_spool();
  stage->turn();
  EXPECT_THAT(stage->take(), Contains("print output early of w1, task 0, attempt 1"));
  stage->goodbye(1, 0, 0);
  EXPECT_THAT(stage->take(), AllOf(Contains("drop output of w1, task 0, attempt 1"),
                                   Not(Contains(HasSubstr("output stuck")))));
}

TEST_F(SchedulerOutputTest, AnAttemptThatIsPrintedEarlyAndPrintsNothingMakesWay) {
  policy.prints_in_order = true;
  begin_with({1, 2}, 2);
  sends(2, 2, 0);
  fill_spool();
  stage->turn();
  stage->ignore();
  reports(1, 0, 0);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("print output early"))))
      << "the output of task 0 can be printed";
  stage->turn();
  EXPECT_THAT(stage->take(), Contains("print output early of w1, task 1, attempt 1"));
}

TEST_F(SchedulerOutputTest, AnAttemptThatIsPrintedEarlyMayEndBeforeItBegins) {
  policy.prints_in_order = true;
  begin_with({1, 2}, 2);
  sends(2, 2, 0);
  fill_spool();
  stage->turn();
  stage->stop();
  stage->ignore();
  Report report;  // of outcomes without results of commands
  report.number = ++stage->worker(1).reports;
  report.assignments_received = stage->worker(1).got;
  report.outcomes.push_back(task_at(0), attempt_of(1, 0), Outcome::cancelled, Instant(),
                            Duration::zero(), Duration::zero());
  stage->send(1, std::move(report));
  EXPECT_EQ(stage->records().outcome_of(task_at(0)), Outcome::cancelled);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("drop output"))));
}

TEST_F(SchedulerOutputTest, ARunIsStuckIfTheNextTaskCannotStart) {
  policy.prints_in_order = true;
  begin_with({1, 2}, 2);
  sends(2, 2, 0);
  fill_spool();
  stage->goodbye(1, 0, 0);  // tasks 0 and 1 are pending again
  stage->ignore();
  stage->heartbeat(2);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("output stuck"))));
  stage->wait(2'500);
  EXPECT_THAT(stage->take(),
              Contains(HasSubstr("task 0, which is to be printed next, cannot start")));
}

TEST_F(SchedulerOutputTest, ARunIsStuckIfTheNextTaskWaitsForASlotThatWaitsForTheSpool) {
  spec.task_count = 2;
  policy.prefetch = 1;
  policy.prints_in_order = true;
  begin_with({1, 2}, 1);
  stage->goodbye(1, 0, 0);     // task 0 follows task 1 at the other worker
  stage->worker(2).slots = 2;  // it is started ahead of a slot, and counts as begun
  stage->heartbeat(2);
  sends(2, 1, 0);
  fill_spool();
  stage->turn();
  EXPECT_THAT(stage->take(), Contains("print output early of w2, task 0, attempt 2"));
  stage->heartbeat(2);
  stage->wait(2'500);
  EXPECT_THAT(stage->take(),
              Contains(HasSubstr("task 0, which is to be printed next, cannot start")));
}

TEST_F(SchedulerOutputTest, ARunWaitsForANextTaskThatPrintsNothingYet) {
  policy.prints_in_order = true;
  begin_with({1}, 2);
  sends(1, 1, 0);
  fill_spool();
  for (int i = 0; i < 10; ++i) {
    stage->wait(1'000);
    stage->heartbeat(1);
  }
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("output stuck"))));
}

TEST_F(SchedulerOutputTest, WithRetriesNothingIsPrintedEarly) {
  policy.retries = 1;
  begin_with({1}, 2);
  sends(1, 0, 0);
  fill_spool();
  stage->turn();
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("print output early"))));
  stage->wait(5'000);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("output stuck: the spool of output is full")));
}

TEST_F(SchedulerOutputTest, WithoutEarlyPrintingAFullSpoolStopsTheRun) {
  policy.prints_early = false;
  begin_with({1}, 2);
  sends(1, 0, 0);
  fill_spool();
  stage->turn();
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("output stuck"))));
  stage->wait(5'000);
  EXPECT_THAT(stage->take(), Contains(HasSubstr("output stuck: the spool of output is full")));
}

}  // namespace
}  // namespace rollcall::coordinator
