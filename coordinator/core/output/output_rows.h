// Output and its acknowledgements as the core sees them: counts, and never the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>

#include "common/model/ids.h"
#include "common/model/output_stream.h"

namespace rollcall::coordinator {

/// An attempt of a session.
struct SessionAttempt {
  SessionIndex session{};
  TaskId task{};
  Attempt attempt = 0;  ///< as on the wire

  friend bool operator==(const SessionAttempt&, const SessionAttempt&) = default;
  friend bool operator<(const SessionAttempt& a, const SessionAttempt& b) {
    return std::tie(a.session, a.task, a.attempt) < std::tie(b.session, b.task, b.attempt);
  }
};

/// What a spool has of an attempt of an earlier epoch. Bytes, from the first one.
struct FoundOutput {
  SessionAttempt attempt;
  std::array<std::uint64_t, kOutputStreams.size()> bytes{};  ///< by index(OutputStream)
};

/// How many more bytes of output can be taken.
struct OutputRoom {
  std::uint64_t bytes = 0;        ///< in the spool
  std::uint64_t early_bytes = 0;  ///< of the attempt that is printed as they arrive
  /// The spool is full, and nothing that has ended can be printed.
  bool is_stuck = false;
};

/// A row of an Output message: bytes [offset, offset + size) of a stream.
struct OutputRow {
  TaskId task{};
  Attempt attempt = 0;  ///< as on the wire
  OutputStream stream = OutputStream::out;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

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
