// Tasks that are added while the run goes on.
#include <gmock/gmock.h>

#include "coordinator/journal/journal.h"
#include "tests/support/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::HasSubstr;

class JournalTasksTest : public JournalTest {
 protected:
  static JournalRun open_run() {
    JournalRun run = opened(journal_run(0));
    run.spec.kind = KindId::exec;
    run.spec.traits = traits_of(KindId::exec);
    return run;
  }

  /// Commits these tasks.
  static void add(Journal& journal, std::uint32_t count, const std::string& text) {
    Commit commit;
    commit.tasks = CommittedTasks{count, false, "", text};
    const auto committed = journal.commit(commit);
    ASSERT_TRUE(committed) << committed.error().message;
  }

  static void close(Journal& journal, const std::string& error) {
    Commit commit;
    commit.tasks = CommittedTasks{0, true, error};
    ASSERT_TRUE(journal.commit(commit));
  }

  /// Expects these tasks and this input in the journal, as another program reads it.
  void expect_stored(std::uint32_t count, const std::string& text, bool is_open) {
    const auto journal = Journal::open_to_read(path());
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_EQ((*journal)->run().spec.task_count, count);
    EXPECT_EQ((*journal)->run().spec.is_open, is_open);
    const auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    EXPECT_EQ(content->records.spec.task_count, count);
    EXPECT_EQ(content->records.spec.is_open, is_open);
    EXPECT_EQ(content->records.state.size(), count);
    EXPECT_EQ(input_of(**journal), text);
  }
};

TEST_F(JournalTasksTest, AreRestoredWithTheirText) {
  auto journal = create_journal(open_run());
  expect_stored(0, "", true);
  add(*journal, 2, "a\nb\n");
  expect_stored(2, "a\nb\n", true);
  add(*journal, 1, "c\n");
  expect_stored(3, "a\nb\nc\n", true);
  EXPECT_EQ(journal->run().spec.task_count, 3U);
  const auto content = journal->load();
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(content->records.spec.task_count, 3U);
}

TEST_F(JournalTasksTest, CommitsOfOneTransactionFollowEachOther) {
  auto journal = create_journal(open_run());
  std::vector<std::shared_ptr<const Commit>> commits;
  for (const bool is_last : {false, true}) {
    Commit commit;
    commit.tasks = CommittedTasks{1, is_last, "", is_last ? "b\n" : "a\n"};
    commits.push_back(std::make_shared<Commit>(commit));
  }
  ASSERT_TRUE(journal->commit(commits));
  expect_stored(2, "a\nb\n", false);
}

TEST_F(JournalTasksTest, FollowThoseOfTheStart) {
  JournalRun run = open_run();
  run.spec.task_count = 2;
  auto journal = Journal::create(path(), run);
  ASSERT_TRUE(journal);
  std::vector<std::string> parts = {"b\n", "a\n"};
  ASSERT_TRUE((*journal)->write_input({[&] {
                                         if (parts.empty()) return std::string();
                                         const std::string part = parts.back();
                                         parts.pop_back();
                                         return part;
                                       },
                                       "stdin"}));
  ASSERT_TRUE((*journal)->begin_epoch(epoch_start()));
  add(**journal, 1, "c\n");
  expect_stored(3, "a\nb\nc\n", true);
}

TEST_F(JournalTasksTest, AreAddedAfterAResume) {
  {
    auto journal = create_journal(open_run());
    add(*journal, 2, "a\nb\n");
  }
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_EQ((*journal)->run().source, "standard input");
  EXPECT_EQ((*journal)->run().spec.kind, KindId::exec);
  EXPECT_TRUE((*journal)->run().spec.is_open);
  ASSERT_TRUE((*journal)->begin_epoch(epoch_start(1s)));
  const auto content = (*journal)->load();
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_TRUE(content->records.spec.is_open);
  EXPECT_EQ(content->records.spec.task_count, 2U);
  add(**journal, 1, "c\n");
  expect_stored(3, "a\nb\nc\n", true);
  close(**journal, "");
  expect_stored(3, "a\nb\nc\n", false);
}

