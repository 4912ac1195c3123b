// The command line that sim and sim_mutants share.
#pragma once

#include <string>
#include <vector>

namespace rollcall::sim {

/// Runs the seeds that the arguments ask for, prints which one breaks a rule and how to repeat it,
/// and returns the exit status. `command` is what the user typed before the arguments.
int run_simulator(const std::string& command, std::vector<std::string> arguments);

}  // namespace rollcall::sim
