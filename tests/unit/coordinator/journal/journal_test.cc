#include "coordinator/journal/journal.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "coordinator/journal/sqlite/schema.h"
#include "tests/support/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::HasSubstr;

TEST_F(JournalTest, LoadsTheCommittedRecords) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const JournalRun run = journal_run(static_cast<std::uint32_t>(seed * 40));
    auto commits = RandomCommits(run.spec, seed).all(200);
    {
      auto journal = create_journal(run);
      for (const auto& commit : commits) ASSERT_TRUE(journal->commit(*commit));
    }
    auto journal = Journal::open(path());
    ASSERT_TRUE(journal) << journal.error().message;
    const auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    expect_same(content->records, replayed(run.spec, commits));
    EXPECT_EQ(content->published, commits.empty() ? 0 : commits.back()->counters.published);
    EXPECT_FALSE(content->account.has_value());
    journal->reset();
    std::filesystem::remove(path());
  }
}

TEST_F(JournalTest, StoresTheRunAndItsRequest) {
  JournalRun run = journal_run(7);
  run.spec.method = CollectionMethod::wait;
  run.spec.wait_timeout = 30s;
  run.spec.seed = (std::uint64_t{1} << 53U) - 1;
  create_journal(run).reset();
  const auto journal = Journal::open_to_read(path());
  ASSERT_TRUE(journal);
  const JournalRun& again = (*journal)->run();
  EXPECT_EQ(again.spec.id, run.spec.id);
  EXPECT_EQ(again.spec.task_count, 7U);
  EXPECT_EQ(again.spec.pause_min, run.spec.pause_min);
  EXPECT_EQ(again.spec.pause_max, run.spec.pause_max);
  EXPECT_EQ(again.spec.seed, run.spec.seed);
  EXPECT_EQ(again.spec.method, CollectionMethod::wait);
  EXPECT_EQ(again.spec.wait_timeout, 30s);
  EXPECT_EQ(again.request, run.request);
  EXPECT_EQ(again.created, run.created);
  EXPECT_EQ(again.source, "");
  EXPECT_FALSE(again.spec.is_open);
  EXPECT_FALSE((*journal)->finished());
}

TEST_F(JournalTest, ConvertsInstantsToTheClockOfTheNextEpoch) {
  const JournalRun run = journal_run(200);
  RandomCommits random(run.spec, 3);
  std::vector<std::shared_ptr<const Commit>> commits;
  while (commits.size() < 5 || !commits.back()->counters.first_dispatch) {
    commits.push_back(random.next());
  }
  {
    auto journal = create_journal(run);
    for (const auto& commit : commits) ASSERT_TRUE(journal->commit(*commit));
  }
  // The machine was rebooted, so its monotonic clock restarted. The wall clock is an hour later.
  EpochStart start = epoch_start(1h, "boot-2");
  start.monotonic = Instant(5s);
  auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  const auto epoch = (*journal)->begin_epoch(start);
  ASSERT_TRUE(epoch);
  EXPECT_EQ(*epoch, 2U);
  const auto content = (*journal)->load();
  ASSERT_TRUE(content);
  const Duration shift = (500s + 1h) - 5s;
  const RunRecords before = replayed(run.spec, commits);
  EXPECT_EQ(content->records.first_dispatch, *before.first_dispatch - shift);
  EXPECT_EQ(content->records.sessions[0].welcomed, before.sessions[0].welcomed - shift);
  EXPECT_EQ(content->records.started[0], before.started[0] - shift);
  ASSERT_EQ(content->epochs.size(), 2U);
  EXPECT_EQ(content->epochs[1].start.boot_id, "boot-2");

  // Readers get the commits of this epoch on the clock of the first one.
  Commit commit;
  while (commit.outcomes.empty()) commit = *random.next();
  commit.counters.first_dispatch = *before.first_dispatch - shift;
  commit.sessions.clear();
  commit.progress.clear();
  commit.outcomes.resize(1);
  const auto arrived = Instant(10s);
  commit.outcomes[0].arrived = arrived;
  commit.outcomes[0].session = SessionIndex{0};
  ASSERT_TRUE((*journal)->commit(commit));
  const auto reader = Journal::open_to_read(path());
  ASSERT_TRUE(reader);
  const auto read = (*reader)->load();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->records.batches.back().arrived, arrived + shift);
  EXPECT_EQ(read->records.first_dispatch, before.first_dispatch);
}

