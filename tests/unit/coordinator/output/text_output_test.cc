#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <initializer_list>

#include "coordinator/cli/sleep_options.h"
#include "coordinator/output/output.h"
#include "coordinator/output/print_summary.h"
#include "coordinator/output/stream/stream_writer.h"
#include "coordinator/view/summary_text.h"
#include "tests/support/output_test_files.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr Instant kNow = RunRecordsBuilder::kBegin;

/// A text output of a run, and what it has written.
class TextOutputTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kTasks = 4;

  void SetUp() override { run_.worker().worker(); }

  void dispatch_all() {
    for (std::uint32_t task = 0; task < kTasks; ++task) run_.dispatched(task, task % 2);
  }
  void started(std::initializer_list<std::uint32_t> tasks, Instant now = kNow) {
    std::vector<TaskId> ids;
    for (const std::uint32_t task : tasks) ids.push_back(TaskId(task));
    output_->tasks_started(now, SessionIndex(0), ids);
    output_->drain();
  }
  void ended(std::uint32_t task, Outcome outcome = Outcome::succeeded, Duration ran = 2s) {
    run_.ended(task, 0, outcome, kNow, ran);
    output_->outcomes_accepted(kNow, run_.records().accepted() - 1, 1);
    output_->drain();
  }
  std::vector<std::string> lines() const { return lines_of(file_.text()); }

  RunRecordsBuilder run_{kTasks};
  MemoryFile file_;
  std::unique_ptr<Output> output_ = make_text_output(run_.records(), file_.fd(), true);
};

TEST_F(TextOutputTest, SortsAwaitLinesOfTasksThatStartTogether) {
  dispatch_all();
  started({3, 1});
  EXPECT_THAT(lines(), SizeIs(0));
  started({2, 0});
  EXPECT_THAT(lines(),
              ElementsAre("Task 0 - await a sleep for 2.00", "Task 1 - await a sleep for 2.00",
                          "Task 2 - await a sleep for 2.00", "Task 3 - await a sleep for 2.00"));
  EXPECT_EQ(output_->next_deadline(), kNever);
}

TEST_F(TextOutputTest, HoldsAwaitLinesForATenthOfASecond) {
  dispatch_all();
  started({3, 1});
  EXPECT_EQ(output_->next_deadline(), kNow + 100ms);
  output_->advance(kNow + 99ms);
  output_->thread().drain();
  EXPECT_THAT(lines(), SizeIs(0));
  output_->advance(kNow + 100ms);
  output_->thread().drain();
  EXPECT_THAT(lines(),
              ElementsAre("Task 1 - await a sleep for 2.00", "Task 3 - await a sleep for 2.00"));
  EXPECT_EQ(output_->next_deadline(), kNever);
}

TEST_F(TextOutputTest, WritesHeldLinesBeforeAnOutcome) {
  dispatch_all();
  started({3, 1});
  ended(3);
  EXPECT_THAT(lines(),
              ElementsAre("Task 1 - await a sleep for 2.00", "Task 3 - await a sleep for 2.00",
                          "Task 3 - done with sleep for 2.00"));
}

TEST_F(TextOutputTest, AwaitsEachTaskOnce) {
  dispatch_all();
  ended(2);  // its start was never published
  started({2, 2, 0});
  started({0, 1, 3});
  EXPECT_THAT(lines(),
              ElementsAre("Task 2 - await a sleep for 2.00", "Task 2 - done with sleep for 2.00",
                          "Task 0 - await a sleep for 2.00", "Task 1 - await a sleep for 2.00",
                          "Task 3 - await a sleep for 2.00"));
}

TEST_F(TextOutputTest, HasALineForEachOutcome) {
  dispatch_all();
  started({0, 1, 2, 3});
  ended(0, Outcome::cancelled, 1250ms);
  ended(1, Outcome::lost);
  ended(2, Outcome::failed, 10ms);
  ended(3, Outcome::timed_out, 3s);
  const auto all = lines();
  EXPECT_THAT(std::vector<std::string>(all.begin() + kTasks, all.end()),
              ElementsAre("Task 0 - cancelled after 1.25", "Task 1 - lost",
                          "Task 2 - failed after 0.01", "Task 3 - timed out after 3.00"));
}

