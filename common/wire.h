// Bytes <-> messages. The only place that knows the generated Protocol Buffers classes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "common/message.h"
#include "common/result.h"

namespace rollcall {

/// Turns messages into bytes and back. Keeps its protobuf objects between calls, so that columns do
/// not allocate anew. One owner, one thread.
class WireCodec {
 public:
  WireCodec();
  ~WireCodec();
  WireCodec(const WireCodec&) = delete;
  WireCodec& operator=(const WireCodec&) = delete;

  /// Replaces `bytes` by the encoded message.
  void encode(const WorkerMessage& message, std::string& bytes);
  void encode(const CoordinatorMessage& message, std::string& bytes);

  /// Replaces `message`, reusing its memory. Every list is checked for its bound and every column
  /// for its length, every number for its range: what is returned is well formed, whoever sent it.
  /// Error: ErrorKind::protocol, with what is wrong; `message` is then unspecified.
  /// A protocol version outside [kOldestProtocolVersion, kProtocolVersion] is an error, but the
  /// header of `message` is then filled in, so that the peer can be told.
  [[nodiscard]] Result<void> decode(std::span<const std::byte> bytes, WorkerMessage& message);
  [[nodiscard]] Result<void> decode(std::span<const std::byte> bytes, CoordinatorMessage& message);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace rollcall
