// What standard error says after a run.
#pragma once

#include <string>

#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// The checks that failed, each on a line with its first tasks; empty if none did. Written with
/// --quiet too.
std::string failed_checks_text(const Summary& summary);

/// Times, lateness, workers, attempts and seed, some lines each with its newline
/// (docs/reference/output.md).
std::string summary_text(const RunRecords& records, const Summary& summary);

/// Writes failed_checks_text() and, unless `quiet`, summary_text() to `fd`. Failures to write are
/// passed over.
void print_summary(int fd, const RunRecords& records, const Summary& summary, bool quiet);

}  // namespace rollcall::coordinator
