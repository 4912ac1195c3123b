// What every message between coordinator and worker has.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/messages/drain.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall {

/// The version of the protocol that this program speaks, and the oldest that it understands.
inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::uint32_t kOldestProtocolVersion = 1;

/// What every message names: which run, which life of its coordinator, which session.
struct Header {
  std::uint32_t protocol = kProtocolVersion;
  RunId run;          ///< empty in a Hello and in an answer to one who knows no run
  Epoch epoch = 0;    ///< 0 in a Hello: not known yet
  SessionId session;  ///< empty in a Reject to one who named none

  friend bool operator==(const Header&, const Header&) = default;
};

/// Three of the four timestamps of one exchange; the fourth is the coordinator's clock at receipt
/// (RFC 5905 section 8). All zero when the worker has had nothing to answer to.
struct TimeEcho {
  Instant coordinator_sent;  ///< coordinator's clock: as it stood in its message
  Instant worker_received;   ///< worker's clock: when that message came
  Instant worker_sent;       ///< worker's clock: when the answer left
};

}  // namespace rollcall