TEST_F(JournalTasksTest, EndWithTheErrorOfTheInput) {
  {
    auto journal = create_journal(open_run());
    add(*journal, 2, "a\nb\n");
    close(*journal, "standard input: Input/output error");
  }
  expect_stored(2, "a\nb\n", false);
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  ASSERT_TRUE((*journal)->begin_epoch(epoch_start(1s)));
  auto content = (*journal)->load();
  ASSERT_TRUE(content);
  EXPECT_EQ(content->records.input_error, "standard input: Input/output error");
  EXPECT_FALSE(content->records.spec.is_open);
}

/// A reader may have opened the journal before the tasks were added.
TEST_F(JournalTasksTest, AreReadWhileTheyAreAdded) {
  auto journal = create_journal(open_run());
  const auto reader = Journal::open_to_read(path());
  ASSERT_TRUE(reader);
  add(*journal, 2, "a\nb\n");
  EXPECT_EQ(input_of(**reader), "a\nb\n");
  const auto content = (*reader)->load();
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(content->records.spec.task_count, 2U);
  EXPECT_EQ((*reader)->run().spec.task_count, 2U);
}

TEST_F(JournalTasksTest, AreRestoredWithTheirOutcomes) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const JournalRun fixed = journal_run(300);
    const JournalRun run = opened(fixed);
    const auto commits = streamed(RandomCommits(fixed.spec, seed).all(), 300);
    {
      auto journal = create_journal(run);
      for (const auto& commit : commits) ASSERT_TRUE(journal->commit(*commit));
    }
    const auto journal = Journal::open_to_read(path());
    ASSERT_TRUE(journal) << journal.error().message;
    const auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    expect_same(content->records, replayed(run.spec, commits));
    EXPECT_EQ(content->records.input_error, "read error");
    EXPECT_FALSE(content->records.spec.is_open);
    remove_journal();
  }
}

TEST_F(JournalTasksTest, StayIfFailedOutcomesAreForgotten) {
  const JournalRun fixed = journal_run(100);
  {
    auto journal = create_journal(opened(fixed));
    for (const auto& commit : streamed(RandomCommits(fixed.spec, 1).all(), 100)) {
      ASSERT_TRUE(journal->commit(*commit));
    }
  }
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  const std::string text = input_of(**journal);
  ASSERT_TRUE((*journal)->forget_failed());
  ASSERT_TRUE((*journal)->begin_epoch(epoch_start(1s)));
  const auto content = (*journal)->load();
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(content->records.spec.task_count, 100U);
  EXPECT_EQ(content->records.input_error, "read error");
  EXPECT_LT(content->records.accepted(), 100U);
  EXPECT_EQ(input_of(**journal), text);
}

TEST_F(JournalTasksTest, StayInAFinishedJournal) {
  auto journal = create_journal(open_run());
  add(*journal, 2, "a\nb\n");
  close(*journal, "not UTF-8");
  auto content = journal->load();
  ASSERT_TRUE(content);
  ASSERT_TRUE(journal->finish(content->records, {}));
  journal.reset();
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
  expect_stored(2, "a\nb\n", false);
}

TEST_F(JournalTasksTest, AreNotAddedToAClosedRun) {
  auto journal = create_journal(open_run());
  close(*journal, "");
  Commit commit;
  commit.tasks.emplace().count = 1;
  EXPECT_DEATH(static_cast<void>(journal->commit(commit)), "is_open");
}

TEST_F(JournalTasksTest, AreCheckedWithChecksums) {
  {
    auto journal = create_journal(open_run());
    add(*journal, 2, "a\nb\n");
    add(*journal, 1, "c\n");
  }
  {
    auto database = sqlite::Database::open(path(), sqlite::Database::Mode::write);
    ASSERT_TRUE(database && database->execute("UPDATE input SET text = x'64' WHERE part = 2"));
  }
  const auto journal = Journal::open_to_read(path());
  ASSERT_TRUE(journal);
  const auto read = (*journal)->read_input([](std::string_view) { return Result<void>(); });
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("table input has changed"));
}

}  // namespace
}  // namespace rollcall::coordinator
