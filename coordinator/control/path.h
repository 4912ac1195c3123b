// The paths of the control sockets of this user's coordinators.
#pragma once

#include <filesystem>
#include <vector>

#include "common/base/result.h"
#include "common/cli/command_line.h"

namespace rollcall::coordinator {

/// The directory of the sockets: $XDG_RUNTIME_DIR/rollcall, or /tmp/rollcall-UID without it.
std::filesystem::path control_directory(const cli::Environment& environment);

/// Creates the directory with mode 0700 if it does not exist. Fails with a permanent error if it
/// cannot be created, belongs to another user, or is accessible to other users.
[[nodiscard]] Result<void> make_control_directory(const std::filesystem::path& directory);

/// The path of this process's socket in the directory: PID.sock.
std::filesystem::path control_path_in(const std::filesystem::path& directory);

/// Returns the sockets in the directory, sorted by name. Returns none if the directory does not
/// exist or is not private. Some sockets may be stale.
std::vector<std::filesystem::path> control_sockets_in(const std::filesystem::path& directory);

}  // namespace rollcall::coordinator
