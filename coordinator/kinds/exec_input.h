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

/// The command of each task. Reads the input to its end, or with `resumes_as_saved` from the
/// journal. Error: permanent: the input cannot be read, or is not a valid command.
[[nodiscard]] Result<TaskCommands> commands_of(const ExecOptions& options);

/// What a journal saves, so that commands_of() returns the same again even if the files change.
/// `commands` outlives it.
JournalInput journal_input(const ExecOptions& options, const TaskCommands& commands);

/// Identifies the input: a hash (FNV-1a).
std::string fingerprint_of(const TaskCommands& commands);

}  // namespace rollcall::coordinator
