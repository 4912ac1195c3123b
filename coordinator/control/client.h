// Asks a running coordinator on its control socket: the other end of control_socket.h.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/cli/command_line.h"

namespace rollcall::coordinator {

/// The one socket of this user's that is answered. Error: permanent: there is none, or which ones
/// there are.
[[nodiscard]] Result<std::string> find_control_socket(const cli::Environment& environment);

/// Sends one line and waits for the answer, limits::control_request at most each way. Error:
/// permanent: nobody answers there, or not in time.
[[nodiscard]] Result<std::string> ask(const std::string& path, const std::string& line);

}  // namespace rollcall::coordinator
