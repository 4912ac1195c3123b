// Whether the command of `rollcall exec` can be a program.
#pragma once

#include "common/base/result.h"
#include "coordinator/cli/exec_options.h"

namespace rollcall::coordinator {

/// Fails if COMMAND is one word with spaces and no program of that name exists: a script without
/// --shell, or words that were quoted together.
[[nodiscard]] Result<void> check_program(const ExecOptions& options);

}  // namespace rollcall::coordinator
