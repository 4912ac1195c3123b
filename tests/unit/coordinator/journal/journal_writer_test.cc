#include "coordinator/journal/writer.h"

#include <gmock/gmock.h>

#include "common/limits.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::HasSubstr;

class JournalWriterTest : public JournalTest {
 protected:
  JournalWriterTest() : run_(journal_run(2000)), commits_(RandomCommits(run_.spec, 3).all()) {}

  JournalWriter::Handlers handlers() {
    return {[this](const CommittedSoFar& committed) { committed_.push_back(committed); },
            [this](const std::string& text, bool is_disk_full) {
              (is_disk_full ? disk_full_ : failed_).push_back(text);
            },
            [this] { ++recovered_; }};
  }

  /// Runs the loop until `done` holds.
  template <class Done>
  void run_until(Done done) {
    loop_.restart();
    const auto guard = boost::asio::make_work_guard(loop_);
    while (!done()) ASSERT_EQ(loop_.run_one_for(30s), 1U) << "timed out";
  }

  bool all_reported() const {
    return !committed_.empty() && committed_.back().commits == commits_.size();
  }

  void expect_all_in_journal() {
    const auto reader = Journal::open_to_read(path());
    ASSERT_TRUE(reader);
    const auto content = (*reader)->load();
    ASSERT_TRUE(content) << content.error().message;
    expect_same(content->records, replayed(run_.spec, commits_));
  }

  JournalRun run_;
  std::vector<std::shared_ptr<const Commit>> commits_;
  boost::asio::io_context loop_;
  std::vector<CommittedSoFar> committed_;  ///< calls of each handler
  std::vector<std::string> disk_full_;
  std::vector<std::string> failed_;
  int recovered_ = 0;
};

TEST_F(JournalWriterTest, ReportsCommitsInOrder) {
  const auto journal = create_journal(run_);
  JournalWriter writer(loop_, *journal, handlers());
  for (const auto& commit : commits_) writer.enqueue(commit);
  run_until([this] { return all_reported(); });
  EXPECT_EQ(committed_.back().records, 2000U);
  for (std::size_t i = 1; i < committed_.size(); ++i) {
    EXPECT_GT(committed_[i].commits, committed_[i - 1].commits);
    const auto& last = commits_[committed_[i].commits - 1];
    EXPECT_EQ(committed_[i].records, last->first_record + last->outcome_count());
  }
  expect_all_in_journal();
  EXPECT_TRUE(disk_full_.empty());
  EXPECT_TRUE(failed_.empty());
}

TEST_F(JournalWriterTest, ReportsOnlyWhatIsInTheJournal) {
  const auto journal = create_journal(run_);
  const auto reader = Journal::open_to_read(path());
  ASSERT_TRUE(reader);
  auto handlers = this->handlers();
  handlers.committed = [&](const CommittedSoFar& committed) {
    committed_.push_back(committed);
    const auto content = (*reader)->load();
    ASSERT_TRUE(content) << content.error().message;
    EXPECT_GE(content->records.accepted(), committed.records);
  };
  JournalWriter writer(loop_, *journal, handlers);
  for (const auto& commit : commits_) {
    writer.enqueue(commit);
    loop_.poll();
    loop_.restart();
  }
  run_until([this] { return all_reported(); });
}

TEST_F(JournalWriterTest, WritesQueuedCommitsBeforeItStops) {
  const auto journal = create_journal(run_);
  {
    JournalWriter writer(loop_, *journal, handlers());
    for (const auto& commit : commits_) writer.enqueue(commit);
    const CommittedSoFar committed = writer.stop();
    EXPECT_EQ(committed.commits, commits_.size());
    EXPECT_EQ(committed.records, 2000U);
  }
  loop_.poll();
  EXPECT_TRUE(committed_.empty()) << "a handler was called after stop()";
  expect_all_in_journal();
}

TEST_F(JournalWriterTest, RetriesUntilAFullDiskHasSpace) {
  FaultyVfs vfs;
  const auto journal = create_journal(run_);
  vfs.fail(1, 2, SQLITE_FULL);
  JournalWriter writer(loop_, *journal, handlers());
  for (const auto& commit : commits_) writer.enqueue(commit);
  run_until([this] { return !disk_full_.empty(); });
  EXPECT_TRUE(committed_.empty());
  EXPECT_EQ(disk_full_.front(), "cannot write journal " + path() + ": the disk is full");
  run_until([this] { return all_reported(); });
  EXPECT_EQ(disk_full_.size(), 1U) << "reported more than once";
  EXPECT_EQ(recovered_, 1);
  EXPECT_TRUE(failed_.empty());
  expect_all_in_journal();
}

TEST_F(JournalWriterTest, CanBeStoppedWhileTheDiskIsFull) {
  FaultyVfs vfs;
  const auto journal = create_journal(run_);
  vfs.fail(1, 1'000'000'000, SQLITE_FULL);
  JournalWriter writer(loop_, *journal, handlers());
  writer.enqueue(commits_[0]);
  run_until([this] { return !disk_full_.empty(); });
  EXPECT_EQ(writer.stop().commits, 0U);
}

TEST_F(JournalWriterTest, GivesUpOnADiskError) {
  FaultyVfs vfs;
  const auto journal = create_journal(run_);
  JournalWriter writer(loop_, *journal, handlers());
  writer.enqueue(commits_[0]);
  run_until([this] { return !committed_.empty(); });
  // The writer is idle now.
  vfs.fail(1, 1'000'000'000, SQLITE_IOERR);
  for (std::size_t i = 1; i < commits_.size(); ++i) writer.enqueue(commits_[i]);
  run_until([this] { return !failed_.empty(); });
  EXPECT_THAT(failed_.front(), HasSubstr("cannot write journal " + path() + ": disk I/O error"));
  EXPECT_EQ(writer.stop().commits, 1U);
  EXPECT_EQ(committed_.size(), 1U);
  EXPECT_EQ(failed_.size(), 1U);
}

}  // namespace
}  // namespace rollcall::coordinator
