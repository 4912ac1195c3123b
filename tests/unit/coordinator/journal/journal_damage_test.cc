// Journals that have lost commits or whose bytes have changed are refused.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <span>

#include "coordinator/journal/journal.h"
#include "tests/support/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

using Commits = std::vector<std::shared_ptr<const Commit>>;

/// Opens and loads journals that have been tampered with.
class DamagedJournalTest : public JournalTest {
 protected:
  explicit DamagedJournalTest(std::uint32_t tasks = 3000)
      : run_(journal_run(tasks)), commits_(RandomCommits(run_.spec, 5).all(tasks / 15)) {
    auto journal = create_journal(run_);
    for (const auto& commit : commits_) EXPECT_TRUE(journal->commit(*commit));
  }

  void change(const std::string& sql) {
    auto database = sqlite::Database::open(path(), sqlite::Database::Mode::write);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute(sql)) << database->error().message;
  }
  /// As docs/reference/journal.md advises for a damaged journal.
  void remove_checksums() {
    change("DROP TABLE checksum; ALTER TABLE batch DROP COLUMN digest");
    fs::remove(CommitCounter::name_of(path()));
  }
  /// Turns the journal into one of the first programs, which wrote no checksums.
  void make_first_version() {
    remove_checksums();
    change(
        "DROP TABLE history; ALTER TABLE session DROP COLUMN begun; "
        "ALTER TABLE session DROP COLUMN ended; "
        "ALTER TABLE run ADD COLUMN kind TEXT NOT NULL DEFAULT 'sleep'; "
        "ALTER TABLE run ADD COLUMN task_count INTEGER NOT NULL DEFAULT 0; "
        "UPDATE run SET task_count = (SELECT task_count FROM job); "
        "DROP TABLE job; DROP TABLE segment; DROP TABLE output; PRAGMA user_version = 1");
  }

  /// Returns why the journal at `path` is refused; empty if it is not.
  static std::string error(const std::string& path) {
    const auto journal = Journal::open_to_read(path);
    if (!journal) return journal.error().message;
    const auto content = (*journal)->load();
    if (!content) return content.error().message;
    const auto input = (*journal)->read_input([](std::string_view) { return Result<void>(); });
    if (!input) return input.error().message;
    const auto commands = (*journal)->read_commands([](const CommittedCommand&) {});
    return commands ? "" : commands.error().message;
  }
  std::string error() const { return error(path()); }

  /// Expects that after `sql` the journal is refused with `why`; then restores it.
  void expect_refused(const std::string& sql, const testing::Matcher<std::string>& why) {
    SCOPED_TRACE(sql);
    fs::copy_file(path(), path("whole.db"), fs::copy_options::overwrite_existing);
    change(sql);
    EXPECT_THAT(error(), why);
    fs::rename(path("whole.db"), path());
  }

  void expect_all_commits(const std::string& path) const {
    const auto journal = Journal::open_to_read(path);
    ASSERT_TRUE(journal) << journal.error().message;
    const auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    expect_same(content->records, replayed(run_.spec, commits_));
  }

  /// The journal has no checksums. It can be resumed, and has checksums from then on.
  void expect_checksums_are_added();

  /// The attempts up to the accepted one have begun, and have ended.
  void expect_all_attempts() const {
    const auto journal = Journal::open_to_read(path());
    ASSERT_TRUE(journal) << journal.error().message;
    const auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    const RunRecords& records = content->records;
    std::uint64_t attempts = 0;
    for (std::size_t b = 0; b < records.batches.size(); ++b) {
      for (std::size_t r = records.batches[b].first_record; r < records.batch_end(b); ++r) {
        if (records.batches[b].session) attempts += records.attempt[index(records.task[r])];
      }
    }
    EXPECT_EQ(records.attempts().finished, attempts);
    EXPECT_GT(attempts, 0U);
  }

  JournalRun run_;
  Commits commits_;
};

/// A change of the journal, and why it is refused without checksums.
struct Damage {
  const char* sql;
  const char* why;
};

