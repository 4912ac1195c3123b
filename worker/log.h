// The log of the worker: lines on standard error or in a file.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// Sets up the log of the process. `level`: debug, info, warn, error or off; `file`: empty for
/// standard error. Error: permanent, when the file cannot be opened.
[[nodiscard]] Result<void> open_log(const std::string& level, const std::string& file);

/// Writes one line at once. Before open_log(): on standard error.
void write_log(Severity severity, std::string_view text);

}  // namespace rollcall::worker
