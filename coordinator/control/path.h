// Where the control sockets of this user's coordinators are.
#pragma once

#include <filesystem>
#include <vector>

#include "common/base/result.h"
#include "common/cli/command_line.h"

namespace rollcall::coordinator {

/// The directory for them: $XDG_RUNTIME_DIR/rollcall, else /tmp/rollcall-UID.
std::filesystem::path control_directory(const cli::Environment& environment);

/// Makes the directory, mode 0700, if it is not there. Error: permanent: it cannot be made, or is
/// somebody else's or open to others.
[[nodiscard]] Result<void> make_control_directory(const std::filesystem::path& directory);

/// The name of this process's socket in the directory: PID.sock.
std::filesystem::path control_path_in(const std::filesystem::path& directory);

/// The sockets in the directory that is this user's own, in order of name; none if there is no such
/// directory. Not all need to answer.
std::vector<std::filesystem::path> control_sockets_in(const std::filesystem::path& directory);

}  // namespace rollcall::coordinator
