// The summary that standard error gets after a run.
#pragma once

#include <string>

#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/model/records.h"
#include "coordinator/output/format/display.h"

namespace rollcall::coordinator {

/// The checks that failed, each on a line with its first tasks; empty if none did. Written with
/// --quiet too.
std::string failed_checks_text(const Summary& summary);

/// Times, lateness, workers, attempts and seed, some lines each with its newline
/// (docs/reference/output.md).
std::string summary_text(const RunRecords& records, const Summary& summary,
                         const KindDisplay& display);

/// Writes failed_checks_text() and, unless `quiet`, summary_text() to `fd`. Errors are ignored.
void print_summary(int fd, const RunRecords& records, const Summary& summary,
                   const KindDisplay& display, bool quiet);

}  // namespace rollcall::coordinator
