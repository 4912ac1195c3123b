// Output and its acknowledgements as the core sees them: counts, and never the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "common/model/ids.h"

namespace rollcall::coordinator {

/// The streams of a command, by their numbers on the wire.
enum class OutputStream : std::uint8_t { out = 1, err = 2 };

inline constexpr std::size_t kOutputStreams = 2;

/// 0 or 1, for arrays with an element for each stream.
constexpr std::size_t index(OutputStream stream) {
  return static_cast<std::size_t>(stream) - 1;
}

/// A row of an Output message: bytes [offset, offset + size) of a stream.
struct OutputRow {
  TaskId task{};
  Attempt attempt = 0;  ///< as on the wire
  OutputStream stream = OutputStream::out;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// `durable` of a stream whose bytes are not wanted.
inline constexpr std::uint64_t kNotWanted = std::numeric_limits<std::uint64_t>::max();

/// A row of an OutputAck message.
struct OutputAnswer {
  TaskId task{};
  Attempt attempt = 0;
  OutputStream stream = OutputStream::out;
  std::uint64_t taken = 0;    ///< bytes, from the first one
  std::uint64_t durable = 0;  ///< bytes, from the first one; or kNotWanted

  friend bool operator==(const OutputAnswer&, const OutputAnswer&) = default;
};

}  // namespace rollcall::coordinator