constexpr Damage kInconsistent[] = {
    {"UPDATE run SET run_id = 'abc'", "an id is not 32 digits"},
    {"DELETE FROM run", "the run is missing"},
    {"DELETE FROM outcome WHERE accepted = 100", "an outcome is missing"},
    {"DELETE FROM outcome WHERE accepted > 2900", "batches and outcomes do not match"},
    {"DELETE FROM batch WHERE first_accepted = 1", "batches and outcomes do not match"},
    {"UPDATE outcome SET task = 3 WHERE accepted > 5", "inconsistent outcomes"},
    {"UPDATE outcome SET outcome = 5 WHERE accepted = 9", "a number is out of range"},
    {"UPDATE batch SET session = 1000 WHERE first_accepted = 1", "inconsistent outcomes"},
    {"UPDATE counters SET accepted = 2999", "outcomes and counters do not match"},
    {"DELETE FROM counters", "the counters are missing"},
    {"DELETE FROM epoch", "an epoch is missing"},
    {"DELETE FROM epoch; INSERT INTO epoch VALUES (2, 0, '', 0, 0, 0, 0)", "an epoch is missing"},
    {"UPDATE session SET clock_bound_ns = 1, session = 1000 WHERE session = 0",
     "inconsistent outcomes"},
    {"DELETE FROM session WHERE session = 0", "inconsistent outcomes"}};

constexpr Damage kInconsistentVersion1[] = {
    {"UPDATE run SET task_count = -1", "a number is out of range"},
    {"UPDATE run SET task_count = 2999", "inconsistent outcomes"},
    {"UPDATE run SET kind = 'dance'", "unknown name: dance"}};

constexpr Damage kInconsistentJobs[] = {
    {"DELETE FROM job", "the job is missing"},
    {"UPDATE job SET job = 2", "the job is missing"},
    {"INSERT INTO job SELECT 2, kind, state, 0, '', '', NULL FROM job",
     "there is more than one job"},
    {"UPDATE job SET kind = 'dance'", "unknown name: dance"},
    {"UPDATE job SET state = 'ajar'", "unknown name: ajar"},
    {"UPDATE job SET task_count = -1", "a number is out of range"},
    {"UPDATE job SET task_count = 2999", "the segments do not have all tasks"},
    {"UPDATE job SET task_count = 2999; UPDATE segment SET count = 2999", "inconsistent outcomes"},
    {"DELETE FROM segment", "the segments do not have all tasks"},
    {"UPDATE segment SET count = 3001", "the segments do not have all tasks"},
    {"UPDATE segment SET first = 1", "inconsistent segments"},
    {"UPDATE segment SET job = 2", "inconsistent segments"},
    {"UPDATE segment SET first_index = 1", "inconsistent segments"},
    {"UPDATE segment SET count = 1; INSERT INTO segment VALUES (1, 2999, 1, 1)",
     "inconsistent segments"}};

TEST_F(DamagedJournalTest, RefusesInconsistentRowsOfVersion1) {
  make_first_version();
  ASSERT_EQ(error(), "");
  for (const std::span<const Damage> all :
       {std::span<const Damage>(kInconsistent), std::span<const Damage>(kInconsistentVersion1)}) {
    for (const Damage& damage : all) {
      expect_refused(damage.sql, "journal " + path() + " is damaged: " + damage.why);
    }
  }
}

TEST_F(DamagedJournalTest, RefusesInconsistentJobs) {
  remove_checksums();
  ASSERT_EQ(error(), "");
  for (const Damage& damage : kInconsistentJobs) {
    expect_refused(damage.sql, "journal " + path() + " is damaged: " + damage.why);
  }
}

TEST_F(DamagedJournalTest, RefusesInconsistentRows) {
  ASSERT_EQ(error(), "");
  for (const std::span<const Damage> all :
       {std::span<const Damage>(kInconsistent), std::span<const Damage>(kInconsistentJobs)}) {
    for (const Damage& damage : all) {
      expect_refused(damage.sql, StartsWith("journal " + path() + " is damaged: "));
    }
  }
}

