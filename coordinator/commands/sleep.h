// `rollcall sleep`: from what the user asked for to the exit status.
#pragma once

#include "common/model/time.h"
#include "coordinator/cli/options.h"

namespace rollcall::coordinator {

/// Runs it, with all output, and returns the exit status (docs/reference/exit-status.md).
/// `started`: when the program began. Blocks until the run is over.
int run_sleep(const SleepOptions& options, Instant started);

}  // namespace rollcall::coordinator
