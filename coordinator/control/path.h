// Where the control sockets of this user's coordinators are.
#pragma once

#include <filesystem>
#include <vector>

#include "common/base/result.h"
#include "common/cli/command_line.h"

namespace rollcall::coordinator {

/// The folder for them: $XDG_RUNTIME_DIR/rollcall, else /tmp/rollcall-UID.
std::filesystem::path control_folder(const cli::Environment& environment);

/// Makes the folder, mode 0700, if it is not there. Error: permanent: it cannot be made, or is
/// somebody else's or open to others.
[[nodiscard]] Result<void> make_control_folder(const std::filesystem::path& folder);

/// The name of this process's socket in the folder: PID.sock.
std::filesystem::path control_path_in(const std::filesystem::path& folder);

/// The sockets in the folder that is this user's own, in order of name; none if there is no such
/// folder. Not all need to answer.
std::vector<std::filesystem::path> control_sockets_in(const std::filesystem::path& folder);

}  // namespace rollcall::coordinator