TEST_F(DamagedJournalTest, RefusesRowsThatWereChanged) {
  const Damage changes[] = {
      {"UPDATE run SET seed = 43", "table run has changed"},
      {"UPDATE run SET request = replace(request, 'sleep', 'sleeq')", "table run has changed"},
      {"UPDATE epoch SET boot_id = 'boot-3'", "table epoch has changed"},
      {"UPDATE session SET name = 'worker' WHERE session = 0", "table session has changed"},
      {"INSERT INTO odd_result VALUES (3, 1)", "table odd_result has changed"},
      {"UPDATE counters SET stale = stale + 1", "table counters has changed"},
      {"UPDATE job SET source = 'x'", "table job has changed"},
      {"UPDATE job SET input_error = 'x'", "table job has changed"},
      {"UPDATE job SET state = 'open'", "table job has changed"},
      {"UPDATE job SET last_added_ns = 1", "table job has changed"},
      {"UPDATE job SET task_count = 3001; UPDATE segment SET count = 3001",
       "table job has changed"},
      {"INSERT INTO command VALUES (1, 0, 0, 0, '', 0, 0, 0, x'', x'', 0, 0)",
       "table command has changed"},
      {"INSERT INTO input VALUES (1, x'61')", "table input has changed"},
      {"DROP VIEW result; CREATE VIEW result AS SELECT 1", "the tables' definitions have changed"},
      {"DROP TABLE checksum", "some of its checksums are missing"},
      {"DELETE FROM checksum", "the checksums are missing"},
      {"UPDATE checksum SET commits = commits + 1", "the checksums have changed"},
      {"DELETE FROM outcome WHERE accepted >= (SELECT max(first_accepted) FROM batch); "
       "DELETE FROM batch WHERE first_accepted = (SELECT max(first_accepted) FROM batch)",
       "the last results are missing"}};
  for (const Damage& damage : changes) expect_refused(damage.sql, HasSubstr(damage.why));
}

TEST_F(DamagedJournalTest, StatesHowManyResultsAreIntact) {
  const auto first = std::find_if(commits_.begin(), commits_.end(),
                                  [](const auto& commit) { return !commit->outcomes.empty(); });
  const std::size_t intact = (*first)->outcomes[0].size();
  for (const char* column : {"pause_ns", "started_ns", "elapsed_ns", "dispatched_ns", "attempt"}) {
    const std::string row = " WHERE accepted = " + std::to_string(intact + 1);
    expect_refused(std::string("UPDATE outcome SET ") + column + " = " + column + " + 1" + row,
                   AllOf(HasSubstr("is damaged: results " + std::to_string(intact + 1) + " to "),
                         EndsWith("have changed; its first " + std::to_string(intact) +
                                  " results are intact")));
  }
  expect_refused("UPDATE session SET host = 'x'", EndsWith("; its first 3000 results are intact"));
}

TEST_F(DamagedJournalTest, RefusesATruncatedFile) {
  const auto size = fs::file_size(path());
  for (std::uintmax_t left = 4096; left < size; left += 3 * 4096 + 100) {
    fs::copy_file(path(), path("whole.db"));
    fs::resize_file(path(), left);
    EXPECT_THAT(error(), HasSubstr("journal " + path() + " is damaged: ")) << left;
    fs::rename(path("whole.db"), path());
  }
}

TEST_F(DamagedJournalTest, RefusesAZeroedPage) {
  for (std::streamoff page = 1; page < 20; ++page) {
    fs::copy_file(path(), path("whole.db"));
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(page * 4096);
    file << std::string(4096, '\0');
    file.close();
    EXPECT_THAT(error(), HasSubstr("is damaged: ")) << page;
    fs::rename(path("whole.db"), path());
  }
}

void DamagedJournalTest::expect_checksums_are_added() {
  expect_all_commits(path());
  expect_all_attempts();
  {
    auto journal = Journal::open(path());
    ASSERT_TRUE(journal) << journal.error().message;
    ASSERT_TRUE((*journal)->begin_epoch(epoch_start(1s)));
  }
  expect_all_commits(path());
  expect_all_attempts();
  expect_refused("UPDATE outcome SET pause_ns = 1 WHERE accepted = 7", HasSubstr("have changed"));
  expect_refused("UPDATE run SET seed = 43", HasSubstr("table run has changed"));
}

TEST_F(DamagedJournalTest, AddsChecksumsToTheFirstVersion) {
  make_first_version();
  expect_checksums_are_added();
}

TEST_F(DamagedJournalTest, AddsChecksumsThatWereRemoved) {
  remove_checksums();
  expect_checksums_are_added();
}

TEST_F(DamagedJournalTest, ForgetsFailedOutcomesAndStillHasChecksums) {
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  ASSERT_TRUE((*journal)->forget_failed());
  journal->reset();
  ASSERT_EQ(error(), "");
  expect_refused("UPDATE outcome SET elapsed_ns = 1 WHERE accepted = 7", HasSubstr("have changed"));
}

