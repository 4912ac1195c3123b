// Requests to a running coordinator: `rollcall status`, `drain`, `cancel`, `pause`,
// `unpause` and `slots`.
#pragma once

#include "common/cli/command_line.h"
#include "coordinator/cli/control_options.h"

namespace rollcall::coordinator {

/// Prints the state of the run; returns the exit status (docs/reference/exit-status.md).
int run_status(const StatusOptions& options, const cli::Environment& environment);

/// Drains workers and prints a line for each; returns the exit status.
int run_drain(const DrainOptions& options, const cli::Environment& environment);

/// Cancels tasks and prints how many; returns the exit status.
int run_cancel(const CancelOptions& options, const cli::Environment& environment);

/// Pauses the run, or ends the pause; returns the exit status.
int run_pause(const PauseOptions& options, const cli::Environment& environment);

/// Limits the slots of workers and prints a line for each; returns the exit status.
int run_slots(const SlotsOptions& options, const cli::Environment& environment);

}  // namespace rollcall::coordinator
