// Sends requests to the control socket of a running coordinator (control/socket.h).
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/cli/command_line.h"

namespace rollcall::coordinator {

/// The control socket of this user's only coordinator. Error: permanent: there is no coordinator,
/// or there are several, which the error names.
[[nodiscard]] Result<std::string> find_control_socket(const cli::Environment& environment);

/// Sends one line and waits for the answer, limits::control_request at most each way. Error:
/// permanent: no coordinator answers, or not in time.
[[nodiscard]] Result<std::string> ask(const std::string& path, const std::string& line);

}  // namespace rollcall::coordinator
