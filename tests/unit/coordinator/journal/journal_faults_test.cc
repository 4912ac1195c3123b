// Disk failures, kills and power cuts at every file operation of a small run.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "coordinator/journal/journal.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

using Commits = std::vector<std::shared_ptr<const Commit>>;

class JournalFaultsTest : public JournalTest {
 protected:
  JournalFaultsTest()
      : run_(opened(journal_run(kTasks))),
        commits_(streamed(RandomCommits(journal_run(kTasks).spec, 7).all(6), kTasks)) {}

  static constexpr std::uint32_t kTasks = 60;

  /// Writes the commits in transactions of one to three, with checkpoints in between. Ends at the
  /// first permanent error. On a full disk calls `on_full`, if given, and retries once. Counts
  /// commits in passed_ and committed_.
  void write_commits(const std::function<void()>& on_full = {}) {
    committed_ = passed_ = 0;
    auto journal = Journal::create(path(), run_);
    if (!journal) return expect_one_line(journal.error());
    auto epoch = (*journal)->begin_epoch(epoch_start());
    if (!epoch && epoch.error().kind == ErrorKind::retryable && on_full) {
      on_full();
      epoch = (*journal)->begin_epoch(epoch_start());
    }
    if (!epoch) return expect_one_line(epoch.error());
    while (committed_ < commits_.size()) {
      const std::size_t count = std::min(commits_.size() - committed_, 1 + committed_ % 3);
      const std::span next(commits_.data() + committed_, count);
      passed_ = committed_ + count;
      auto committed = (*journal)->commit(next);
      if (!committed && committed.error().kind == ErrorKind::retryable && on_full) {
        on_full();
        committed = (*journal)->commit(next);
      }
      if (!committed) return expect_one_line(committed.error());
      committed_ = passed_;
      if (committed_ % 5 == 4) static_cast<void>((*journal)->checkpoint());
      if (committed_ % 3 == 2) (*journal)->write_counter();
    }
  }

  void expect_one_line(const Error& error) {
    EXPECT_FALSE(error.message.empty());
    EXPECT_EQ(error.message.find('\n'), std::string::npos);
  }

  /// Checks that the journal at `path` is undamaged and holds the first n commits, with n from
  /// `committed` to `passed`.
  void expect_prefix(const std::string& path, std::size_t committed, std::size_t passed) {
    auto journal = Journal::open(path);
    ASSERT_TRUE(journal) << journal.error().message;
    auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    std::size_t prefix = committed;
    const auto records_of = [&](std::size_t count) {
      return replayed(run_.spec, {commits_.begin(), commits_.begin() + std::ptrdiff_t(count)});
    };
    while (prefix < passed && !is_at(content->records, prefix)) ++prefix;
    expect_same(content->records, records_of(prefix));
    std::string text;
    for (std::size_t i = 0; i < prefix; ++i) {
      if (commits_[i]->tasks) text += commits_[i]->tasks->text;
    }
    EXPECT_EQ(input_of(**journal), text);
  }

  /// Whether `records` are those after this many commits. A commit without outcomes differs from
  /// the one before it in its counters.
  bool is_at(const RunRecords& records, std::size_t commits) const {
    const RunRecords other =
        replayed(run_.spec, {commits_.begin(), commits_.begin() + std::ptrdiff_t(commits)});
    return other.accepted() == records.accepted() &&
           other.attempts_total == records.attempts_total &&
           other.sessions.size() == records.sessions.size();
  }

  void clear() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }

  JournalRun run_;
  Commits commits_;
  std::size_t committed_ = 0;  ///< commits for which commit() succeeded
  std::size_t passed_ = 0;     ///< commits passed to commit()
};

