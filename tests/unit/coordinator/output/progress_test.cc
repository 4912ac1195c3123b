#include "coordinator/output/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/output/progress_writer.h"
#include "tests/support/output_test_files.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Instant kBegin = RunRecordsBuilder::kBegin;

Progress halfway() {
  return {1000, 500, 480, 0, 4s, 10s};
}

TEST(TimeLeft, IsUntilTheLowerBoundAndThenByTheRate) {
  Progress progress = halfway();
  EXPECT_EQ(progress.time_left(), 6s);
  progress.elapsed = 10s;  // late: 500 in 10 s
  EXPECT_EQ(progress.time_left(), 10s);
  progress.done = 0;
  EXPECT_EQ(progress.time_left(), std::nullopt);
}

TEST(TimeLeft, IsUnknownWhileTasksMayBeAdded) {
  Progress progress = halfway();
  progress.may_grow = true;
  EXPECT_EQ(progress.time_left(), std::nullopt);
}

TEST(PlainLine, SaysThatTheRunIsPausedInsteadOfTheTimeLeft) {
  Progress progress = halfway();
  progress.is_paused = true;
  EXPECT_EQ(plain_line(progress),
            "500/1000 done (50 %), 480 running, 0 failed, 125/s, 4 s, paused");
  EXPECT_THAT(bar_line(progress, 120, false), testing::EndsWith("0:04  paused"));
}

TEST(BarLine, HasNeitherBarNorShareWhileTasksMayBeAdded) {
  Progress progress = halfway();
  progress.may_grow = true;
  EXPECT_EQ(bar_line(progress, 120, false), "500/1000 so far  125/s  480 running  0:04");
}

TEST(PlainLine, CountsTheTasksSoFarWhileTasksMayBeAdded) {
  Progress progress = halfway();
  progress.may_grow = true;
  EXPECT_EQ(plain_line(progress), "500/1000 so far, 480 running, 0 failed, 125/s, 4 s");
}

TEST(BarLine, ShowsEverythingIfItFits) {
  EXPECT_EQ(bar_line(halfway(), 120, false),
            "[==================>                   ] 500/1000  50%  125/s  480 running  0:04  "
            "0:06 left");
}

