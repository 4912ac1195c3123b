// Sends requests to a running coordinator: the client of ControlSocket.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "common/base/result.h"
#include "common/cli/command_line.h"

namespace rollcall::coordinator {

/// Finds the control socket of this user's only running coordinator. Fails with a permanent error
/// if no coordinator runs, or if several do; then the error lists them.
[[nodiscard]] Result<std::string> find_control_socket(const cli::Environment& environment);

/// Removes the sockets in the directory whose coordinators are dead: no process with the id in the
/// name exists, and none listens.
void remove_dead_sockets(const std::filesystem::path& directory);

/// Sends one line and returns the answer. Blocks for at most limits::control_request to send, and
/// as long for each read. Fails with a permanent error if no coordinator answers in time.
[[nodiscard]] Result<std::string> ask(const std::string& path, const std::string& line);

/// Sends one line and calls `take` with each line of the answer, until it returns false or the
/// coordinator has closed the connection. Waits as long as that takes. Fails with a permanent error
/// if no coordinator takes the request.
[[nodiscard]] Result<void> ask_for_lines(const std::string& path, const std::string& line,
                                         const std::function<bool(const std::string&)>& take);

}  // namespace rollcall::coordinator
