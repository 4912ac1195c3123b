// The summary of a run as text.
#pragma once

#include <string>

#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/model/records.h"
#include "coordinator/view/display.h"

namespace rollcall::coordinator {

/// The checks that failed, each on a line with its first tasks; empty if none did. Written with
/// --quiet too.
std::string failed_checks_text(const Summary& summary);

/// Times, lateness, workers, attempts and seed, some lines each with its newline
/// (docs/reference/output.md).
std::string summary_text(const RunRecords& records, const Summary& summary,
                         const KindDisplay& display);

/// The same in one line: "200 succeeded, 3 failed in 0.16 s", and what is unusual, if anything is.
std::string short_summary_text(const RunRecords& records, const Summary& summary);

}  // namespace rollcall::coordinator