TEST(NextEpoch, ContinuesTheMonotonicClockOfTheSameBoot) {
  const EpochRecord first = next_epoch(nullptr, epoch_start(), std::nullopt);
  EXPECT_EQ(first.epoch, 1U);
  EXPECT_EQ(first.shift, 0s);
  EXPECT_EQ(next_epoch(&first, epoch_start(10s), Instant(505s)).shift, 0s);
  EpochStart suspended = epoch_start(10s);
  suspended.boottime += 7s;
  suspended.unix_ns = 0;  // the wall clock is ignored
  EXPECT_EQ(next_epoch(&first, suspended, Instant(505s)).shift, 7s);
}

TEST(NextEpoch, NeverGoesBackInTime) {
  const EpochRecord first = next_epoch(nullptr, epoch_start(), std::nullopt);
  EpochStart start = epoch_start(-1h, "boot-2");  // the wall clock was set back
  start.monotonic = Instant(1s);
  const EpochRecord second = next_epoch(&first, start, Instant(505s));
  EXPECT_EQ(second.in_run(start.monotonic), Instant(505s));
}

TEST_F(JournalTest, NeverOverwritesAFile) {
  create_journal(journal_run(5)).reset();
  const auto again = Journal::create(path(), journal_run(6));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "journal " + path() + " already exists");
  const auto journal = Journal::open(path());
  ASSERT_TRUE(journal);
  EXPECT_EQ((*journal)->run().spec.task_count, 5U);
}

TEST_F(JournalTest, RefusesALeftoverWriteAheadLog) {
  std::ofstream(path("run.db-wal")) << "left over";
  const auto journal = Journal::create(path(), journal_run(5));
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("run.db-wal is left over from another journal"));
}

