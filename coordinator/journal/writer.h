// Writes commits to the journal on a separate thread, so that the event loop never waits for the
// disk.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "coordinator/core/commits/commit.h"
#include "coordinator/journal/journal.h"

namespace rollcall::coordinator {

/// The number of commits and outcomes that are on disk.
struct CommittedSoFar {
  std::uint64_t commits = 0;  ///< of those passed to enqueue(), in order
  std::uint64_t records = 0;  ///< outcomes of the run, including earlier epochs
};

/// A thread with a queue. Each transaction takes all queued commits, up to
/// limits::journal_transaction outcomes and tasks: a single commit is written at once, and under
/// load transactions grow. The journal and the loop must outlive the writer, and nothing else may
/// use the journal meanwhile. Created, called and destroyed on the loop's thread, where its
/// handlers run. No handler runs after stop().
class JournalWriter {
 public:
  struct Handlers {
    /// More commits are durable, and may be published and acknowledged.
    std::function<void(const CommittedSoFar&)> committed;
    /// A write failed. If `is_disk_full`, the writer retries until it succeeds, and then calls
    /// recovered(). Otherwise it has given up, and nothing more will be committed. Called once for
    /// each failure, not for each retry.
    std::function<void(const std::string& text, bool is_disk_full)> trouble;
    std::function<void()> recovered;
  };

  /// Requires journal.begin_epoch().
  JournalWriter(boost::asio::io_context& loop, Journal& journal, Handlers handlers);
  /// Calls stop().
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// Queues the next commit. Never blocks.
  void enqueue(std::shared_ptr<const Commit> commit);
  /// Writes all queued commits, unless writing fails, and ends the thread. Returns what has been
  /// committed. May be called again.
  CommittedSoFar stop();

 private:
  class Thread;
  std::shared_ptr<Thread> thread_;
};

}  // namespace rollcall::coordinator
