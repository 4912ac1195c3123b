// The only code that reads a clock.
#pragma once

#include "common/model/time.h"

namespace rollcall::os {

/// The monotonic clock of this host (CLOCK_MONOTONIC), unaffected by changes of the wall clock.
Instant now();

/// Time since boot, including time suspended (CLOCK_BOOTTIME).
Duration time_since_boot();

/// The wall clock: time since 1970, UTC. It may jump.
Duration unix_time();

}  // namespace rollcall::os