TEST_F(JournalTest, LeavesNoFilesBehindIfItCannotBeCreated) {
  for (const std::string& bad : {path("none/run.db"), std::string("/proc/self/run.db")}) {
    const auto journal = Journal::create(bad, journal_run(5));
    ASSERT_FALSE(journal);
    EXPECT_THAT(journal.error().message, HasSubstr("cannot create journal " + bad + ": "));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(JournalTest, ReportsAnUnwritableDirectory) {
  std::filesystem::create_directory(path("closed"));
  std::filesystem::permissions(
      path("closed"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
    ASSERT_EQ(::chmod(path("closed").c_str(), 0555), 0);
    ASSERT_EQ(::seteuid(65'534), 0);
  }
  const auto journal = Journal::create(path("closed/run.db"), journal_run(5));
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().message,
            "cannot create journal " + path("closed/run.db") + ": Permission denied");
}

TEST_F(JournalTest, ReportsAMissingFile) {
  const auto journal = Journal::open(path());
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().kind, ErrorKind::retryable);
  EXPECT_EQ(journal.error().message, "journal " + path() + " does not exist");
}

TEST_F(JournalTest, RefusesOtherFiles) {
  const auto refused = [this](const std::string& why) {
    for (const auto& journal :
         {Journal::open(path()).error(), Journal::open_to_read(path()).error()}) {
      EXPECT_EQ(journal.kind, ErrorKind::permanent);
      EXPECT_EQ(journal.message, path() + " is " + why);
    }
    std::filesystem::remove_all(path());
  };
  std::ofstream(path()).flush();
  refused("not a journal: empty file");
  std::ofstream(path()) << std::string(5000, 'x');
  refused("not a journal: not an SQLite database");
  {
    auto database = sqlite::Database::open(path(), sqlite::Database::Mode::create);
    ASSERT_TRUE(database && database->execute("CREATE TABLE run (a); PRAGMA user_version = 1"));
  }
  refused("not a journal: a database of another program");
  create_journal(journal_run(5)).reset();
  {
    auto database = sqlite::Database::open(path(), sqlite::Database::Mode::write);
    ASSERT_TRUE(database && database->execute("PRAGMA user_version = 7"));
  }
  std::filesystem::remove(path() + "-wal");
  refused("a journal of version 7; this program reads versions 1 to 3");
}

TEST_F(JournalTest, RefusesADirectory) {
  std::filesystem::create_directory(path());
  EXPECT_FALSE(Journal::open(path()));
  EXPECT_THAT(Journal::open_to_read(path()).error().message, HasSubstr("not a regular file"));
}

TEST_F(JournalTest, CanBeReadAfterAKillDuringClose) {
  create_journal(journal_run(5));
  // An unfinished write: the original pages are in the rollback journal.
  auto database = sqlite::Database::open(path(), sqlite::Database::Mode::write);
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->execute(
      "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; BEGIN; UPDATE run SET seed = 1;"));
  std::filesystem::copy_file(path(), path("copy"));
  std::filesystem::copy_file(path() + "-journal", path("copy-journal"));
  const auto journal = Journal::open_to_read(path("copy"));
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_TRUE((*journal)->load());
}

TEST_F(JournalTest, ReadsCommandsThatWereCommittedSinceItWasOpened) {
  const auto journal = create_journal(journal_run(5));
  const auto reader = Journal::open_to_read(path());
  ASSERT_TRUE(reader);
  Commit commit;
  commit.outcomes.push_back({std::nullopt,
                             Instant(600s),
                             1us,
                             {task_at(2)},
                             {1},
                             {Outcome::succeeded},
                             {Instant(599s)},
                             {1ms},
                             {Instant(598s)}});
  CommandResult result;
  result.out = "output";
  result.out_before = 100'000;
  const CommittedOutput spooled{SessionIndex{3}, 2, 1};
  commit.commands.push_back({0, std::make_shared<CommandResult>(result), spooled});
  ASSERT_TRUE(journal->commit(commit));
  std::vector<CommittedCommand> commands;
  const auto read = (*reader)->read_commands(
      [&](CommittedCommand command) { commands.push_back(std::move(command)); });
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].record, 0U);
  EXPECT_EQ(commands[0].result->out, "output");
  EXPECT_EQ(commands[0].result->out_before, 100'000U);
  EXPECT_EQ(commands[0].output, spooled);
}

TEST_F(JournalTest, RefusesASecondCoordinator) {
  auto journal = create_journal(journal_run(5));
  const auto second = Journal::open(path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::permanent);
  EXPECT_EQ(second.error().message, "journal " + path() + " is in use by another coordinator");
  EXPECT_TRUE(Journal::open_to_read(path()));
  journal.reset();
  EXPECT_TRUE(Journal::open(path()));
}

TEST_F(JournalTest, CanBeOpenedAfterItsCoordinatorWasKilled) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto journal = Journal::create(path(), journal_run(5));
    const char has_begun = journal && (*journal)->begin_epoch(epoch_start()) ? 'y' : 'n';
    static_cast<void>(!::write(ready[1], &has_begun, 1));
    while (true) ::pause();
  }
  ASSERT_GT(child, 0);
  char has_begun = 0;
  ASSERT_EQ(::read(ready[0], &has_begun, 1), 1);
  EXPECT_EQ(has_begun, 'y');
  EXPECT_FALSE(Journal::open(path()));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  const auto journal = Journal::open(path());
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_EQ(*(*journal)->begin_epoch(epoch_start(1s)), 2U);
}

TEST_F(JournalTest, RefusesCommitsOfAnOlderEpoch) {
  const JournalRun run = journal_run(100);
  RandomCommits random(run.spec, 1);
  auto journal = create_journal(run);
  ASSERT_TRUE(journal->commit(*random.next()));
  {  // as if another coordinator had resumed the run in spite of the lock
    auto database = sqlite::Database::open(path(), sqlite::Database::Mode::write);
    ASSERT_TRUE(database && database->execute("UPDATE counters SET epoch = 2"));
  }
  const auto commit = random.next();
  for (int i = 0; i < 2; ++i) {
    const auto committed = journal->commit(*commit);
    ASSERT_FALSE(committed);
    EXPECT_THAT(committed.error().message, HasSubstr("another coordinator has resumed the run"));
    EXPECT_EQ(committed.error().kind, ErrorKind::permanent);
  }
}

TEST_F(JournalTest, RefusesCommitsAfterItsFileWasRemoved) {
  const JournalRun run = journal_run(100);
  auto journal = create_journal(run);
  std::filesystem::remove(path());
  const auto committed = journal->commit(*RandomCommits(run.spec, 1).next());
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().message, "journal " + path() + " has been removed or replaced");
}

}  // namespace
}  // namespace rollcall::coordinator
