// Reads and writes of whole files and pipes, which a single system call may do only in part.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rollcall::os {

/// Writes all of `bytes`. The descriptor must block. Returns 0 or the errno.
[[nodiscard]] int write_all(int fd, std::string_view bytes);

/// Appends the rest of the file to `bytes`, but stops when `bytes` holds `most`. Returns 0 or the
/// errno.
[[nodiscard]] int read_all(int fd, std::size_t most, std::string& bytes);

}  // namespace rollcall::os
