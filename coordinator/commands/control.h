// `rollcall status` and `rollcall drain`: requests to a running coordinator.
#pragma once

#include "common/cli/command_line.h"
#include "coordinator/cli/control_options.h"

namespace rollcall::coordinator {

/// Prints the state of the run; returns the exit status (docs/reference/exit-status.md).
int run_status(const StatusOptions& options, const cli::Environment& environment);

/// Drains workers and prints a line for each; returns the exit status.
int run_drain(const DrainOptions& options, const cli::Environment& environment);

}  // namespace rollcall::coordinator
