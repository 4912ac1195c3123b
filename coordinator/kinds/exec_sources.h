// Several inputs of `rollcall exec` (`:::`, `::::` and their linked forms), combined.
#pragma once

#include "common/base/result.h"
#include "coordinator/cli/exec_options.h"
#include "coordinator/exec/input/combinations.h"

namespace rollcall::coordinator {

/// Returns the combinations of the sources in `options`. Waits for the end of each file, because
/// the first command may need the last line. Fails with a permanent error if a file cannot be read
/// or is invalid, or if there are too many combinations.
[[nodiscard]] Result<Combinations> read_sources(const ExecOptions& options);

/// Returns the combinations of a run in a journal, with the files as they were when it began. The
/// journal has their lines, one file after the other. Fails with a permanent error if the journal
/// does not have all of them.
[[nodiscard]] Result<Combinations> saved_sources(const ExecOptions& options);

}  // namespace rollcall::coordinator
