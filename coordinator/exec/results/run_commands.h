// What is known of the commands of a run, to show it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "coordinator/exec/input/task_commands.h"
#include "coordinator/exec/results/command_results.h"

namespace rollcall::coordinator {

/// The end of the standard error of a failed command. It is kept for the first
/// limits::named_tasks of them.
struct FailureTail {
  std::size_t record = 0;
  std::string text;  ///< the last lines, safe for a terminal, each with a newline
};

/// The commands of a run, their results, and the last lines of the failed ones. All outlive it.
struct RunCommands {
  const TaskCommands* commands = nullptr;
  const CommandResults* results = nullptr;
  const std::vector<FailureTail>* tails = nullptr;
};

}  // namespace rollcall::coordinator