TEST_F(TextOutputTest, PrintsEachTaskAsItIsCollected) {
  run_.method(CollectionMethod::as_complete);
  dispatch_all();
  started({0, 1, 2, 3});
  ended(2);
  ended(1, Outcome::lost);
  const auto all = lines();
  EXPECT_THAT(
      std::vector<std::string>(all.begin() + kTasks, all.end()),
      ElementsAre("Task 2 - done with sleep for 2.00", " - next task complete 2 with result 2.00",
                  "Task 1 - lost", " - next task complete 1 with result lost"));
}

TEST_F(TextOutputTest, EndsWithTheTwoLinesOfTheRun) {
  Summary summary;
  summary.measured = 8534999us;
  output_->finished(summary, {});
  output_->drain();
  EXPECT_THAT(lines(), ElementsAre("4 async tasks finished in 8.53 seconds.",
                                   "4 async tasks validated in 0.00 seconds."));
}

TEST_F(TextOutputTest, ReportsFailedValidation) {
  Summary summary;
  summary.failed_checks.push_back({"order", "", 1, {}});
  output_->finished(summary, {});
  output_->drain();
  EXPECT_EQ(lines().back(), "4 async tasks failed validation in 0.00 seconds.");
}

TEST_F(TextOutputTest, HasOnlyTwoLinesWithoutTaskLines) {
  output_ = make_text_output(run_.records(), file_.fd(), false);
  dispatch_all();
  started({0, 1, 2, 3});
  ended(0);
  EXPECT_EQ(output_->next_deadline(), kNever);
  output_->finished(Summary(), {});
  output_->drain();
  EXPECT_THAT(lines(), SizeIs(2));
}

TEST(TaskLinesShown, AreOmittedAboveTenThousandByDefault) {
  SleepOptions options;
  options.task_count = 10'000;
  EXPECT_TRUE(task_lines_shown(options));
  EXPECT_EQ(task_lines_notice(options), "");
  ++options.task_count;
  EXPECT_FALSE(task_lines_shown(options));
  EXPECT_THAT(task_lines_notice(options), HasSubstr("--task-lines always"));
  options.task_lines = TaskLines::always;
  EXPECT_TRUE(task_lines_shown(options));
  EXPECT_EQ(task_lines_notice(options), "");
}

TEST(TaskLinesShown, AreOmittedWithQuiet) {
  SleepOptions options;
  options.quiet = true;
  EXPECT_FALSE(task_lines_shown(options));
  options.task_count = 1'000'000;
  EXPECT_EQ(task_lines_notice(options), "");
  options.task_lines = TaskLines::always;
  EXPECT_TRUE(task_lines_shown(options));
}

TEST(StreamWriter, DoesNotWaitForASlowReader) {
  const Pipe pipe;
  StreamWriter writer(pipe.write_end, "standard output");
  const std::size_t size = 1 << 20;
  writer.buffer().assign(size, 'x');
  writer.write_some();
  EXPECT_TRUE(writer.pending());
  std::size_t got = 0;
  while (writer.pending()) {
    got += pipe.read_all();
    writer.write_some();
  }
  EXPECT_EQ(got + pipe.read_all(), size);
  EXPECT_EQ(writer.failed(), "");
}

TEST(StreamWriter, RemembersAClosedReader) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  ::close(pipe.read_end);
  pipe.read_end = -1;
  StreamWriter writer(pipe.write_end, "standard output");
  writer.buffer() = "text";
  writer.write_some();
  EXPECT_EQ(writer.failed(), "cannot write standard output: Broken pipe");
  writer.buffer() += "more";
  writer.write_some();
  EXPECT_FALSE(writer.pending());
}

TEST(StreamWriter, RemembersAFullDisk) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  StreamWriter writer(full, "standard output");
  writer.buffer() = "text";
  writer.write_all();
  EXPECT_EQ(writer.failed(), "cannot write standard output: No space left on device");
  ::close(full);
}

