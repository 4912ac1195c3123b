// `rollcall follow`: prints the output of a task while it runs.
#pragma once

#include "common/cli/command_line.h"
#include "coordinator/cli/control_options.h"

namespace rollcall::coordinator {

/// Prints the output of the task until the task has ended, byte for byte; returns the exit status
/// (docs/reference/exit-status.md).
int run_follow(const FollowOptions& options, const cli::Environment& environment);

}  // namespace rollcall::coordinator
