// The log of a program, on standard error or in a file.
#pragma once

#include <string>

#include "common/base/result.h"

namespace rollcall {

/// Sets up the log of this process. Each line starts with the time, `program` and the process id.
/// `level` is one of cli::log_levels(). Lines are appended to `file`, or go to standard error if it
/// is empty. Call it once, before the first line. Fails if the file cannot be opened.
[[nodiscard]] Result<void> start_log(const std::string& program, const std::string& level,
                                     const std::string& file);

}  // namespace rollcall