TEST(SummaryText, HasTimesWorkersAndAttempts) {
  RunRecordsBuilder run(2);
  run.worker().worker(8).dispatched(0).done(0, 0, Outcome::succeeded, 1ms).done(1, 1);
  run.records().stale = 3;
  run.records().sessions[1].end = SessionEnd::lost;
  run.records().sessions[1].end_reason = "killed by \x1b[2Jsignal 9";
  Summary summary = summarize(run.records(), finish_order(run.records()));
  summary.startup = 31ms;
  EXPECT_EQ(summary_text(run.records(), summary, KindDisplay()),
            "expected  2.000 s\n"
            "measured  2.003 s\n"
            "overhead  0.003 s (0.15 %)\n"
            "before    start-up 0.031 s, planning 0.000 s\n"
            "lateness  p50 0.000 ms, p99 1.000 ms, max 1.000 ms\n"
            "outcomes  2 succeeded\n"
            "workers   2, 1 lost\n"
            "  w1: 1 task\n"
            "  w2: 1 task, 8 slots, lost: killed by ?[2Jsignal 9\n"
            "attempts  3, 1 repeated, 1 lost, 3 stale outcomes dropped\n"
            "seed      42\n");
}

TEST(SummaryText, HasTheTimeOfSlotsInsteadOfTheOverheadOfRetries) {
  RunRecordsBuilder run(2, 0s, 0s);
  run.records().spec.kind = KindId::exec;
  run.records().spec.traits = traits_of(KindId::exec);
  run.worker(2).dispatched(0).done(0, 0, Outcome::succeeded, 1s).done(1, 0, Outcome::succeeded, 3s);
  run.records().retry_seconds = 0.5;
  const std::string text = summary_text(
      run.records(), summarize(run.records(), finish_order(run.records())), KindDisplay());
  EXPECT_THAT(text, HasSubstr("\nbusy      4.000 s, retries 0.500 s, waiting 1.50"));
  EXPECT_THAT(text, testing::Not(HasSubstr("overhead")));
}

TEST(SummaryText, OfAnUnfinishedRunHasOnlyWhatIsKnown) {
  RunRecordsBuilder run(3);
  run.worker().dispatched(0).done(0);
  Summary summary = summarize(run.records(), {});
  const std::string stopped = summary_text(run.records(), summary, KindDisplay());
  EXPECT_THAT(stopped, StartsWith("state     not finished: 2 tasks left\nmeasured  "));
  EXPECT_THAT(stopped, testing::Not(HasSubstr("overhead")));
  EXPECT_THAT(stopped, HasSubstr("\nbefore  "));
  summary.run_timed_out = true;
  EXPECT_THAT(summary_text(run.records(), summary, KindDisplay()),
              StartsWith("state     not finished: 2 tasks left\nended     by --run-timeout\n"));
  summary.has_account = false;
  EXPECT_THAT(summary_text(run.records(), summary, KindDisplay()),
              testing::Not(HasSubstr("\nbefore  ")));
}

TEST(SummaryText, BeginsWithTheNameOfTheRun) {
  RunRecordsBuilder run(1);
  run.records().spec.name = "nightly";
  run.worker().dispatched(0).done(0);
  const Summary summary = summarize(run.records(), finish_order(run.records()));
  EXPECT_THAT(summary_text(run.records(), summary, KindDisplay()),
              StartsWith("name      nightly\nexpected  "));
}

TEST(SummaryText, IsOneLineWithoutTasks) {
  RunRecordsBuilder run(0);
  EXPECT_EQ(summary_text(run.records(), Summary(), KindDisplay()), "no tasks: nothing was run\n");
}

TEST(SummaryText, StatesThatTheInputWasNotReadToItsEnd) {
  RunRecordsBuilder run(1);
  run.records().spec.is_open = true;
  run.worker().done(0);
  EXPECT_THAT(summary_text(run.records(), summarize(run.records(), {}), KindDisplay()),
              HasSubstr("input     not read to its end: 1 task so far\n"));
  RunRecordsBuilder empty(0);
  empty.records().spec.is_open = true;
  EXPECT_THAT(summary_text(empty.records(), Summary(), KindDisplay()),
              HasSubstr("input     not read to its end: 0 tasks so far\n"));
}

TEST(SummaryText, UsesTheSingular) {
  RunRecordsBuilder run(1);
  run.worker(1).dispatched(0).done(0, 0);
  const Summary summary = summarize(run.records(), finish_order(run.records()));
  EXPECT_THAT(summary_text(run.records(), summary, KindDisplay()),
              HasSubstr("  w1: 1 task, 1 slot\n"));
}

