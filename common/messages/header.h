// The header of every message between coordinator and worker.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/messages/drain.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall {

/// The protocol version of this program, and the oldest version that it accepts.
inline constexpr std::uint32_t kProtocolVersion = 2;
inline constexpr std::uint32_t kOldestProtocolVersion = 2;

/// Optional parts of the protocol that a program supports: bit n is feature n, from 1. Greater
/// numbers are not kept.
using FeatureSet = std::bitset<64>;

/// Feature 1: output of any size, in chunks.
inline constexpr std::size_t kOutputInChunks = 1;
/// Feature 2: Job::nice.
inline constexpr std::size_t kNiceness = 2;
/// Feature 3: Job::max_memory.
inline constexpr std::size_t kMemoryLimit = 3;

/// Every message names its run, epoch and session.
struct Header {
  std::uint32_t protocol = kProtocolVersion;
  RunId run;          ///< empty in a Hello, and in a Reject of a message without a run
  Epoch epoch = 0;    ///< 0 in a Hello
  SessionId session;  ///< empty in a Reject of a message without a session

  friend bool operator==(const Header&, const Header&) = default;
};

/// Three of the four timestamps of a round trip; the fourth is the coordinator's clock at receipt
/// (RFC 5905 section 8). All zero if the worker has received no timestamp yet.
struct TimeEcho {
  Instant coordinator_sent;  ///< coordinator's clock: copied from its message
  Instant worker_received;   ///< worker's clock: when that message arrived
  Instant worker_sent;       ///< worker's clock: when the answer was sent
};

}  // namespace rollcall
