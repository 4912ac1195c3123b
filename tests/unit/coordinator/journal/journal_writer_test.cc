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
    return {[this](const CommittedSoFar& committed) { told_.push_back(committed); },
            [this](const std::string& text, bool is_disk_full) {
              (is_disk_full ? full_ : failed_).push_back(text);
            },
            [this] { ++recovered_; }};
  }

  /// Runs the loop until `done` holds.
  template <class Done>
  void run_until(Done done) {
    loop_.restart();
    const auto guard = boost::asio::make_work_guard(loop_);
    while (!done()) ASSERT_EQ(loop_.run_one_for(30s), 1U) << "nothing happens";
  }

  bool all_told() const { return !told_.empty() && told_.back().commits == commits_.size(); }

  void expect_all_committed() {
    const auto reader = Journal::open_to_read(path());
    ASSERT_TRUE(reader);
    const auto content = (*reader)->load();
    ASSERT_TRUE(content) << content.error().message;
    expect_same(content->records, replayed(run_.spec, commits_));
  }

  JournalRun run_;
  std::vector<std::shared_ptr<const Commit>> commits_;
  boost::asio::io_context loop_;
  std::vector<CommittedSoFar> told_;
  std::vector<std::string> full_;
  std::vector<std::string> failed_;
  int recovered_ = 0;
};

TEST_F(JournalWriterTest, TellsWhatIsKeptInOrder) {
  const auto journal = begun(run_);
  JournalWriter writer(loop_, *journal, handlers());
  for (const auto& commit : commits_) writer.keep(commit);
  run_until([this] { return all_told(); });
  EXPECT_EQ(told_.back().records, 2000U);
  for (std::size_t i = 1; i < told_.size(); ++i) {
    EXPECT_GT(told_[i].commits, told_[i - 1].commits);
    const auto& last = commits_[told_[i].commits - 1];
    EXPECT_EQ(told_[i].records, last->first_record + last->outcome_count());
  }
  expect_all_committed();
  EXPECT_TRUE(full_.empty());
  EXPECT_TRUE(failed_.empty());
}

TEST_F(JournalWriterTest, TellsOnlyWhatIsThere) {
  const auto journal = begun(run_);
  const auto reader = Journal::open_to_read(path());
  ASSERT_TRUE(reader);
  auto handlers = this->handlers();
  handlers.committed = [&](const CommittedSoFar& committed) {
    told_.push_back(committed);
    const auto content = (*reader)->load();
    ASSERT_TRUE(content) << content.error().message;
    EXPECT_GE(content->records.accepted(), committed.records);
  };
  JournalWriter writer(loop_, *journal, handlers);
  for (const auto& commit : commits_) {
    writer.keep(commit);
    loop_.poll();
    loop_.restart();
  }
  run_until([this] { return all_told(); });
}

TEST_F(JournalWriterTest, KeepsAllThatWaitsBeforeItStops) {
  const auto journal = begun(run_);
  {
    JournalWriter writer(loop_, *journal, handlers());
    for (const auto& commit : commits_) writer.keep(commit);
    const CommittedSoFar committed = writer.stop();
    EXPECT_EQ(committed.commits, commits_.size());
    EXPECT_EQ(committed.records, 2000U);
  }
  loop_.poll();
  EXPECT_TRUE(told_.empty()) << "nothing is told after stop()";
  expect_all_committed();
}

TEST_F(JournalWriterTest, GoesOnWhenAFullDiskHasRoom) {
  FaultyVfs vfs;
  const auto journal = begun(run_);
  vfs.fail(1, 2, SQLITE_FULL);
  JournalWriter writer(loop_, *journal, handlers());
  for (const auto& commit : commits_) writer.keep(commit);
  run_until([this] { return !full_.empty(); });
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(full_.front(), "cannot write journal " + path() + ": the disk is full");
  run_until([this] { return all_told(); });
  EXPECT_EQ(full_.size(), 1U) << "said once";
  EXPECT_EQ(recovered_, 1);
  EXPECT_TRUE(failed_.empty());
  expect_all_committed();
}

TEST_F(JournalWriterTest, StopsWhileTheDiskIsFull) {
  FaultyVfs vfs;
  const auto journal = begun(run_);
  vfs.fail(1, 1'000'000'000, SQLITE_FULL);
  JournalWriter writer(loop_, *journal, handlers());
  writer.keep(commits_[0]);
  run_until([this] { return !full_.empty(); });
  EXPECT_EQ(writer.stop().commits, 0U);
}

TEST_F(JournalWriterTest, GivesUpWhenTheDiskFails) {
  FaultyVfs vfs;
  const auto journal = begun(run_);
  JournalWriter writer(loop_, *journal, handlers());
  writer.keep(commits_[0]);
  run_until([this] { return !told_.empty(); });
  // Nobody uses the disk now.
  vfs.fail(1, 1'000'000'000, SQLITE_IOERR);
  for (std::size_t i = 1; i < commits_.size(); ++i) writer.keep(commits_[i]);
  run_until([this] { return !failed_.empty(); });
  EXPECT_THAT(failed_.front(), HasSubstr("cannot write journal " + path() + ": disk I/O error"));
  EXPECT_EQ(writer.stop().commits, 1U);
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_EQ(failed_.size(), 1U);
}

}  // namespace
}  // namespace rollcall::coordinator