TEST(BarLine, FitsIntoAnyWidth) {
  Progress progress{1'000'000'000, 123'456'789, 876'543'211, 12, 100h, 200h};
  for (std::size_t columns = 0; columns < 200; ++columns) {
    EXPECT_LT(bar_line(progress, columns, false).size(), std::max<std::size_t>(columns, 1));
  }
}

TEST(BarLine, DropsTheLeastImportantPartsFirst) {
  Progress progress = halfway();
  progress.failed = 3;
  EXPECT_EQ(bar_line(progress, 60, false), "500/1000  50%  480 running  3 failed  0:04  0:06 left");
  EXPECT_EQ(bar_line(progress, 20, false), "500/1000  3 failed");
  EXPECT_EQ(bar_line(progress, 12, false), "500/1000");
}

TEST(BarLine, HasColorOnlyIfWanted) {
  EXPECT_THAT(bar_line(halfway(), 120, true), HasSubstr("\x1b[32m"));
  EXPECT_THAT(bar_line(halfway(), 120, false), Not(HasSubstr("\x1b")));
}

TEST(BarLine, ShowsTheBeginningAndTheEnd) {
  EXPECT_THAT(bar_line({10, 10, 0, 0, 4s, 4s}, 120, false), HasSubstr("=] 10/10  100%"));
  EXPECT_THAT(bar_line({10, 0, 0, 0, 1s, 4s}, 120, false), HasSubstr("[    "));
  EXPECT_THAT(bar_line({0, 0, 0, 0, 0s, 0s}, 120, false), HasSubstr("0/0  100%"));
}

TEST(PlainLine, DescribesTheProgress) {
  EXPECT_EQ(plain_line(halfway()),
            "500/1000 done (50 %), 480 running, 0 failed, 125/s, 4 s, about 6 s left");
}

TEST(PlainLine, ComesAtGrowingIntervals) {
  std::vector<std::int64_t> seconds;
  for (Duration at{}; at < 180s;) seconds.push_back((at = next_plain_line(at)) / 1s);
  EXPECT_THAT(seconds, ElementsAre(1, 2, 5, 10, 30, 60, 120, 180));
}

TEST(ExpectedTime, IsTheLongestOrTheWorkOverTheSlots) {
  RunSpec spec;
  spec.task_count = 100;
  spec.pause_min = 1s;
  spec.pause_max = 3s;
  EXPECT_EQ(expected_time(spec, 3s, std::nullopt), 3s);
  EXPECT_EQ(expected_time(spec, 3s, 10), 20s);
  EXPECT_EQ(expected_time(spec, 3s, 1000), 3s);
}

TEST(ProgressStyle, DependsOnTheTerminal) {
  EXPECT_EQ(progress_style(ProgressStyle::automatic, {true, false}), ProgressStyle::bar);
  EXPECT_EQ(progress_style(ProgressStyle::automatic, {true, true}), ProgressStyle::none);
  EXPECT_EQ(progress_style(ProgressStyle::automatic, {false, false}), ProgressStyle::plain);
  EXPECT_EQ(progress_style(ProgressStyle::automatic, {false, true}), ProgressStyle::plain);
  EXPECT_EQ(progress_style(ProgressStyle::automatic, {false, false, true}), ProgressStyle::none);
  EXPECT_EQ(progress_style(ProgressStyle::plain, {false, false, true}), ProgressStyle::plain);
  EXPECT_EQ(progress_style(ProgressStyle::bar, {false, false}), ProgressStyle::bar);
  EXPECT_EQ(progress_style(ProgressStyle::none, {true, false}), ProgressStyle::none);
}

TEST(ProgressWriter, ShowsNothingInTheFirstHalfSecond) {
  RunRecordsBuilder run(10);
  const MemoryFile file;
  ProgressWriter writer(run.records(), ProgressStyle::bar, file.fd(), false);
  EXPECT_EQ(writer.next_deadline(), kBegin + 500ms);
  writer.advance(kBegin + 499ms);
  EXPECT_EQ(file.text(), "");
  writer.advance(kBegin + 500ms);
  EXPECT_THAT(file.text(), HasSubstr("0/10"));
}

TEST(ProgressWriter, DrawsTheBarAtMostTenTimesASecondAndRemovesIt) {
  RunRecordsBuilder run(10);
  const MemoryFile file;
  ProgressWriter writer(run.records(), ProgressStyle::bar, file.fd(), false);
  writer.advance(kBegin + 500ms);
  const std::string first = file.text();
  writer.advance(kBegin + 599ms);
  EXPECT_EQ(file.text(), first);
  EXPECT_EQ(writer.next_deadline(), kBegin + 600ms);
  writer.hide();
  writer.hide();
  EXPECT_EQ(file.text(), first + "\r\x1b[K");
  writer.finish();
  EXPECT_EQ(writer.next_deadline(), kNever);
}

TEST(ProgressWriter, CountsRunningAndFailedTasks) {
  RunRecordsBuilder run(10);
  run.worker().done(0).done(1, 0, Outcome::failed).done(2, 0, Outcome::cancelled);
  run.decided(3, Outcome::lost, 2s);
  const MemoryFile file;
  ProgressWriter writer(run.records(), ProgressStyle::plain, file.fd(), false);
  std::uint64_t running = 5;
  writer.count_running([&running] { return running; });
  writer.set_expected(10s);
  writer.advance(kBegin + 4s);
  EXPECT_EQ(file.text(), "4/10 done (40 %), 5 running, 2 failed, 1.0/s, 4 s, about 6 s left\n");
  EXPECT_EQ(writer.next_deadline(), kBegin + 5s);
  running = 3;  // a worker is lost, and what it ran is pending again
  writer.advance(kBegin + 5s);
  EXPECT_THAT(file.text(), HasSubstr("4/10 done (40 %), 3 running, 2 failed, "));
}

TEST(ProgressWriter, WaitsForTheFirstDispatch) {
  RunRecordsBuilder run(1);
  run.records().first_dispatch.reset();
  ProgressWriter writer(run.records(), ProgressStyle::bar, -1, false);
  EXPECT_EQ(writer.next_deadline(), kNever);
  writer.advance(kBegin);
}

}  // namespace
}  // namespace rollcall::coordinator
