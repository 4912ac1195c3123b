// Holds the output of attempts in files, written on a thread of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "coordinator/exec/results/spool_files.h"
#include "coordinator/exec/results/spool_reader.h"

namespace rollcall::coordinator {

class SpoolThread;

/// A stream of which more bytes are in the spool.
struct SpooledSoFar {
  SpoolStream stream;
  std::uint64_t bytes = 0;  ///< from the first one
};

/// Why bytes could not be written.
struct SpoolTrouble {
  int error = 0;  ///< errno
  std::string text;
  bool is_disk_full = false;  ///< or a limit is reached, or the directory cannot be used now
};

/// The bytes of output that the core has taken, from append() until remove(). A thread writes them,
/// the bytes of a stream in the order of append(), so that the loop never waits for a disk. A
/// stream has a file when its first byte arrives.
///
/// With `sync`, bytes are written and made durable in batches: one sync for each file of a batch.
/// While a batch is synced, the next one grows.
///
/// Bytes that a reader has printed before they were written are dropped without being written.
///
/// Created, called and destroyed on the loop's thread, where its handlers run; the loop must
/// outlive it. Only the reader may be used by another thread. No function waits for the disk, but
/// for the constructor and the destructor. No handler runs after the destructor has begun.
class OutputSpool {
 public:
  struct Settings {
    std::uint64_t memory_bytes = 0;  ///< that wait to be written
    std::uint64_t disk_bytes = 0;    ///< of all output in the spool
    bool sync = false;               ///< bytes must outlive the machine: with a journal
    /// Nothing is written while no more than this waits. What is printed soon then never reaches
    /// the disk.
    std::uint64_t idle_bytes = 0;
  };
  struct Handlers {
    /// More bytes are written, and with `sync` durable. Each stream once.
    std::function<void(const std::vector<SpooledSoFar>&)> written;
    /// A write failed. Nothing more is written before retry(). Reads and deletions go on.
    std::function<void(const SpoolTrouble&)> trouble;
    /// room() has grown, because the reader has printed something. May be null.
    std::function<void()> changed = nullptr;
  };
  using ReadHandler = std::function<void(Result<std::string>)>;
  /// Bytes of a stream from offset `at` on. Earlier ones were printed, and are gone.
  struct Peeked {
    std::uint64_t at = 0;
    std::string bytes;
  };
  using PeekHandler = std::function<void(Result<Peeked>)>;

  /// Takes over the output that `files` list: all of it counts as written.
  OutputSpool(boost::asio::io_context& loop, std::unique_ptr<SpoolFiles> files,
              const Settings& settings, Handlers handlers);
  /// Carries out deletions. Bytes that were not reported to written() may be lost.
  ~OutputSpool();
  OutputSpool(const OutputSpool&) = delete;
  OutputSpool& operator=(const OutputSpool&) = delete;

  /// How many more bytes it takes now. append() beyond it works, but exceeds the limits.
  std::uint64_t room() const;
  /// How much of it the limit of disk_bytes allows. Memory is free again when bytes are written.
  std::uint64_t disk_room() const;
  /// Bytes that wait to be written.
  std::uint64_t unwritten() const;
  /// Output that an earlier coordinator has left, as of the constructor.
  const std::vector<SpooledOutput>& existing() const;
  /// Removes all of existing() but `keep`.
  void remove_unlisted(const std::set<SpoolKey>& keep);

  /// Adds bytes at the end of the stream.
  void append(const SpoolStream& stream, std::string bytes);
  /// There will be no more bytes of this attempt.
  void finished(const SpoolKey& key);
  /// Bytes of the stream that were reported to written(), or were there before.
  std::uint64_t written(const SpoolStream& stream) const;
  /// Calls `done` with the bytes of written() from offset `from` on, `most` of them or fewer, or
  /// with a permanent error.
  void read(const SpoolStream& stream, std::uint64_t from, std::size_t most, ReadHandler done);
  /// Calls `done` with the bytes from offset `from` on, `most` of them or fewer, or with a
  /// permanent error. Unlike read(), it also returns bytes that are not written yet. Handlers are
  /// called in the order of peek(). Bytes that are printed or removed later are still returned.
  void peek(const SpoolStream& stream, std::uint64_t from, std::size_t most, PeekHandler done);
  /// Drops the bytes from offset `at` on, also those that wait. Requires at <= written(). An error
  /// has no effect: later bytes replace those that were to be dropped.
  void cut(const SpoolStream& stream, std::uint64_t at);
  /// Deletes the output of the attempt, if there is any. It makes room at once.
  void remove(const SpoolKey& key);
  /// Forgets the output of the attempt, of which every byte was written, and leaves its files. It
  /// makes room at once.
  void keep(const SpoolKey& key);
  /// For the thread that prints. It may outlive the spool, and returns errors from then on. Without
  /// `sync` it reads bytes that are not written yet; with it, only those that are durable.
  std::shared_ptr<SpoolReader> reader() const;
  /// After trouble(): writes again what was not written.
  void retry();

 private:
  std::shared_ptr<SpoolThread> thread_;
  std::vector<SpooledOutput> existing_;
};

}  // namespace rollcall::coordinator
