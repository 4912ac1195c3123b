// Journals of earlier versions are read, and become journals of version 3 when their run is
// resumed.
#include <gmock/gmock.h>

#include <fstream>

#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite/schema.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A journal that a program of version 1 has written: of four commands one has succeeded and one
/// has failed.
class JournalUpgradeTest : public JournalTest {
 protected:
  JournalUpgradeTest() { write_version_1(); }

  void write_version_1() { write_dump("version_1.sql"); }

  void write_dump(const std::string& name) {
    const std::string sql =
        bytes_of(std::string(ROLLCALL_SOURCE_DIR) + "/tests/unit/coordinator/journal/" + name);
    auto database = sqlite::Database::open(path(), sqlite::Database::Mode::create);
    ASSERT_TRUE(database && database->execute(sql + "PRAGMA journal_mode = WAL;"));
  }

  void change(const std::string& sql) {
    auto database = sqlite::Database::open(path(), sqlite::Database::Mode::write);
    ASSERT_TRUE(database && database->execute(sql));
  }

  std::int64_t number(const std::string& sql) {
    auto database = sqlite::Database::open(path(), sqlite::Database::Mode::read);
    EXPECT_TRUE(database);
    auto rows = database->prepare(sql);
    EXPECT_TRUE(rows && rows->next()) << sql;
    return rows ? rows->integer(0) : -1;
  }

  /// The version in the header of the file, which all programs read first.
  int version() const { return bytes_of(path()).at(63); }

  std::unique_ptr<Journal> resumed() {
    auto journal = Journal::open(path());
    EXPECT_TRUE(journal) << journal.error().message;
    const auto epoch = (*journal)->begin_epoch(epoch_start(1s));
    EXPECT_TRUE(epoch) << epoch.error().message;
    return std::move(*journal);
  }

  /// Expects the run of the file, with `accepted` outcomes.
  static void expect_content(Journal& journal, std::size_t accepted = 2) {
    const JournalRun& run = journal.run();
    EXPECT_EQ(to_hex(run.spec.id.bytes), "6b0fb5e47143338ce7c7bba0d3ccbdbb");
    EXPECT_EQ(run.spec.kind, KindId::exec);
    EXPECT_TRUE(run.spec.traits.may_fail);
    EXPECT_EQ(run.spec.task_count, 4U);
    EXPECT_FALSE(run.spec.is_open);
    EXPECT_EQ(run.source, "");
    EXPECT_THAT(run.request, HasSubstr(R"("arguments":["-w","1")"));
    const auto content = journal.load();
    ASSERT_TRUE(content) << content.error().message;
    EXPECT_EQ(content->records.state.size(), 4U);
    EXPECT_EQ(content->records.accepted(), accepted);
    EXPECT_EQ(content->records.sessions.at(0).name, "vm-32420");
    EXPECT_EQ(content->records.attempts_total, 3U);
    EXPECT_EQ(content->records.input_error, "");
    EXPECT_EQ(input_of(journal), "a\nb\nc\nd\n");
    EXPECT_EQ(journal.read_standard_input()->value_or(""), "std");
    std::vector<std::string> out;
    EXPECT_TRUE(journal.read_commands(
        [&](const CommittedCommand& command) { out.push_back(command.result->out); }));
    EXPECT_EQ(out.size(), accepted);
    EXPECT_EQ(out.at(0), "got a\n");
  }

  /// Returns why the journal is refused; empty if it is not.
  std::string error() {
    const auto journal = Journal::open_to_read(path());
    if (!journal) return journal.error().message;
    const auto content = (*journal)->load();
    if (!content) return content.error().message;
    const auto commands = (*journal)->read_commands([](const CommittedCommand&) {});
    if (!commands) return commands.error().message;
    const auto input = (*journal)->read_input([](std::string_view) { return Result<void>(); });
    return input ? "" : input.error().message;
  }
};

TEST_F(JournalUpgradeTest, ReadsVersion1WithoutChangingIt) {
  const std::string before = bytes_of(path());
  {
    const auto journal = Journal::open_to_read(path());
    ASSERT_TRUE(journal) << journal.error().message;
    expect_content(**journal);
  }
  EXPECT_EQ(bytes_of(path()), before);
}

TEST_F(JournalUpgradeTest, OpeningIsNotResuming) {
  {
    auto journal = Journal::open(path());
    ASSERT_TRUE(journal) << journal.error().message;
    expect_content(**journal);
  }
  EXPECT_EQ(version(), 1);
  EXPECT_EQ(number("SELECT task_count FROM run"), 4);
}

