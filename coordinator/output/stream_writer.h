// Writes to a file descriptor without making the event loop wait for the reader.
#pragma once

#include <cstddef>
#include <string>

namespace rollcall::coordinator {

/// Text on its way to a file descriptor, which stays the caller's. SIGPIPE must be ignored. Once a
/// write has failed, everything else is dropped.
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
  bool pending() const { return written_ < buffer_.size(); }
  /// Empty, or which write failed and why.
  const std::string& failed() const { return failed_; }

 private:
  bool writable(int wait_ms) const;
  /// False: nothing more can be written now.
  bool write_piece(std::size_t size, bool may_wait);
  void fail(int error);
  void forget_written();

  int fd_;
  std::string name_;
  std::size_t piece_;  ///< bytes that a write to something writable takes without waiting
  bool is_socket_ = false;
  bool is_file_ = false;
  std::string buffer_;
  std::size_t written_ = 0;
  std::string failed_;
};

}  // namespace rollcall::coordinator
