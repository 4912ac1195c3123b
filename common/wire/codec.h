// Encodes and decodes messages. Only common/wire uses the generated Protocol Buffers classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/base/result.h"
#include "common/messages/message.h"

namespace rollcall {

/// Every instant that decode() accepts is in (-kTimeBound, kTimeBound) ns, and every elapsed time
/// and result in [0, kTimeBound). The bound is 36 years, so that sums and differences of a few
/// cannot overflow.
inline constexpr std::int64_t kTimeBound = std::int64_t{1} << 60U;

/// Encodes and decodes messages. Reuses its protobuf objects, so that columns are not allocated
/// again. One owner, one thread.
class WireCodec {
 public:
  WireCodec();
  ~WireCodec();
  WireCodec(const WireCodec&) = delete;
  WireCodec& operator=(const WireCodec&) = delete;

  /// Replaces `bytes` with the encoded message. Requires columns of equal length within the limits
  /// of limits.h. Texts are made printable (common/base/text.h).
  void encode(const WorkerMessage& message, std::string& bytes);
  void encode(const CoordinatorMessage& message, std::string& bytes);

  /// Replaces `message`, reusing its memory. Checks the size of every list and column and the range
  /// of every number: the result is well-formed. Errors are of ErrorKind::protocol, and leave the
  /// body of `message` unspecified. After an unsupported protocol version the header is set, so
  /// that the peer can be informed; after any other error its protocol version is kProtocolVersion.
  [[nodiscard]] Result<void> decode(std::span<const std::byte> bytes, WorkerMessage& message);
  [[nodiscard]] Result<void> decode(std::span<const std::byte> bytes, CoordinatorMessage& message);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace rollcall
