// Reads and writes of whole files and pipes, which a single system call may do only in part; locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rollcall::os {

/// Writes all of `bytes`. The descriptor must block. Returns 0 or the errno.
[[nodiscard]] int write_all(int fd, std::string_view bytes);

/// Appends the rest of the file to `bytes`, but stops when `bytes` holds `most`. Returns 0 or the
/// errno.
[[nodiscard]] int read_all(int fd, std::size_t most, std::string& bytes);

/// Writes all of `bytes` at the offset `at` of a file. Returns 0 or the errno.
[[nodiscard]] int write_at(int fd, std::string_view bytes, std::int64_t at);

/// Fills `bytes` from the offset `at` of a file. Returns 0 or the errno: EIO if the file ends
/// before.
[[nodiscard]] int read_at(int fd, std::span<char> bytes, std::int64_t at);

enum class FileLock : std::uint8_t {
  taken,        ///< this descriptor holds the lock until it is closed, by the process's death too
  held,         ///< another open description holds it, so the process that opened it is alive
  unsupported,  ///< the file system has no locks
};

/// Takes the exclusive lock of an open file (flock) without waiting. The descriptor must be open
/// for writing, as NFS requires.
[[nodiscard]] FileLock lock_file(int fd);

}  // namespace rollcall::os