TEST_F(JournalUpgradeTest, BecomesVersion3WhenItIsResumed) {
  auto journal = resumed();
  EXPECT_EQ(version(), 3) << "programs of version 1 must refuse the journal from now on";
  expect_content(*journal);
  Commit commit;
  commit.first_record = 2;
  commit.outcomes.push_back({SessionIndex{0},
                             Instant(600s),
                             1us,
                             {task_at(2)},
                             {1},
                             {Outcome::succeeded},
                             {Instant(599s)},
                             {1ms},
                             {Instant(598s)}});
  ASSERT_TRUE(journal->commit(commit));
  journal.reset();
  EXPECT_EQ(error(), "");
  EXPECT_EQ(number("SELECT count(*) FROM outcome"), 3);
  EXPECT_EQ(number("SELECT count(*) FROM job WHERE job = 1 AND kind = 'exec' AND state = 'closed' "
                   "AND task_count = 4 AND source = ''"),
            1);
  EXPECT_EQ(number("SELECT count FROM segment WHERE first = 0 AND job = 1 AND first_index = 0"), 4);
  EXPECT_EQ(number("SELECT count(*) FROM pragma_table_info('run') "
                   "WHERE name IN ('kind', 'task_count')"),
            0);
}

/// The checksums of the tables that the upgrade leaves alone are not computed again.
TEST_F(JournalUpgradeTest, StillFindsDamageFromBefore) {
  for (const auto& [sql, why] :
       {std::pair("UPDATE command SET stdout = x'61' WHERE accepted = 1", "command has changed"),
        std::pair("UPDATE input SET text = x'61'", "table input has changed"),
        std::pair("UPDATE outcome SET elapsed_ns = 1 WHERE accepted = 2", "results 2 to 2 have")}) {
    SCOPED_TRACE(sql);
    change(sql);
    EXPECT_THAT(error(), HasSubstr(why));
    resumed().reset();
    EXPECT_EQ(version(), 3);
    EXPECT_THAT(error(), HasSubstr(why));
    remove_journal();
    write_version_1();
  }
}

TEST_F(JournalUpgradeTest, RefusesChangedRowsOfVersion1) {
  change("UPDATE run SET task_count = 5");
  const auto journal = Journal::open(path());
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("is damaged: table run has changed"));
  remove_journal();
  write_version_1();
  change("UPDATE checksum SET counters = 1");
  EXPECT_THAT(error(), HasSubstr("the checksums have changed"));
}

TEST_F(JournalUpgradeTest, FindsDamageFromAfter) {
  resumed().reset();
  for (const auto& [sql, why] :
       {std::pair("UPDATE run SET seed = 1", "table run has changed"),
        std::pair("UPDATE job SET source = 'x'", "table job has changed"),
        std::pair("UPDATE segment SET count = 3", "the segments do not have all tasks"),
        std::pair("DROP VIEW result", "the tables' definitions have changed")}) {
    SCOPED_TRACE(sql);
    fs::copy_file(path(), path("whole.db"));
    change(sql);
    EXPECT_THAT(error(), HasSubstr(why));
    fs::rename(path("whole.db"), path());
  }
}

TEST_F(JournalUpgradeTest, ViewsOfTheUserDoNotPreventIt) {
  change("CREATE VIEW progress AS SELECT task_count, kind FROM run");
  resumed().reset();
  EXPECT_EQ(error(), "");
  change("DROP VIEW progress");
  EXPECT_EQ(error(), "");
}

TEST_F(JournalUpgradeTest, ForgetsFailedOutcomes) {
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  ASSERT_TRUE((*journal)->forget_failed());
  ASSERT_TRUE((*journal)->begin_epoch(epoch_start(1s)));
  expect_content(**journal, 1);
  journal->reset();
  EXPECT_EQ(version(), 3);
  EXPECT_EQ(error(), "");
}

TEST_F(JournalUpgradeTest, DoesNotForgetOutcomesOfADamagedJournal) {
  change("UPDATE input SET text = x'61'");
  {
    auto journal = Journal::open(path());
    ASSERT_TRUE(journal);
    const auto forgot = (*journal)->forget_failed();
    ASSERT_FALSE(forgot);
    EXPECT_THAT(forgot.error().message, HasSubstr("table input has changed"));
  }
  EXPECT_EQ(version(), 1);
  EXPECT_THAT(error(), HasSubstr("table input has changed"));
}

TEST_F(JournalUpgradeTest, AReaderFollowsTheUpgrade) {
  const auto reader = Journal::open_to_read(path());
  ASSERT_TRUE(reader);
  const auto journal = resumed();
  expect_content(**reader);
}

