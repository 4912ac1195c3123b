// The log of a program: lines for people, on standard error or in a file.
#pragma once

#include <string>

#include "common/base/result.h"

namespace rollcall {

/// Sets up the process's log: time, `program` and process begin each line; `level` is one of
/// cli::log_levels() (option_values.h); `file` is appended to (empty: standard error). Call it
/// once, before the first line. Error: permanent, when the file cannot be opened.
[[nodiscard]] Result<void> start_log(const std::string& program, const std::string& level,
                                     const std::string& file);

}  // namespace rollcall
