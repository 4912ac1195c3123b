// Checks the raw bytes of a message before it is parsed, so that a hostile message costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/messages/header.h"
#include "common/messages/worker_body_kind.h"

namespace rollcall {

/// Which of the two envelopes of wire.proto.
enum class Direction : std::uint8_t { from_worker, from_coordinator };

/// The header of a message, and where its body is. Allocates nothing.
struct Envelope {
  Header header;
  int field = 0;  ///< the field number of the body
  std::span<const std::byte> body;
};

/// Reads the envelope of `bytes`, and skips the body: however long that is, the time is constant
/// for a message in the form in which WireCodec writes it. Errors are of ErrorKind::protocol. After
/// an unsupported protocol version `envelope` is set, as far as this version knows the message;
/// after any other error it is Envelope{}.
[[nodiscard]] Result<void> read_envelope(std::span<const std::byte> bytes, Direction direction,
                                         Envelope& envelope);

/// Checks that the body has no more rows, and no more bytes, than limits.h allows: then the memory
/// that parsing it takes is in proportion to these limits, whatever it contains. A column is
/// counted by its bytes, so that up to ten times as many rows may pass; WireCodec::decode() counts
/// exactly.
[[nodiscard]] Result<void> check_sizes(const Envelope& envelope);

/// The error for a message that breaks the protocol in the way that `what` names.
Error bad_message(std::string_view what);

/// "NAME on HOST", from the Hello of any protocol version: these two fields never change. Empty if
/// the message from a worker is not a Hello, or names no worker.
std::string peer_in(const Envelope& hello);

/// Requires the envelope of a message from a worker.
WorkerBodyKind kind_of(const Envelope& envelope);

}  // namespace rollcall
