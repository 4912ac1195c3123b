// What standard error gets after a run.
#pragma once

#include "coordinator/cli/run_options.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/model/records.h"
#include "coordinator/view/display.h"

namespace rollcall::coordinator {

/// Writes to `fd`: the failed tasks, unless `quiet`; the checks that failed; output that was
/// dropped; and the summary in this form, unless `quiet`. Errors are ignored.
void print_summary(int fd, const RunRecords& records, const Summary& summary,
                   const KindDisplay& display, SummaryStyle style, bool quiet);

}  // namespace rollcall::coordinator
