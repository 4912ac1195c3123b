// The output of a command that the coordinator may still ask for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "common/limits.h"
#include "common/model/output_stream.h"

namespace rollcall::worker {

/// The bytes of one stream that were read and not forgotten. Offsets count from the first byte of
/// the stream. A plain value with two callbacks; one thread.
class OutputBuffer {
 public:
  void append(std::string_view bytes);
  /// Appends bytes [offset, offset + size) to `to`; they count as sent. Returns false, and changes
  /// nothing, if it does not have them.
  bool copy(std::uint64_t offset, std::uint64_t size, std::string& to);
  /// Forgets the first bytes, up to those that were sent. kNotWanted: all, also later ones.
  void forget(std::uint64_t bytes);
  /// Removes and returns the bytes that were not sent. It holds nothing afterwards.
  std::string take_unsent();
  /// Drops the bytes that were not sent. Returns their number.
  std::uint64_t drop_unsent();

  std::uint64_t size() const { return size_; }  ///< bytes that were appended, in all
  std::uint64_t sent() const { return sent_; }
  std::uint64_t unsent() const { return is_wanted_ ? size_ - sent_ : 0; }
  bool is_wanted() const { return is_wanted_; }
  /// No more than a read beyond this should be appended.
  bool has_room() const { return unsent() < limits::output_read_ahead; }
  /// Bytes in memory.
  std::size_t held() const;

  /// Bytes were appended, or the stream has ended: called by the owner of the pipe.
  std::function<void()> on_read;
  /// Called once when has_room() becomes true.
  std::function<void()> on_room;

 private:
  void make_room();

  std::deque<std::string> chunks_;  ///< each has at most limits::output_row_bytes
  std::uint64_t first_ = 0;         ///< the offset of the first chunk
  std::uint64_t size_ = 0;
  std::uint64_t sent_ = 0;
  bool is_wanted_ = true;
};

/// Both streams of a command.
struct CommandOutput {
  std::array<OutputBuffer, kOutputStreams.size()> streams;

  OutputBuffer& of(OutputStream stream) { return streams[index(stream)]; }
};

}  // namespace rollcall::worker
