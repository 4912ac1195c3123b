// Keeps commits on a thread of its own, so that the loop never waits for a disk.
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
  std::uint64_t commits = 0;  ///< of those given to keep(), in their order
  std::uint64_t records = 0;  ///< outcomes of the run, those of earlier epochs included
};

/// A thread with a queue. All that waits goes into one transaction: a commit that comes alone is on
/// its way at once, and a flood goes in large ones. Owns nothing but the thread; journal and loop
/// outlive it, and nobody else uses the journal meanwhile. Made, called and destroyed on the loop's
/// thread, where its handlers run, too; after stop() none does.
class JournalWriter {
 public:
  struct Handlers {
    /// They are committed: their workers may be told.
    std::function<void(const CommittedSoFar&)> committed;
    /// `is_disk_full`: it tries again by itself until recovered(). Else it was the last try, and
    /// nothing more is committed. Said once.
    std::function<void(const std::string& text, bool is_disk_full)> trouble;
    std::function<void()> recovered;
  };

  /// Requires journal.begin_epoch().
  JournalWriter(boost::asio::io_context& loop, Journal& journal, Handlers handlers);
  /// As stop().
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// The next commit. Never waits.
  void keep(std::shared_ptr<const Commit> commit);
  /// Keeps all that waits, unless there is trouble, and ends the thread. Returns what is committed
  /// by then. May be called twice.
  CommittedSoFar stop();

 private:
  class Thread;
  std::shared_ptr<Thread> thread_;
};

}  // namespace rollcall::coordinator