/// Outcomes that were not published are published after a resume, also if others were forgotten.
TEST_F(DamagedJournalTest, ForgetsFailedOutcomesAndStillKnowsWhatWasPublished) {
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  const auto before = (*journal)->load();
  ASSERT_TRUE(before);
  std::uint64_t stay = 0;
  for (std::uint64_t i = 0; i < before->published; ++i) {
    stay += before->records.outcome_of(before->records.task[i]) == Outcome::succeeded ? 1U : 0U;
  }
  ASSERT_TRUE((*journal)->forget_failed());
  const auto after = (*journal)->load();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->published, stay);
}

TEST_F(DamagedJournalTest, DoesNotForgetOutcomesOfADamagedJournal) {
  change("UPDATE outcome SET elapsed_ns = 1 WHERE accepted = 7");
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  const auto forgot = (*journal)->forget_failed();
  ASSERT_FALSE(forgot);
  EXPECT_THAT(forgot.error().message, HasSubstr("have changed"));
  journal->reset();
  EXPECT_THAT(error(), HasSubstr("have changed")) << "the damage was accepted";
}

/// A small journal of commands.
class FlippedByteTest : public DamagedJournalTest {
 protected:
  FlippedByteTest() : DamagedJournalTest(60) {}
};

TEST_F(FlippedByteTest, IsFoundOrHarmless) {
  std::ifstream file(path(), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  std::size_t found = 0;
  for (std::size_t at = 0; at < whole.size(); at += at < 200 ? 1 : 23) {
    SCOPED_TRACE("byte " + std::to_string(at));
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1U << at % 8));
    std::ofstream(path(), std::ios::binary) << bytes;
    if (error().empty()) {
      expect_all_commits(path());
    } else {
      ++found;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(found, 100U);
}

/// The files of a coordinator that was killed.
class KilledJournalTest : public JournalTest {
 protected:
  KilledJournalTest() : run_(journal_run(300)), commits_(RandomCommits(run_.spec, 5).all()) {}

  /// Commits all, with a checkpoint after `moved` commits, and copies the files as they are then.
  void commit_until_killed(std::size_t moved) {
    auto journal = create_journal(run_);
    for (std::size_t i = 0; i < commits_.size(); ++i) {
      if (i == moved) {
        ASSERT_TRUE(journal->checkpoint());
      }
      ASSERT_TRUE(journal->commit(*commits_[i]));
    }
    if (moved == commits_.size()) {
      ASSERT_TRUE(journal->checkpoint());
    }
    journal->write_counter();
    copy({"", "-wal", "-commits"});
  }
  static std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void copy(const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
      fs::copy_file(path() + part, killed() + part, fs::copy_options::overwrite_existing);
    }
  }
  std::string killed() const { return path("killed.db"); }

  /// Expects that the killed journal is refused for reading and writing, twice.
  void expect_refused(const std::string& why) {
    for (int i = 0; i < 2; ++i) {
      const auto journal = Journal::open(killed());
      ASSERT_FALSE(journal);
      EXPECT_EQ(journal.error().kind, ErrorKind::permanent);
      EXPECT_THAT(journal.error().message,
                  AllOf(StartsWith("journal " + killed() + " is damaged: "), HasSubstr(why)));
      EXPECT_FALSE(Journal::open_to_read(killed()));
    }
  }
  void expect_all(const std::string& path) {
    auto journal = Journal::open(path);
    ASSERT_TRUE(journal) << journal.error().message;
    const auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    expect_same(content->records, replayed(run_.spec, commits_));
  }

  JournalRun run_;
  Commits commits_;
};

TEST_F(KilledJournalTest, CanBeOpenedWithAllItsFiles) {
  for (const std::size_t moved : {std::size_t{0}, std::size_t{5}, commits_.size()}) {
    SCOPED_TRACE(moved);
    commit_until_killed(moved);
    expect_all(killed());
    for (const char* part : {"", "-commits"}) fs::remove(path() + part);
  }
}

