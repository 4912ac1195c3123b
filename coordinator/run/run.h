// Runs tasks: from the request to the exit status.
#pragma once

#include "common/model/time.h"
#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {

/// Runs the tasks to their end, with all output, and returns the exit status
/// (docs/reference/exit-status.md). `started`: when the program began. Blocks until the run is
/// over.
int run_tasks(TaskKind& kind, Instant started);

}  // namespace rollcall::coordinator
