// Reads the request in a journal, to resume or report its run.
#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/cli/command_line.h"
#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {

struct SavedRun {
  std::unique_ptr<TaskKind> kind;  ///< its options have `journal` and `resumes_as_saved` set
  std::string directory;           ///< where relative paths start; empty: unknown
};

/// Reads the command line of the run in this journal; `environment` is the present one. Fails with
/// a permanent error if it cannot be read.
[[nodiscard]] Result<SavedRun> saved_run(const std::string& journal,
                                         const cli::Environment& environment);

}  // namespace rollcall::coordinator
