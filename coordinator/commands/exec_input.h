// What `rollcall exec` makes its tasks of: its options and its input, or what a journal has kept.
#pragma once

#include <cstddef>
#include <string>

#include "common/base/result.h"
#include "coordinator/cli/exec_options.h"
#include "coordinator/exec/input/task_commands.h"
#include "coordinator/journal/journal.h"

namespace rollcall::coordinator {

/// Bytes of the variables that tell a command which attempt it is, at most.
inline constexpr std::size_t kOwnVariables = 200;

/// The command of each task. Reads the input to its end; with `resumes_as_saved` what the journal
/// has kept of it. Error: permanent: what cannot be read, or is no command.
[[nodiscard]] Result<TaskCommands> commands_of(const ExecOptions& options);

/// What a journal is to keep, so that commands_of() has the same again, whatever becomes of the
/// files. `commands` outlives it.
JournalInput journal_input(const ExecOptions& options, const TaskCommands& commands);

/// Names the input: another one has another fingerprint, all but surely (FNV-1a).
std::string fingerprint_of(const TaskCommands& commands);

}  // namespace rollcall::coordinator
