// The commands of `rollcall exec`, from its options and its input, or from a journal.
#pragma once

#include <cstddef>
#include <string>

#include "common/base/result.h"
#include "coordinator/cli/exec_options.h"
#include "coordinator/exec/input/task_commands.h"
#include "coordinator/journal/journal.h"

namespace rollcall::coordinator {

/// Bytes of the variables that identify an attempt (ROLLCALL_TASK_ID ...), at most.
inline constexpr std::size_t kOwnVariables = 200;

/// Returns the command of each task. Reads the input to its end, which may block, or the journal
/// with `resumes_as_saved`. Fails with a permanent error if the input cannot be read or is invalid.
[[nodiscard]] Result<TaskCommands> commands_of(const ExecOptions& options);

/// Returns the input for the journal, so that commands_of() returns the same commands again even if
/// the files change. `commands` must outlive it.
JournalInput journal_input(const ExecOptions& options, const TaskCommands& commands);

/// Returns a hash of the input (FNV-1a), in decimal.
std::string fingerprint_of(const TaskCommands& commands);

}  // namespace rollcall::coordinator
