// Why a command failed, in words.
#pragma once

#include <optional>
#include <string>

#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/exec/results/command_results.h"

namespace rollcall::coordinator {

/// "exit status 3", safe for a terminal. `facts`: nullopt if the command has not run; `timeout`:
/// its time limit; `elapsed`: how long it ran.
std::string how_it_failed(Outcome outcome, const std::optional<CommandFacts>& facts,
                          Duration timeout, Duration elapsed);

}  // namespace rollcall::coordinator
