// `rollcall output`.
#pragma once

#include "coordinator/cli/journal_options.h"

namespace rollcall::coordinator {

/// Prints what a task has written, as far as the journal has it; returns the exit status.
int run_output(const OutputOptions& options);

}  // namespace rollcall::coordinator
