// Disks that fail and power that goes, at every operation of a small run.
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
  JournalFaultsTest() : run_(journal_run(60)), commits_(RandomCommits(run_.spec, 7).all(6)) {}

  /// A small run: every commit by itself, but some together, and a tidy in between. Ends at the
  /// first permanent error; tries a full disk again after `on_full`. Counts what it is told.
  void run_on(const std::function<void()>& on_full = {}) {
    told_ = given_ = 0;
    auto journal = Journal::create(path(), run_);
    if (!journal) return note(journal.error());
    auto epoch = (*journal)->begin_epoch(epoch_start());
    if (!epoch && epoch.error().kind == ErrorKind::retryable && on_full) {
      on_full();
      epoch = (*journal)->begin_epoch(epoch_start());
    }
    if (!epoch) return note(epoch.error());
    while (told_ < commits_.size()) {
      const std::size_t count = std::min(commits_.size() - told_, 1 + told_ % 3);
      const std::span next(commits_.data() + told_, count);
      given_ = told_ + count;
      auto committed = (*journal)->commit(next);
      if (!committed && committed.error().kind == ErrorKind::retryable && on_full) {
        on_full();
        committed = (*journal)->commit(next);
      }
      if (!committed) return note(committed.error());
      told_ = given_;
      if (told_ % 5 == 4) static_cast<void>((*journal)->tidy());
    }
  }

  void note(const Error& error) {
    EXPECT_FALSE(error.message.empty());
    EXPECT_EQ(error.message.find('\n'), std::string::npos);
  }

  /// What is at `path` is whole, and holds exactly some first commits: all that were told, and none
  /// that was not given.
  void expect_prefix(const std::string& path, std::size_t told, std::size_t given) {
    auto journal = Journal::open(path);
    ASSERT_TRUE(journal) << journal.error().message;
    auto content = (*journal)->load();
    ASSERT_TRUE(content) << content.error().message;
    std::size_t prefix = told;
    const auto records_of = [&](std::size_t count) {
      return replayed(run_.spec, {commits_.begin(), commits_.begin() + std::ptrdiff_t(count)});
    };
    while (prefix < given && !is_at(content->records, prefix)) ++prefix;
    expect_same(content->records, records_of(prefix));
  }

  /// A commit without outcomes is told from the one before by its counters.
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
  std::size_t told_ = 0;   ///< commits that commit() said are committed
  std::size_t given_ = 0;  ///< commits that it was called with
};

TEST_F(JournalFaultsTest, EveryOperationThatFailsLeavesWhatWasTold) {
  for (const int code : {SQLITE_IOERR, SQLITE_FULL}) {
    std::uint64_t n = 0;
    for (bool hit = true; hit;) {
      SCOPED_TRACE("operation " + std::to_string(++n) + ", code " + std::to_string(code));
      clear();
      FaultyVfs vfs;
      vfs.fail(n, 1, code);
      run_on();
      hit = vfs.operations() >= n;
      vfs.heal();
      if (std::filesystem::exists(path())) {
        expect_prefix(path(), told_, given_);
      } else {
        EXPECT_EQ(told_, 0U);
      }
      if (HasFailure()) return;
    }
    EXPECT_GT(n, 50U);
    EXPECT_EQ(told_, commits_.size());
  }
}

/// A kill at every change of a file while the journal is made: there is none under its name, or a
/// whole one, and what the dead one leaves is in nobody's way.
TEST_F(JournalFaultsTest, EveryKillWhileItIsMadeLeavesNoneOrAWholeOne) {
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
      const bool is_made = Journal::create(path(), run_).has_value();
      ::_exit(is_made ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    was_killed = WEXITSTATUS(status) == 1;
    const bool is_there = std::filesystem::exists(path());
    EXPECT_TRUE(was_killed || is_there);
    auto journal = is_there ? Journal::open(path()) : Journal::create(path(), run_);
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_TRUE((*journal)->begin_epoch(epoch_start()));
    if (HasFailure()) return;
  }
  EXPECT_GT(n, 5);
}

TEST_F(JournalFaultsTest, AFullDiskHoldsTheRunUpAndNoMore) {
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
    // Not while it is made: then it is refused.
    const std::uint64_t made = vfs.operations();
    vfs.fail(made + n, 1'000'000, SQLITE_FULL);
    bool was_full = false;
    run_on([&] {
      was_full = true;
      vfs.heal();
    });
    hit = was_full || vfs.operations() >= made + n;
    vfs.heal();
    EXPECT_EQ(told_, commits_.size());
    expect_prefix(path(), told_, given_);
    if (HasFailure()) return;
  }
  EXPECT_GT(n, 50U);
}

TEST_F(JournalFaultsTest, EveryPowerCutLeavesWhatWasTold) {
  struct Cut {
    DiskImage image;
    std::size_t told;
    std::size_t given;
  };
  std::vector<Cut> cuts;
  Rng rng(1);
  {
    FaultyVfs vfs;
    vfs.before_change = [&] {
      if (!std::filesystem::exists(path())) return;
      for (const std::uint64_t fixed : {0U, 1U, 2U}) {  // nothing, all torn, everything
        cuts.push_back({vfs.power_cut([&](std::uint64_t n) { return std::min(fixed, n - 1); }),
                        told_, given_});
      }
      for (int i = 0; i < 5; ++i) {
        cuts.push_back(
            {vfs.power_cut([&](std::uint64_t n) { return rng.below(n); }), told_, given_});
      }
    };
    run_on();
    EXPECT_EQ(told_, commits_.size());
  }
  EXPECT_GT(cuts.size(), 500U);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    SCOPED_TRACE("cut " + std::to_string(i));
    clear();
    for (const auto& [name, content] : cuts[i].image) {
      if (name.starts_with(path() + ".new-")) continue;
      std::ofstream(name, std::ios::binary) << content;
    }
    expect_prefix(path(), cuts[i].told, cuts[i].given);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace rollcall::coordinator
