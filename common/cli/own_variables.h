// The environment variables of Rollcall itself.
#pragma once

#include <array>
#include <string_view>

namespace rollcall::cli {

/// Those that Rollcall sets for commands, and those that name options. Both programs remove them
/// from the environment that they pass on: the options of a run are not those of a run that one of
/// its commands starts.
inline constexpr std::array<std::string_view, 11> kOwnVariables{
    "ROLLCALL_ACCESS_FILE", "ROLLCALL_ATTEMPT",  "ROLLCALL_LOG_FORMAT", "ROLLCALL_LOG_LEVEL",
    "ROLLCALL_OUTPUT",      "ROLLCALL_PROGRESS", "ROLLCALL_RUN_ID",     "ROLLCALL_RUN_NAME",
    "ROLLCALL_SLOT",        "ROLLCALL_TASK_ID",  "ROLLCALL_WORKER"};

/// `variable` is "NAME=VALUE".
constexpr bool is_own_variable(std::string_view variable) {
  for (const std::string_view name : kOwnVariables) {
    if (variable.starts_with(name) && variable.substr(name.size()).starts_with('=')) return true;
  }
  return false;
}

}  // namespace rollcall::cli
