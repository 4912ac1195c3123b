// Writes commits on a thread of its own, so that the loop never waits for a disk.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "coordinator/core/commits/commit.h"
#include "coordinator/journal/journal.h"

namespace rollcall::coordinator {

/// What is on the disk.
struct CommittedSoFar {
  std::uint64_t commits = 0;  ///< number of commits given to write()
  std::uint64_t records = 0;  ///< outcomes of the run, those of earlier epochs included
};

/// A thread with a queue. One transaction takes all queued commits: a single commit is written at
/// once, and a flood is written in large transactions. Owns only the thread; journal and loop
/// outlive it, and only the thread uses the journal. Created, called and destroyed on the loop's
/// thread, which also runs its handlers; none runs after stop().
class JournalWriter {
 public:
  struct Handlers {
    /// More commits are on the disk: they may be published and acknowledged.
    std::function<void(const CommittedSoFar&)> committed;
    /// `is_disk_full`: the writer tries again until recovered(). Else nothing more is committed.
    /// Called once.
    std::function<void(const std::string& text, bool is_disk_full)> trouble;
    std::function<void()> recovered;
  };

  /// Requires journal.begin_epoch().
  JournalWriter(boost::asio::io_context& loop, Journal& journal, Handlers handlers);
  /// As stop().
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// Queues the next commit. Never waits.
  void write(JournalCommit commit);
  /// Writes the queued commits, unless there is trouble, and ends the thread. Returns what is
  /// committed by then. May be called twice.
  CommittedSoFar stop();

 private:
  class Thread;
  std::shared_ptr<Thread> thread_;
};

}  // namespace rollcall::coordinator
