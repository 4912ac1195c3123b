// The command line of `rollcall`.
#pragma once

#include <memory>
#include <variant>

#include "common/cli/command_line.h"
#include "coordinator/cli/control_options.h"
#include "coordinator/cli/journal_options.h"
#include "coordinator/cli/keys_options.h"
#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {

/// The parsed command line: a run of tasks, another command, or a text to print.
using Invocation =
    std::variant<std::unique_ptr<TaskKind>, KeysOptions, StatusOptions, FollowOptions, DrainOptions,
                 CancelOptions, PauseOptions, SlotsOptions, ReportOptions, OutputOptions,
                 ValidateOptions, ResumeOptions, cli::PrintText, cli::UsageError>;

/// `argv` and `environment` as main() gets them. Never throws because of its arguments.
Invocation parse_command_line(int argc, const char* const* argv,
                              const cli::Environment& environment);

/// `rollcall` without a command.
cli::CommandSpec program_command();

}  // namespace rollcall::coordinator
