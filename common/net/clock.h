// The one place that reads a clock.
#pragma once

#include "common/time.h"

namespace rollcall::net {

/// The monotonic clock of this host (CLOCK_MONOTONIC): not moved by changes of the wall clock.
Instant now();

}  // namespace rollcall::net
