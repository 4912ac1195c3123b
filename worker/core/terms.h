// The terms of a session, which its last Welcome has set.
#pragma once

#include <cstdint>

#include "common/limits.h"
#include "common/model/time.h"

namespace rollcall::worker {

struct Terms {
  std::uint32_t slots = 0;  ///< 0: no limit
  Duration heartbeat_interval = limits::heartbeat_interval;
  Duration liveness = limits::liveness;
  /// Silence of the coordinator after which the attempts are dropped, and after which the worker
  /// exits; the second is not shorter.
  Duration silence_limit = limits::liveness;
  Duration rejoin_limit = limits::liveness;
};

}  // namespace rollcall::worker
