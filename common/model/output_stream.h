// The output streams of a command.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rollcall {

/// By their numbers on the wire.
enum class OutputStream : std::uint8_t { out = 1, err = 2 };

inline constexpr std::array kOutputStreams = {OutputStream::out, OutputStream::err};

/// 0 or 1, for arrays with an element for each stream.
constexpr std::size_t index(OutputStream stream) {
  return static_cast<std::size_t>(stream) - 1;
}

/// "Bytes durable" of a stream whose output is not wanted.
inline constexpr std::uint64_t kNotWanted = std::numeric_limits<std::uint64_t>::max();

}  // namespace rollcall
