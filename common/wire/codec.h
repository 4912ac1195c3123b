// Bytes <-> messages. The only place that knows the generated Protocol Buffers classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/base/result.h"
#include "common/messages/message.h"

namespace rollcall {

/// Every instant that decode() lets through is in (-kTimeBound, kTimeBound) ns, and every elapsed
/// time and result in [0, kTimeBound). 36 years; sums and differences of a few cannot overflow.
inline constexpr std::int64_t kTimeBound = std::int64_t{1} << 60U;

/// Turns messages into bytes and back. Keeps its protobuf objects between calls, so that columns do
/// not allocate anew. One owner, one thread.
class WireCodec {
 public:
  WireCodec();
  ~WireCodec();
  WireCodec(const WireCodec&) = delete;
  WireCodec& operator=(const WireCodec&) = delete;

  /// Replaces `bytes` by the encoded message. Requires: columns of one length, within the limits
  /// of limits.h. Texts are cut, and what is no printable UTF-8 in them becomes '?'.
  void encode(const WorkerMessage& message, std::string& bytes);
  void encode(const CoordinatorMessage& message, std::string& bytes);

  /// Replaces `message`, reusing its memory. Every list is checked for its bound and every column
  /// for its length, every number for its range: what is returned is well formed, whoever sent it.
  /// Error: ErrorKind::protocol, with what is wrong; `message` is then unspecified.
  /// A protocol version outside [kOldestProtocolVersion, kProtocolVersion] is an error, but the
  /// header of `message` is then filled in, so that the peer can be told. Whatever else cannot be
  /// read as a message leaves a header that says kProtocolVersion.
  [[nodiscard]] Result<void> decode(std::span<const std::byte> bytes, WorkerMessage& message);
  [[nodiscard]] Result<void> decode(std::span<const std::byte> bytes, CoordinatorMessage& message);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace rollcall
