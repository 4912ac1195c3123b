// Output and its acknowledgements as the core sees them: counts, and never the bytes.
#pragma once

#include <cstdint>

#include "common/model/ids.h"
#include "common/model/output_stream.h"

namespace rollcall::coordinator {

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
