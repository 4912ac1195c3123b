// Writes to a file descriptor without waiting for its reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "coordinator/exec/results/held_output.h"

namespace rollcall::coordinator {

/// Writes text to a file descriptor, which the caller owns. SIGPIPE must be ignored. If the reader
/// is slow, up to limits::output_in_memory wait in memory and the rest in a temporary file in
/// TMPDIR or /tmp; if that cannot be written, everything waits in memory. After a failed write
/// everything is dropped. One thread.
class StreamWriter {
 public:
  /// Errors contain `name`: "standard output".
  StreamWriter(int fd, std::string name);

  int fd() const { return fd_; }
  /// Append text here; it is written next.
  std::string& buffer() { return buffer_; }
  /// The same, without a copy if nothing waits in the buffer.
  void append(std::string&& text);
  /// From now on nothing waits in a file: the owner appends less to a slow reader.
  void stay_in_memory() { may_use_file_ = false; }
  /// Writes as much as is possible without blocking.
  void write_some();
  /// Writes everything; may block.
  void write_all();
  bool pending() const { return written_ < front_.size() || in_file() || !buffer_.empty(); }
  /// Bytes so far: appended, and written of those. After a failed write all count as written.
  std::uint64_t appended() const { return written_before_ + written_ + pending_bytes(); }
  std::uint64_t written() const { return failed_.empty() ? written_before_ + written_ : kAll; }
  /// Bytes that wait in memory.
  std::size_t bytes_in_memory() const { return front_.size() - written_ + buffer_.size(); }
  /// Which write failed and why; empty if none did.
  const std::string& failed() const { return failed_; }
  /// Why the temporary file cannot be written any more; empty: it can.
  const std::string& spool_error() const { return spool_error_; }

 private:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t pending_bytes() const {
    return front_.size() - written_ + bytes_in_file_ + buffer_.size();
  }
  bool in_file() const { return first_in_file_ < next_in_file_; }
  bool writable(int wait_ms) const;
  /// Refills front_ if it is empty. Returns false if there is nothing to write.
  bool fill_front();
  /// Returns false if nothing more can be written now.
  bool write_piece(std::size_t size, bool may_wait);
  /// Moves the buffer to the temporary file.
  void spool();
  void fail(const std::string& why);

  int fd_;
  std::string name_;
  std::size_t piece_;  ///< bytes that a writable descriptor takes without blocking
  bool is_socket_ = false;
  bool is_file_ = false;
  bool may_use_file_ = true;
  // In the order in which they are written:
  std::string front_;
  std::size_t written_ = 0;  ///< of front_
  std::uint64_t written_before_ = 0;
  HeldOutput file_;  ///< pieces by number
  std::uint64_t first_in_file_ = 0;
  std::uint64_t next_in_file_ = 0;
  std::uint64_t bytes_in_file_ = 0;
  std::string buffer_;
  std::string failed_;
  std::string spool_error_;
};

}  // namespace rollcall::coordinator
