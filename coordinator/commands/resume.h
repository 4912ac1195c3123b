// `rollcall resume`.
#pragma once

#include "common/model/time.h"
#include "coordinator/cli/journal_options.h"

namespace rollcall::coordinator {

/// Resumes the run in a journal with its own command line; returns the exit status. `started`: when
/// the program began. Blocks until the run is over.
int run_resume(const ResumeOptions& options, Instant started);

}  // namespace rollcall::coordinator