TEST_F(JournalFaultsTest, KeepsCommittedDataAfterAnyFailedOperation) {
  for (const int code : {SQLITE_IOERR, SQLITE_FULL}) {
    std::uint64_t n = 0;
    for (bool hit = true; hit;) {
      SCOPED_TRACE("operation " + std::to_string(++n) + ", code " + std::to_string(code));
      clear();
      FaultyVfs vfs;
      vfs.fail(n, 1, code);
      write_commits();
      hit = vfs.operations() >= n;
      vfs.heal();
      if (std::filesystem::exists(path())) {
        expect_prefix(path(), committed_, passed_);
      } else {
        EXPECT_EQ(committed_, 0U);
      }
      if (HasFailure()) return;
    }
    EXPECT_GT(n, 50U);
    EXPECT_EQ(committed_, commits_.size());
  }
}

/// Kills the process at every file change during create(). Afterwards the journal is complete or
/// does not exist, and leftover temporary files do not prevent a new one.
TEST_F(JournalFaultsTest, CreatesTheFileAtomicallyUnderAnyKill) {
  int n = 0;
  for (bool was_killed = true; was_killed;) {
    SCOPED_TRACE("change " + std::to_string(++n));
    clear();
    const pid_t child = ::fork();
    if (child == 0) {
      FaultyVfs vfs;
      vfs.before_change = [left = n]() mutable {
        if (--left == 0) ::_exit(1);
      };
      const bool is_created = Journal::create(path(), run_).has_value();
      ::_exit(is_created ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    was_killed = WEXITSTATUS(status) == 1;
    const bool exists = std::filesystem::exists(path());
    EXPECT_TRUE(was_killed || exists);
    auto journal = exists ? Journal::open(path()) : Journal::create(path(), run_);
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_TRUE((*journal)->begin_epoch(epoch_start()));
    if (HasFailure()) return;
  }
  EXPECT_GT(n, 5);
}

TEST_F(JournalFaultsTest, ContinuesOnceAFullDiskHasSpace) {
  std::uint64_t n = 0;
  for (bool hit = true; hit;) {
    SCOPED_TRACE("operation " + std::to_string(++n));
    clear();
    FaultyVfs vfs;
    vfs.fail(1, 0, SQLITE_FULL);
    auto journal = Journal::create(path(), run_);
    ASSERT_TRUE(journal);
    journal->reset();
    std::filesystem::remove(path());
    // Fail only after create(), which does not retry.
    const std::uint64_t create_operations = vfs.operations();
    vfs.fail(create_operations + n, 1'000'000, SQLITE_FULL);
    bool was_full = false;
    write_commits([&] {
      was_full = true;
      vfs.heal();
    });
    hit = was_full || vfs.operations() >= create_operations + n;
    vfs.heal();
    EXPECT_EQ(committed_, commits_.size());
    expect_prefix(path(), committed_, passed_);
    if (HasFailure()) return;
  }
  EXPECT_GT(n, 50U);
}

TEST_F(JournalFaultsTest, KeepsCommittedDataAfterAnyPowerCut) {
  struct Cut {
    DiskImage image;
    std::size_t committed;
    std::size_t passed;
  };
  std::vector<Cut> cuts;
  Rng rng(1);
  {
    FaultyVfs vfs;
    const auto cut = [&](const std::function<std::uint64_t(std::uint64_t)>& choose) {
      cuts.push_back({with_counter(vfs.power_cut(choose), path()), committed_, passed_});
    };
    vfs.before_change = [&] {
      if (!std::filesystem::exists(path())) return;
      for (const std::uint64_t fixed : {0U, 1U, 2U}) {  // no write arrives, all torn, all arrive
        cut([&](std::uint64_t n) { return std::min(fixed, n - 1); });
      }
      for (int i = 0; i < 5; ++i) cut([&](std::uint64_t n) { return rng.below(n); });
    };
    write_commits();
    EXPECT_EQ(committed_, commits_.size());
  }
  EXPECT_GT(cuts.size(), 500U);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    SCOPED_TRACE("cut " + std::to_string(i));
    clear();
    for (const auto& [name, content] : cuts[i].image) {
      if (name.starts_with(path() + ".new-")) continue;
      std::ofstream(name, std::ios::binary) << content;
    }
    expect_prefix(path(), cuts[i].committed, cuts[i].passed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace rollcall::coordinator
