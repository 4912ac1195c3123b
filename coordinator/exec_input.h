// What `rollcall exec` makes its tasks of: its options and its input, or what a journal has kept.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "common/result.h"
#include "coordinator/exec/task_commands.h"
#include "coordinator/exec_options.h"

namespace rollcall::coordinator {

/// Bytes of the variables that tell a command which attempt it is, at most.
inline constexpr std::size_t kOwnVariables = 200;

/// The command of each task. Reads the input to its end; with `resumes_as_kept` what the journal
/// has kept of it. Error: permanent: what cannot be read, or is no command.
[[nodiscard]] Result<TaskCommands> commands_of(const ExecOptions& options);

/// The input again, in parts, for a journal; an empty part is the end. `commands` outlives it.
std::function<std::string()> input_parts(const ExecOptions& options, const TaskCommands& commands);

/// Names the input: another one has another fingerprint, all but surely (FNV-1a).
std::string fingerprint_of(const TaskCommands& commands);

}  // namespace rollcall::coordinator