TEST_F(JournalUpgradeTest, RefusesANewerVersion) {
  change("PRAGMA user_version = 4");
  fs::remove(path() + "-wal");
  EXPECT_EQ(error(), path() + " is a journal of version 4; this program reads versions 1 to 3");
}

/// Of four commands one has succeeded, and two have failed once and are to be retried.
class JournalVersion2Test : public JournalUpgradeTest {
 protected:
  JournalVersion2Test() {
    remove_journal();
    write_dump("version_2.sql");
  }

  static void expect_content(Journal& journal) {
    const auto content = journal.load();
    ASSERT_TRUE(content) << content.error().message;
    EXPECT_EQ(content->records.accepted(), 1U);
    const auto& history = content->records.history;
    ASSERT_EQ(history.size(), 2U);
    EXPECT_EQ(history.at(task_at(1)).failures, 1U);
    EXPECT_FALSE(history.at(task_at(1)).is_cancelled);
  }
};

TEST_F(JournalVersion2Test, IsReadWithoutAChange) {
  const std::string before = bytes_of(path());
  {
    const auto journal = Journal::open_to_read(path());
    ASSERT_TRUE(journal) << journal.error().message;
    expect_content(**journal);
  }
  EXPECT_EQ(bytes_of(path()), before);
}

TEST_F(JournalVersion2Test, BecomesVersion3WhenItIsResumed) {
  auto journal = resumed();
  EXPECT_EQ(version(), 3) << "programs of version 2 would run cancelled tasks";
  expect_content(*journal);
  Commit commit;
  commit.first_record = 1;
  TaskHistory cancelled;
  cancelled.is_cancelled = true;
  commit.history.emplace_back(task_at(2), cancelled);
  ASSERT_TRUE(journal->commit(commit));
  journal.reset();
  EXPECT_EQ(error(), "");
  EXPECT_EQ(number("SELECT count(*) FROM history WHERE task = 2 AND cancelled = 1"), 1);
  EXPECT_TRUE(resumed()->load()->records.history.at(task_at(2)).is_cancelled);
}

TEST_F(JournalVersion2Test, ForgetsFailedOutcomes) {
  change(
      "DROP TABLE checksum; ALTER TABLE batch DROP COLUMN digest;"
      "UPDATE outcome SET outcome = 1");
  fs::remove(path() + "-commits");
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  ASSERT_TRUE((*journal)->forget_failed());
  ASSERT_TRUE((*journal)->begin_epoch(epoch_start(1s)));
  EXPECT_EQ((*journal)->load()->records.accepted(), 0U);
}

/// Whatever operation fails, the journal is one of version 1 or 3, and has everything.
TEST_F(JournalUpgradeTest, IsAtomicUnderAnyFailedOperation) {
  for (const int code : {SQLITE_IOERR, SQLITE_FULL}) {
    std::uint64_t n = 0;
    for (bool hit = true; hit;) {
      SCOPED_TRACE("operation " + std::to_string(++n) + ", code " + std::to_string(code));
      remove_journal();
      write_version_1();
      FaultyVfs vfs;
      vfs.fail(n, 1, code);
      {
        auto journal = Journal::open(path());
        if (journal) static_cast<void>((*journal)->begin_epoch(epoch_start(1s)));
      }
      hit = vfs.operations() >= n;
      vfs.heal();
      EXPECT_EQ(error(), "");
      expect_content(*resumed());
      if (HasFailure()) return;
    }
    EXPECT_GT(n, 20U);
  }
}

TEST_F(JournalUpgradeTest, IsAtomicUnderAnyPowerCut) {
  std::vector<DiskImage> cuts;
  Rng rng(1);
  {
    FaultyVfs vfs;
    const auto cut = [&](const std::function<std::uint64_t(std::uint64_t)>& choose) {
      cuts.push_back(with_counter(vfs.power_cut(choose), path()));
    };
    vfs.before_change = [&] {
      for (const std::uint64_t fixed : {0U, 1U, 2U}) {  // no write arrives, all torn, all arrive
        cut([&](std::uint64_t m) { return std::min(fixed, m - 1); });
      }
      for (int i = 0; i < 3; ++i) cut([&](std::uint64_t m) { return rng.below(m); });
    };
    resumed().reset();
  }
  EXPECT_GT(cuts.size(), 50U);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    SCOPED_TRACE("cut " + std::to_string(i));
    fs::remove_all(directory_);
    fs::create_directory(directory_);
    for (const auto& [name, content] : cuts[i]) std::ofstream(name, std::ios::binary) << content;
    EXPECT_EQ(error(), "");
    expect_content(*resumed());
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace rollcall::coordinator
