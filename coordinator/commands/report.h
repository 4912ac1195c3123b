// `rollcall report` and `rollcall validate`: a run again, from its journal alone.
#pragma once

#include "coordinator/cli/options.h"

namespace rollcall::coordinator {

/// Reports the run as at its end. Returns the exit status: 0, 2 (no journal), 6 (cannot be
/// written).
int run_report(const ReportOptions& options);

/// Validates the run again. Returns the exit status: 0, 2, 3 (it does not hold, or is not
/// finished), 6.
int run_validate(const ValidateOptions& options);

}  // namespace rollcall::coordinator
