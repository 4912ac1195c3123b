// Where the control sockets of this user's coordinators are.
#pragma once

#include <filesystem>
#include <vector>

#include "common/base/result.h"
#include "common/cli/command_line.h"

namespace rollcall::coordinator {

/// The directory for them: $XDG_RUNTIME_DIR/rollcall, else /tmp/rollcall-UID.
std::filesystem::path control_directory(const cli::Environment& environment);

/// Creates the directory, mode 0700, unless it exists. Error: permanent: it cannot be created, or
/// another user owns it or can open it.
[[nodiscard]] Result<void> make_control_directory(const std::filesystem::path& directory);

/// The name of this process's socket in the directory: PID.sock.
std::filesystem::path control_path_in(const std::filesystem::path& directory);

/// The sockets in the directory, sorted by name; empty if the directory does not exist or is not
/// this user's alone. Not all need to answer.
std::vector<std::filesystem::path> control_sockets_in(const std::filesystem::path& directory);

}  // namespace rollcall::coordinator