TEST(SummaryText, CountsAdoptedAndRepeatedAttempts) {
  RunRecordsBuilder run(1);
  run.worker().done(0, 0);
  run.records().attempts_total = 1;
  run.records().attempts_adopted = 1;
  run.records().reports_repeated = 2;
  const Summary summary = summarize(run.records(), finish_order(run.records()));
  EXPECT_THAT(summary_text(run.records(), summary, KindDisplay()),
              HasSubstr("attempts  1, 0 repeated, 1 adopted, 0 stale outcomes dropped, 2 repeated "
                        "reports\n"));
}

TEST(SummaryText, SummarizesLongLists) {
  RunRecordsBuilder run(40);
  for (std::uint32_t task = 0; task < 40; ++task) run.worker().done(task, task);
  run.records().sessions[30].end = SessionEnd::lost;
  run.records().sessions[30].end_reason = "nothing heard";
  const std::string text = summary_text(run.records(), Summary(), KindDisplay());
  EXPECT_THAT(
      text, HasSubstr("  w15: 1 task\n  w31: 1 task, lost: nothing heard\n  24 more: 24 tasks\n"));
  EXPECT_THAT(text, Not(HasSubstr("w16")));
}

TEST(ShortSummary, IsOneLine) {
  RunRecordsBuilder run(3);
  run.worker().done(0).done(1).ended(2, 0, Outcome::failed, kNow, 2s);
  Summary summary = summarize(run.records(), finish_order(run.records()));
  summary.measured = 155ms;
  EXPECT_EQ(short_summary_text(run.records(), summary), "2 succeeded, 1 failed in 0.16 s\n");
}

TEST(ShortSummary, StatesWhatIsUnusual) {
  RunRecordsBuilder run(4);
  run.worker().dispatched(0).done(0).done(1);
  run.records().spec.is_open = true;
  run.records().attempts_retried = 2;
  run.records().attempts_adopted = 1;
  run.records().sessions[0].end = SessionEnd::lost;
  Summary summary = summarize(run.records(), {});
  summary.measured = 1s;
  EXPECT_EQ(short_summary_text(run.records(), summary),
            "2 succeeded in 1.00 s; not finished, 2 tasks left, input not read to its end, "
            "2 attempts repeated, 1 attempt adopted, 1 worker lost\n");
}

TEST(ShortSummary, OfARunInWhichNothingEnded) {
  RunRecordsBuilder run(1);
  EXPECT_EQ(short_summary_text(run.records(), summarize(run.records(), {})),
            "no task ended in 0.00 s; not finished, 1 task left\n");
  RunRecordsBuilder empty(0);
  EXPECT_EQ(short_summary_text(empty.records(), Summary()), "no tasks: nothing was run\n");
}

TEST(PrintSummary, HasTheFormThatWasChosen) {
  struct Brief final : KindDisplay {
    bool is_brief() const override { return true; }
    std::string dropped_text() const override { return "5 bytes"; }
  };
  RunRecordsBuilder run(1);
  run.worker().dispatched(0).done(0);
  const Summary summary = summarize(run.records(), finish_order(run.records()));
  const std::string full = summary_text(run.records(), summary, Brief());
  const std::string line = short_summary_text(run.records(), summary);
  const auto printed = [&](const KindDisplay& display, SummaryStyle style) {
    const MemoryFile file;
    print_summary(file.fd(), run.records(), summary, display, style, false);
    return file.text();
  };
  EXPECT_EQ(printed(Brief(), SummaryStyle::automatic), "dropped: 5 bytes\n" + line);
  EXPECT_EQ(printed(Brief(), SummaryStyle::one_line), "dropped: 5 bytes\n" + line);
  EXPECT_EQ(printed(Brief(), SummaryStyle::none), "dropped: 5 bytes\n");
  EXPECT_EQ(printed(Brief(), SummaryStyle::full), full);
  EXPECT_EQ(printed(KindDisplay(), SummaryStyle::automatic),
            summary_text(run.records(), summary, KindDisplay()));
}

TEST(FailedChecksText, NamesTheTasks) {
  Summary summary;
  summary.failed_checks.push_back({"not_early", "a sleep ended early", 3, {TaskId(1), TaskId(7)}});
  summary.failed_checks.push_back({"total_time", "too short", 1, {}});
  EXPECT_EQ(failed_checks_text(summary),
            "validation failed: not_early: a sleep ended early (3 tasks: 1 7 ...)\n"
            "validation failed: total_time: too short (1)\n");
}

}  // namespace
}  // namespace rollcall::coordinator
