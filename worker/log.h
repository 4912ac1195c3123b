// The log of a worker, for lines of its core and of its runtime.
#pragma once

#include <string_view>

#include "worker/core/event.h"

namespace rollcall::worker {

/// Writes one line immediately to the destination that start_log() (common/cli/log.h) has set;
/// before that, to standard error.
void write_log(Severity severity, std::string_view text);

}  // namespace rollcall::worker
