// The terms of a session, which its last Welcome has set.
#pragma once

#include <cstdint>

#include "common/limits.h"
#include "common/model/time.h"
#include "worker/core/kind_traits.h"

namespace rollcall::worker {

struct Terms {
  std::uint32_t slots = 0;  ///< 0: no limit
  KindTraits kind;          ///< of the tasks of the run
  Duration heartbeat_interval = limits::heartbeat_interval;
  Duration liveness = limits::liveness;
  Duration silence_limit = limits::liveness;  ///< exit after this much silence of the coordinator
};

}  // namespace rollcall::worker
