// Writes to a file descriptor without making the event loop wait for the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "coordinator/exec/results/held_output.h"

namespace rollcall::coordinator {

/// Text on its way to a file descriptor, which stays the caller's. SIGPIPE must be ignored. What a
/// slow reader leaves waits in memory up to limits::output_backlog, and what is more in a temporary
/// file in TMPDIR or /tmp; only if there can be none the reader is waited for. Once a write has
/// failed, everything else is dropped.
class StreamWriter {
 public:
  /// `name` stands in errors: "standard output".
  StreamWriter(int fd, std::string name);

  /// What is appended here is written next.
  std::string& buffer() { return buffer_; }
  /// Writes as much as can be written without waiting.
  void write_some();
  /// Writes everything, however long it takes.
  void write_all();
  bool pending() const { return written_ < front_.size() || in_file() || !buffer_.empty(); }
  /// Bytes so far: what has come, and what of that is written. If a write has failed, all of it.
  std::uint64_t appended() const { return written_before_ + written_ + pending_bytes(); }
  std::uint64_t written() const { return failed_.empty() ? written_before_ + written_ : kAll; }
  /// Empty, or which write failed and why.
  const std::string& failed() const { return failed_; }

 private:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t pending_bytes() const {
    return front_.size() - written_ + bytes_in_file_ + buffer_.size();
  }
  bool in_file() const { return first_in_file_ < next_in_file_; }
  bool writable(int wait_ms) const;
  /// Makes sure that front_ has something to write. False: there is nothing.
  bool fill_front();
  /// False: nothing more can be written now.
  bool write_piece(std::size_t size, bool may_wait);
  /// False: the temporary file cannot be written.
  bool move_to_file();
  void fail(const std::string& why);

  int fd_;
  std::string name_;
  std::size_t piece_;  ///< bytes that a write to something writable takes without waiting
  bool is_socket_ = false;
  bool is_file_ = false;
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
};

}  // namespace rollcall::coordinator
