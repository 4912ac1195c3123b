#include "coordinator/kinds/exec_spool.h"

#include <gmock/gmock.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <limits>
#include <mutex>
#include <thread>

#include "tests/support/fake_spool_files.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr auto kOut = OutputStream::out;
constexpr auto kErr = OutputStream::err;
constexpr SessionIndex kSession{2};
constexpr Epoch kEpoch = 3;
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

SessionAttempt attempt_at(std::uint32_t task, Attempt attempt = 1) {
  return {kSession, TaskId{task}, attempt};
}
SpoolStream stream_of(std::uint32_t task, OutputStream stream, Attempt attempt = 1) {
  return {{kSession, TaskId{task}, attempt, kEpoch}, stream};
}

/// A spool on a disk in memory.
class ExecSpoolTest : public testing::Test {
 protected:
  ~ExecSpoolTest() override {
    disk_.resume();
    if (spool_) spool_->stop();
  }

  void start(ExecSpool::Settings settings = {}) {
    if (!settings.make_files) {
      settings.make_files = [this] {
        return Result<std::unique_ptr<SpoolFiles>>(std::make_unique<FakeFiles>(disk_));
      };
    }
    start_as_given(std::move(settings));
  }
  void start_as_given(ExecSpool::Settings settings) {
    StreamedOutput::Handlers handlers;
    const bool has_journal = settings.has_journal;
    handlers.happened = [this, has_journal](const Event& event) {
      EXPECT_TRUE(has_journal);
      for (const auto& s : std::get<OutputWritten>(event).streams) durable_[s.attempt] = s.bytes;
    };
    handlers.changed = [this] { ++changes_; };
    handlers.warned = [this](const std::string& text) { warnings_.push_back(text); };
    handlers.failed = [this](const std::string& text) { failures_.push_back(text); };
    handlers.is_output_idle = [this] { return is_idle_; };
    spool_.emplace(run_, std::move(settings));
    for (const auto& [record, key] : restored_) spool_->restore(record, key);
    spool_->start(loop_, kEpoch, std::move(handlers));
  }
  static ExecSpool::Settings with_disk(std::uint64_t bytes) {
    ExecSpool::Settings settings;
    settings.disk_bytes = bytes;
    return settings;
  }
  void take(std::uint32_t task, OutputStream stream, const std::string& bytes,
            bool is_taken = true) {
    rollcall::Output output;
    output.task = {TaskId{task}};
    output.attempt = {1};
    output.stream = {stream};
    output.offset = {0};
    output.size = {static_cast<std::uint32_t>(bytes.size())};
    output.bytes = bytes;
    spool_->take(kSession, output, {is_taken});
  }
  template <class Done>
  void run_until(Done done) {
    loop_.restart();
    const auto guard = boost::asio::make_work_guard(loop_);
    while (!done()) ASSERT_EQ(loop_.run_one_for(30s), 1U) << "timed out";
  }
  void run_until_stored(const SpoolStream& stream, const std::string& bytes) {
    run_until([&] {
      const std::lock_guard lock(disk_.mutex);
      return disk_.bytes[stream] == bytes;
    });
  }

  Disk disk_;
  boost::asio::io_context loop_;
  ExecRun run_{{TaskInput::range({0, 1, 9}), CommandTemplate({"true"}, {}), {}}, RunId{}};
  std::optional<ExecSpool> spool_;
  bool is_idle_ = true;
  int changes_ = 0;
  std::vector<std::string> warnings_;
  std::vector<std::string> failures_;
  std::map<SessionAttempt, std::uint64_t> durable_;
  std::map<std::size_t, SpoolKey> restored_;  ///< given to restore()
};

TEST_F(ExecSpoolTest, TakesTheRowsThatItIsAskedFor) {
  start();
  rollcall::Output output;
  output.task = {TaskId{7}, TaskId{8}, TaskId{7}, TaskId{7}};
  output.attempt = {1, 2, 1, 1};
  output.stream = {kOut, kOut, kErr, kOut};
  output.offset = {0, 0, 0, 2};
  output.size = {2, 3, 1, 4};
  output.bytes = "abcdeFghij";
  spool_->take(kSession, output, {true, false, true, true});
  run_until([&] { return changes_ > 0 && disk_.count("write") >= 3; });
  EXPECT_EQ(disk_.bytes[stream_of(7, kOut)], "abghij");
  EXPECT_EQ(disk_.bytes[stream_of(7, kErr)], "F");
  EXPECT_FALSE(disk_.bytes.contains(stream_of(8, kOut, 2)));
}

