// The language of the golden scenarios: see tests/scenario/README.md.
#pragma once

#include <string>

namespace rollcall::coordinator {

/// Plays a scenario. Returns its script with the scheduler's real actions under each line.
/// Throws std::runtime_error for a line that it does not understand.
std::string play(const std::string& scenario);

}  // namespace rollcall::coordinator
