// What the options of xargs and GNU parallel are here.
#pragma once

#include <vector>

#include "common/cli/command_line.h"

namespace rollcall::coordinator {

/// For each option of these programs that `rollcall exec` spells differently, does not need or does
/// not have.
std::vector<cli::Hint> exec_hints();

}  // namespace rollcall::coordinator
