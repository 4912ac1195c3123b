// `rollcall report` and `rollcall validate`: show a run from its journal.
#pragma once

#include "coordinator/cli/journal_options.h"

namespace rollcall::coordinator {

/// Prints the report of the run as at its end. Returns the exit status: 0, 2 (no journal), 6
/// (cannot write).
int run_report(const ReportOptions& options);

/// Validates the run again. Returns the exit status: 0, 2, 3 (not valid or not finished), 6.
int run_validate(const ValidateOptions& options);

}  // namespace rollcall::coordinator
