// `rollcall report FILE --failed`.
#pragma once

#include "coordinator/cli/journal_options.h"

namespace rollcall::coordinator {

/// Whether the file has rows of results instead of a journal.
bool is_results_file(const std::string& path);

/// Lists the failed tasks of a journal or a results file; returns the exit status.
int report_failed(const ReportOptions& options);

}  // namespace rollcall::coordinator
