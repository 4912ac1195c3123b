// The options of `rollcall exec` that describe its input, and the inputs that follow its command.
#pragma once

#include <optional>
#include <vector>

#include "common/cli/command_line.h"
#include "coordinator/cli/exec_options.h"

namespace rollcall::coordinator {

/// Appends the options, which write into `into`.
void add_input(std::vector<cli::OptionSpec>& table, ExecOptions& into);

/// Moves the inputs at the end of options.command (::: and the like) to the other inputs, and
/// checks that all can be combined.
std::optional<cli::UsageError> take_inputs(const cli::CommandSpec& command,
                                           const cli::GivenOptions& given, ExecOptions& options);

}  // namespace rollcall::coordinator
