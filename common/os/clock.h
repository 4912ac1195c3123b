// The one place that reads a clock.
#pragma once

#include "common/model/time.h"

namespace rollcall::os {

/// The monotonic clock of this host (CLOCK_MONOTONIC): not moved by changes of the wall clock.
Instant now();

/// Since this machine was booted, time in which it was suspended included (CLOCK_BOOTTIME).
Duration time_since_boot();

/// The wall clock: since 1970, UTC. It may be set at any time.
Duration unix_time();

}  // namespace rollcall::os
