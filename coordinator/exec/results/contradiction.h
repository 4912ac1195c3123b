// Reports of commands that cannot be true.
#pragma once

#include <string>

#include "common/model/command.h"
#include "common/model/task.h"
#include "coordinator/exec/input/task_commands.h"

namespace rollcall::coordinator {

/// How the result of a command contradicts the outcome of its attempt, for example "succeeded with
/// exit status 3"; empty if it does not. `result` is null if the worker sent none. Pure.
std::string contradiction(Outcome outcome, const CommandResult* result, bool has_time_limit);

/// The first contradiction among the outcomes, with its task and attempt; empty if there is none.
/// Outcomes of tasks that do not exist are skipped.
std::string first_contradiction(const OutcomeColumns& outcomes, const TaskCommands& commands);

}  // namespace rollcall::coordinator