TEST_F(ExecSpoolTest, RemovesWhatIsDropped) {
  start(with_disk(1U << 20U));
  take(7, kOut, "abc");
  run_until_stored(stream_of(7, kOut), "abc");
  EXPECT_EQ(spool_->room().bytes, (1U << 20U) - 3);
  spool_->drop(attempt_at(7));
  EXPECT_EQ(spool_->room().bytes, 1U << 20U);
  disk_.wait_for("remove");
  spool_->accepted(attempt_at(7), 0);
  EXPECT_EQ(run_.results().spooled(0), nullptr) << "it is forgotten";
}

TEST_F(ExecSpoolTest, PassesOnWhereTheOutputOfAResultIs) {
  start();
  take(7, kErr, std::string(900, 'a'));
  take(7, kErr, std::string(2'000, 'b') + std::string(700, 'c'));
  take(7, kErr, std::string(100, 'd'));
  spool_->accepted(attempt_at(7), 4);
  spool_->accepted(attempt_at(8), 5);
  const SpooledResult* const result = run_.results().spooled(4);
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(result->key, stream_of(7, kErr).key);
  EXPECT_EQ(result->err_end, std::string(200, 'b') + std::string(700, 'c') + std::string(100, 'd'));
  EXPECT_EQ(run_.results().spooled(5), nullptr) << "nothing was taken of it";
  disk_.wait_for("close");
  EXPECT_EQ(disk_.count("remove"), 0U) << "it is not printed yet";
}

TEST_F(ExecSpoolTest, DropsBytesThatNothingPrintsButKeepsTheLastErrors) {
  start_as_given({});
  EXPECT_EQ(spool_->room().bytes, kUnlimited);
  EXPECT_FALSE(spool_->room().is_stuck);
  take(7, kErr, "why");
  take(8, kOut, "gone");
  spool_->drop(attempt_at(8));
  spool_->accepted(attempt_at(7), 0);
  ASSERT_NE(run_.results().spooled(0), nullptr);
  EXPECT_EQ(run_.results().spooled(0)->err_end, "why");
}

TEST_F(ExecSpoolTest, IsStuckWhenItIsFullAndAllIsPrinted) {
  start(with_disk(limits::output_window + 9));
  take(7, kOut, std::string(10, 'x'));
  run_until_stored(stream_of(7, kOut), std::string(10, 'x'));
  EXPECT_EQ(spool_->room().bytes, limits::output_window - 1);
  EXPECT_TRUE(spool_->room().is_stuck);
  is_idle_ = false;
  EXPECT_FALSE(spool_->room().is_stuck);
}

TEST_F(ExecSpoolTest, IsStuckAtItsLimitAlsoIfNothingIsWritten) {
  ExecSpool::Settings settings = with_disk(limits::output_window + 9);
  settings.idle_bytes = 100;
  start(std::move(settings));
  take(7, kOut, std::string(10, 'x'));
  EXPECT_TRUE(spool_->room().is_stuck);
  EXPECT_EQ(disk_.count("write"), 0U);
}

TEST_F(ExecSpoolTest, IsNotStuckWhileItsMemoryIsWritten) {
  ExecSpool::Settings settings;
  settings.memory_bytes = limits::output_window;
  start(std::move(settings));
  disk_.stop();
  take(7, kOut, "x");
  EXPECT_EQ(spool_->room().bytes, limits::output_window - 1);
  EXPECT_FALSE(spool_->room().is_stuck);
  disk_.resume();
  run_until([&] { return spool_->room().bytes == limits::output_window; });
}

TEST_F(ExecSpoolTest, LimitsWhatIsPrintedEarlyByWhatIsPrinted) {
  start();
  take(7, kOut, std::string(limits::early_bytes, 'x'));
  EXPECT_EQ(spool_->room().early_bytes, 0U) << "nothing is printed early";
  EXPECT_EQ(spool_->print_early(attempt_at(7)), stream_of(7, kOut).key);
  take(7, kErr, "12");
  EXPECT_EQ(spool_->room().early_bytes, 0U);
  spool_->accepted(attempt_at(7), 0);
  spool_->print_early(attempt_at(8));
  EXPECT_EQ(spool_->room().early_bytes, limits::early_bytes);
  take(8, kOut, "1234");
  EXPECT_EQ(spool_->room().early_bytes, limits::early_bytes - 4);
  run_.spool()->printed(stream_of(8, kOut), 3);
  run_.spool()->printed(stream_of(7, kOut), 100);
  EXPECT_EQ(spool_->room().early_bytes, limits::early_bytes - 1);
  spool_->drop(attempt_at(8));
  EXPECT_EQ(spool_->room().early_bytes, 0U);
}

TEST_F(ExecSpoolTest, WaitsForSpaceOnAFullDisk) {
  start();
  disk_.fail("write", ENOSPC);
  take(7, kOut, "abc");
  run_until([&] { return !warnings_.empty(); });
  EXPECT_THAT(warnings_,
              ElementsAre("no file can hold the rest of the output: cannot write output in /fake: "
                          "No space left on device; commands wait until it is printed"));
  EXPECT_EQ(spool_->room().bytes, 0U);
  EXPECT_TRUE(spool_->room().is_stuck);
  const std::size_t tries = disk_.count("write");
  run_until([&] { return disk_.count("write") > tries; });  // by itself
  disk_.fail("write", 0);
  run_until_stored(stream_of(7, kOut), "abc");
  run_until([&] { return spool_->room().bytes > 0; });
  EXPECT_EQ(warnings_.size(), 1U);
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(ExecSpoolTest, HasRoomAgainWhenWhatDidNotFitIsDropped) {
  start();
  disk_.fail("write", EDQUOT);
  take(7, kOut, "abc");
  run_until([&] { return !warnings_.empty(); });
  disk_.fail("write", 0);
  spool_->drop(attempt_at(7));
  EXPECT_GT(spool_->room().bytes, 0U);
  take(8, kOut, "de");
  run_until_stored(stream_of(8, kOut), "de");
}

TEST_F(ExecSpoolTest, ReportsOtherErrors) {
  ExecSpool::Settings settings;
  settings.blame = "--output-dir: ";
  start(std::move(settings));
  disk_.fail("write", EIO);
  take(7, kOut, "abc");
  run_until([&] { return !failures_.empty(); });
  EXPECT_THAT(failures_,
              ElementsAre("--output-dir: cannot write output in /fake: Input/output error"));
}

TEST_F(ExecSpoolTest, HasNoRoomIfItsFilesCannotBeOpened) {
  ExecSpool::Settings settings;
  settings.make_files = [] {
    return Result<std::unique_ptr<SpoolFiles>>(permanent("cannot open it"));
  };
  start(std::move(settings));
  EXPECT_THAT(failures_, ElementsAre("cannot open it"));
  EXPECT_EQ(spool_->room().bytes, 0U);
  take(7, kOut, "abc");
}

// With a journal.

class JournaledSpoolTest : public ExecSpoolTest {
 protected:
  JournaledSpoolTest() {
    RunSpec spec;
    spec.task_count = 10;
    records_.emplace(spec);
  }
  void start_journaled(bool is_in_order = false, bool keeps_files = false) {
    ExecSpool::Settings settings;
    settings.keeps_files = keeps_files;
    settings.disk_bytes = kDisk;
    settings.has_journal = true;
    settings.is_in_order = is_in_order;
    start(std::move(settings));
  }
  /// The task's output is kept, and its outcome becomes the next record.
  void end(std::uint32_t task) {
    take(task, kOut, "abc");
    run_until_stored(stream_of(task, kOut), "abc");
    spool_->accepted(attempt_at(task), records_->task.size());
    records_->task.push_back(TaskId{task});
  }
  bool has(std::uint32_t task) {
    const std::lock_guard lock(disk_.mutex);
    return disk_.bytes.contains(stream_of(task, kOut));
  }

  static constexpr std::uint64_t kDisk = 1U << 20U;

  std::optional<RunRecords> records_;
};

TEST_F(JournaledSpoolTest, OutputIsDurableWhenItIsSynced) {
  start_journaled();
  take(7, kOut, "abc");
  run_until([&] { return !durable_.empty(); });
  EXPECT_EQ(durable_[attempt_at(7)], 3U);
  EXPECT_EQ(disk_.synced[stream_of(7, kOut)], 3U);
}

TEST_F(JournaledSpoolTest, OutputStaysUntilItsPublicationIsCommitted) {
  start_journaled();
  end(7);
  end(3);
  run_.spool()->printed(stream_of(7, kOut).key);
  spool_->committed(*records_, 0);
  EXPECT_TRUE(has(7));
  spool_->committed(*records_, 1);
  disk_.wait_for("remove");
  EXPECT_FALSE(has(7));
  EXPECT_TRUE(has(3));
}

TEST_F(JournaledSpoolTest, InOrderItStaysUntilAllEarlierTasksArePublished) {
  start_journaled(/*is_in_order=*/true);
  end(1);
  end(0);
  spool_->committed(*records_, 1);
  EXPECT_TRUE(has(1)) << "it may wait for task 0, unprinted";
  spool_->committed(*records_, 2);
  while (has(0) || has(1)) std::this_thread::yield();
}

TEST_F(JournaledSpoolTest, FindsTheOutputOfEarlierEpochs) {
  const auto of_epoch_1 = [](std::uint32_t task) {
    return SpoolStream{{kSession, TaskId{task}, 1, 1}, kOut};
  };
  for (const std::uint32_t task : {4U, 5U, 6U}) disk_.bytes[of_epoch_1(task)] = "abcdef";
  restored_[0] = of_epoch_1(4).key;
  start_journaled();
  const std::vector<FoundOutput> found = spool_->found();
  ASSERT_EQ(found.size(), 2U) << "that of task 4 belongs to a record";
  EXPECT_EQ(found[0].attempt, attempt_at(5));
  EXPECT_EQ(found[0].bytes[0], 6U);
  spool_->cut({attempt_at(5), kOut, 3});
  spool_->keep({attempt_at(5)});
  take(5, kOut, "xyz");
  run_until_stored(of_epoch_1(5), "abcxyz");
  EXPECT_EQ(disk_.bytes.count(of_epoch_1(4)), 1U);
  EXPECT_EQ(disk_.bytes.count(of_epoch_1(6)), 0U);
}

TEST_F(JournaledSpoolTest, NothingIsLeftOfAFinishedRun) {
  start_journaled();
  end(7);
  spool_->finish();
  while (has(7)) std::this_thread::yield();
}

TEST_F(JournaledSpoolTest, FilesOfResultsMayStay) {
  start_journaled(false, /*keeps_files=*/true);
  end(7);
  end(3);
  take(8, kOut, "gone");
  run_until_stored(stream_of(8, kOut), "gone");
  spool_->drop(attempt_at(8));
  const std::uint64_t room = spool_->room().bytes;
  spool_->committed(*records_, 1);
  EXPECT_EQ(spool_->room().bytes, room + 3) << "it counts no more";
  spool_->finish();
  EXPECT_EQ(spool_->room().bytes, kDisk);
  spool_->stop();
  EXPECT_EQ(disk_.bytes[stream_of(7, kOut)], "abc");
  EXPECT_EQ(disk_.bytes[stream_of(3, kOut)], "abc");
  EXPECT_FALSE(has(8));
}

TEST_F(JournaledSpoolTest, FilesThatStayedInEarlierEpochsStay) {
  const SpoolStream printed{{kSession, TaskId{4}, 1, 1}, kOut};
  const SpoolStream unknown{{kSession, TaskId{5}, 1, 1}, kOut};
  disk_.bytes[printed] = disk_.bytes[unknown] = "abcdef";
  restored_[0] = printed.key;
  records_->task.push_back(TaskId{4});
  start_journaled(false, /*keeps_files=*/true);
  spool_->committed(*records_, 1);
  ASSERT_EQ(spool_->found().size(), 1U);
  EXPECT_EQ(spool_->found()[0].attempt, attempt_at(5));
  spool_->keep({});
  spool_->finish();
  spool_->stop();
  EXPECT_EQ(disk_.bytes.count(printed), 1U);
  EXPECT_EQ(disk_.bytes.count(unknown), 0U);
}

TEST_F(JournaledSpoolTest, AFullDiskStopsTheRun) {
  start_journaled();
  disk_.fail("sync", ENOSPC);
  take(7, kOut, "abc");
  run_until([&] { return !failures_.empty(); });
  EXPECT_THAT(failures_, ElementsAre("cannot write output in /fake: No space left on device"));
}

}  // namespace
}  // namespace rollcall::coordinator
