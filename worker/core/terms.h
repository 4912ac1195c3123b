// The terms on which a session works, as its last Welcome says.
#pragma once

#include <cstdint>

#include "common/limits.h"
#include "common/model/time.h"
#include "worker/core/kind_traits.h"

namespace rollcall::worker {

struct Terms {
  std::uint32_t slots = 0;  ///< 0: no limit
  KindTraits kind;
  Duration heartbeat_interval = limits::heartbeat_interval;
  Duration liveness = limits::liveness;
  Duration silence_limit = limits::liveness;
};

}  // namespace rollcall::worker
