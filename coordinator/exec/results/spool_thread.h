// The thread that writes the files of an OutputSpool. Holds the bytes until they are written.
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "coordinator/exec/results/output_spool.h"
#include "coordinator/exec/results/spool_reader.h"

namespace rollcall::coordinator {

/// What an OutputSpool and its readers share. `mutex_` guards what several threads use. The files
/// belong to the thread until it is joined, the handlers to the loop. A stream that is cut or
/// deleted gets another version, or none; what is written of an earlier version is not reported.
/// Requests are carried out by the thread, in order, before bytes that were appended after them.
class SpoolThread final : public SpoolReader, public std::enable_shared_from_this<SpoolThread> {
 public:
  SpoolThread(boost::asio::io_context& loop, std::unique_ptr<SpoolFiles> files,
              const OutputSpool::Settings& settings, OutputSpool::Handlers handlers);

  // The loop calls these once each, the others in between: see OutputSpool.
  std::vector<SpooledOutput> start();
  void stop();

  std::uint64_t room() const;
  std::uint64_t disk_room() const;
  std::uint64_t unwritten() const;
  void append(const SpoolStream& stream, std::string bytes);
  std::uint64_t written(const SpoolStream& stream) const;
  void finished(const SpoolStream& stream);
  void read(const SpoolStream& stream, std::uint64_t from, std::size_t most,
            OutputSpool::ReadHandler done);
  void peek(const SpoolStream& stream, std::uint64_t from, std::size_t most,
            OutputSpool::PeekHandler done);
  void cut(const SpoolStream& stream, std::uint64_t at);
  void remove(const SpoolStream& stream);
  void keep(const SpoolStream& stream);
  void retry();

  // SpoolReader.
  Result<std::string> read(const SpoolStream& stream, std::uint64_t from,
                           std::size_t most) override;
  Result<void> wait_until_written(const SpoolKey& key) override;
  void printed(const SpoolStream& stream, std::uint64_t bytes) override;
  void printed(const SpoolKey& key) override;

 private:
  using Bytes = std::shared_ptr<const std::string>;
  using Request = std::function<void(SpoolFiles&)>;

  struct Piece {
    std::uint64_t at = 0;
    Bytes bytes;

    std::uint64_t end() const { return at + bytes->size(); }
  };
  struct Stream {
    std::uint64_t version = 0;
    std::uint64_t appended = 0;
    std::uint64_t stored = 0;       ///< in the file, with `sync` durable; or printed
    std::uint64_t written = 0;      ///< of those, reported to the loop
    std::uint64_t printed = 0;      ///< need not be read again
    std::deque<Piece> pieces;       ///< not stored yet; without gaps but for printed bytes
    std::size_t being_written = 0;  ///< of `pieces`, the first ones
  };
  struct Batch {
    SpoolStream stream;
    std::uint64_t version = 0;
    std::vector<Piece> pieces;  ///< at least one
  };
  /// What the thread does next: first the requests, in order.
  struct Work {
    std::vector<Request> requests;
    std::vector<Batch> batches;
    bool is_last = false;
  };
  struct Written {
    SpooledSoFar so_far;
    std::uint64_t version = 0;
  };

  Error error(const std::string& verb, int number) const;
  Error has_ended() const;
  template <class Call>
  void post(Call call);

  // These require the mutex.
  void request(Request request);
  void release(const SpoolStream& name, const Stream& stream);
  void drop_printed(const SpoolStream& name, Stream& stream);
  void drop(const SpoolStream& name, Stream& stream);
  bool forget(const SpoolStream& stream);
  bool erase(const SpoolStream& stream);
  void post_change();
  static std::string from_memory(const Stream& stream, std::uint64_t from, std::size_t most);
  bool may_write() const;
  bool is_stored(const SpoolStream& stream, std::uint64_t bytes) const;

  // The thread's.
  void run();
  Work next_work();
  void write(const std::vector<Batch>& batches);
  int write_batch(const Batch& batch);
  void end_batch(const Batch& batch, bool is_done);
  void on_written(const std::vector<Written>& all);  ///< on the loop

  boost::asio::io_context& loop_;
  std::unique_ptr<SpoolFiles> files_;
  const std::string directory_;
  const OutputSpool::Settings settings_;
  OutputSpool::Handlers handlers_;
  bool is_stopped_ = false;  ///< the loop's

  mutable std::mutex mutex_;
  std::condition_variable wake_;      ///< for the thread
  std::condition_variable progress_;  ///< for wait_until_written()
  // Guarded by mutex_.
  std::map<SpoolStream, Stream> streams_;
  std::set<SpoolStream> waiting_;  ///< those with pieces that are not being written
  std::uint64_t versions_ = 0;
  std::uint64_t disk_bytes_ = 0;    ///< appended, and neither printed nor removed
  std::uint64_t queued_bytes_ = 0;  ///< of all pieces, and those of removed ones being written
  std::vector<Request> requests_;
  bool is_halted_ = false;
  bool must_write_ = false;      ///< all that waits, even if it is little
  std::optional<Error> broken_;  ///< why it was halted, unless the disk is full
  bool is_stopping_ = false;
  bool is_change_posted_ = false;

  std::thread thread_;
};

}  // namespace rollcall::coordinator