TEST_F(KilledJournalTest, IsRefusedWithoutItsLog) {
  for (const std::size_t moved : {std::size_t{0}, std::size_t{5}, commits_.size()}) {
    SCOPED_TRACE(moved);
    commit_until_killed(moved);
    fs::remove(killed() + "-wal");
    expect_refused(killed() + "-wal is missing or damaged: only ");
    fs::remove(killed() + "-wal");
    fs::remove(killed() + "-commits");
    expect_refused(killed() + "-wal is missing or damaged; its first ");
    for (const char* part : {"", "-commits"}) fs::remove(path() + part);
    for (const char* part : {"", "-wal", "-shm"}) fs::remove(killed() + part);
  }
}

TEST_F(KilledJournalTest, IsRefusedWithAShortenedLog) {
  commit_until_killed(5);
  const std::string database = bytes_of(killed());
  const std::string whole = bytes_of(killed() + "-wal");
  ASSERT_GT(whole.size(), 100'000U);
  // The log may have a part that belongs to an older generation.
  auto last = whole.size();
  for (std::size_t size = 0; size < whole.size(); size += 4120) {
    SCOPED_TRACE(size);
    std::ofstream(killed(), std::ios::binary) << database;
    std::ofstream(killed() + "-wal", std::ios::binary) << whole.substr(0, size);
    fs::remove(killed() + "-shm");
    if (Journal::open_to_read(killed())) {
      last = size;
      break;
    }
    expect_refused(killed() + "-wal is missing or damaged");
    if (HasFailure()) return;
  }
  EXPECT_GT(last, 50'000U);
  std::string flipped = whole;
  flipped[30'000] = static_cast<char>(flipped[30'000] ^ 1);
  std::ofstream(killed(), std::ios::binary) << database;
  std::ofstream(killed() + "-wal", std::ios::binary) << flipped;
  fs::remove(killed() + "-shm");
  expect_refused(killed() + "-wal is missing or damaged");
}

TEST_F(KilledJournalTest, CanBeReadWithOtherProgramsOfSqlite) {
  commit_until_killed(5);
  {  // the last program that closes a database moves its log
    auto database = sqlite::Database::open(killed(), sqlite::Database::Mode::write);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("SELECT * FROM result; VACUUM INTO '" + path("copy.db") + "'"));
  }
  EXPECT_FALSE(fs::exists(killed() + "-wal"));
  fs::remove(path("copy.db-commits"));
  expect_all(killed());
  expect_all(path("copy.db"));
}

TEST_F(KilledJournalTest, IsRefusedIfAnOlderCopyIsPutInItsPlace) {
  {
    auto journal = create_journal(run_);
    ASSERT_TRUE(journal->commit(*commits_[0]));
  }
  fs::copy_file(path(), path("older.db"));
  {
    auto journal = Journal::open(path());
    ASSERT_TRUE(journal);
    ASSERT_TRUE((*journal)->begin_epoch(epoch_start(1s)));
    ASSERT_TRUE((*journal)->commit(*commits_[1]));
  }
  fs::rename(path("older.db"), path());
  const auto journal = Journal::open(path());
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("commits are left"));
}

TEST_F(JournalTest, CommitCounterSurvivesATornWrite) {
  const RunId run = journal_run(5).spec.id;
  const std::string name = CommitCounter::name_of(path());
  CommitCounter counter;
  ASSERT_TRUE(counter.open(path(), {run, 7}));
  counter.write(8);
  counter.write(9);
  EXPECT_EQ(CommitCounter::read(path())->commits, 9U);
  EXPECT_EQ(CommitCounter::read(path())->run, run);
  std::ifstream file(name, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  for (const std::size_t slot : {0U, 512U}) {
    std::string torn = whole;
    torn.replace(slot + 24, 8, "garbage!");
    std::ofstream(name, std::ios::binary) << torn;
    ASSERT_TRUE(CommitCounter::read(path()));
    EXPECT_THAT(CommitCounter::read(path())->commits, testing::AnyOf(8U, 9U));
  }
}

TEST_F(JournalTest, CommitCounterLeavesOtherFilesAlone) {
  std::ofstream(CommitCounter::name_of(path())) << "commits of another project";
  const auto opened = CommitCounter().open(path(), {journal_run(5).spec.id, 7});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            CommitCounter::name_of(path()) + " is not a file of this journal: move it away first");
  EXPECT_EQ(fs::file_size(CommitCounter::name_of(path())), 26U);
}

}  // namespace
}  // namespace rollcall::coordinator
