// Small files that hold secrets: read with a bound, written so that only their owner can read them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rollcall {

/// The whole of a file of at most `most` bytes. `what` names its kind in errors: "access file".
/// Error: retryable when it is not there, else permanent.
[[nodiscard]] Result<std::string> read_private_file(const std::filesystem::path& path,
                                                    const std::string& what, std::size_t most);

/// Writes it under a temporary name beside it, mode 0600, and renames it: a reader finds all of it
/// or the one before. On an error nothing new is left behind. Error: permanent.
[[nodiscard]] Result<void> replace_private_file(const std::filesystem::path& path,
                                                const std::string& what, std::string_view text);

/// As above, but never takes the place of a file that is there. Error: permanent.
[[nodiscard]] Result<void> create_private_file(const std::filesystem::path& path,
                                               const std::string& what, std::string_view text);

}  // namespace rollcall
