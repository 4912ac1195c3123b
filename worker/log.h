// The lines that a worker's core wants logged, and the shell's own.
#pragma once

#include <string_view>

#include "worker/core/event.h"

namespace rollcall::worker {

/// Writes one line at once, to where start_log() (common/cli/log.h) said; before that on standard
/// error.
void write_log(Severity severity, std::string_view text);

}  // namespace rollcall::worker
