// Small files with secrets. Reads are bounded; written files are readable by their owner only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rollcall {

/// Reads a file of at most `most` bytes. `what` names it in errors: "access file". The error is
/// retryable if the file does not exist, else permanent.
[[nodiscard]] Result<std::string> read_private_file(const std::filesystem::path& path,
                                                    const std::string& what, std::size_t most);

/// Replaces the file atomically: writes a temporary file with mode 0600 in its directory and
/// renames it. An error leaves the old file and no temporary one, and is permanent.
[[nodiscard]] Result<void> replace_private_file(const std::filesystem::path& path,
                                                const std::string& what, std::string_view text);

/// As above, but fails if the file exists.
[[nodiscard]] Result<void> create_private_file(const std::filesystem::path& path,
                                               const std::string& what, std::string_view text);

}  // namespace rollcall
