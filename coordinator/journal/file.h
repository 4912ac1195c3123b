// Creates, checks and locks journal files, below SQLite.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// Owns an open journal file and, after take(), its exclusive lock. The system releases the lock
/// when the process ends, even by SIGKILL. The locked byte is outside the data and SQLite's own
/// locks, so readers are not blocked.
class FileLock {
 public:
  FileLock() = default;

  /// Opens the file and checks that it is a journal that this program can read. The error is
  /// retryable if the file does not exist, otherwise permanent.
  [[nodiscard]] static Result<FileLock> open(const std::string& path, bool to_write);
  /// Locks the file. Fails with a permanent error if another coordinator holds the lock.
  [[nodiscard]] Result<void> take(const std::string& path) const;
  /// Whether `path` still names this file.
  bool is_at(const std::string& path) const;

 private:
  explicit FileLock(int fd) : file_(fd) {}

  os::Descriptor file_;
};

/// An unused name in the directory of `path`.
std::string temporary_name(const std::string& path);

/// Renames the file `from` to `path`, durably. On failure, for instance if `path` exists, removes
/// `from` and returns a permanent error.
[[nodiscard]] Result<void> put_in_place(const std::string& from, const std::string& path);

/// Makes the names of new files in the directory of `path` survive a power cut.
[[nodiscard]] Result<void> sync_directory_of(const std::string& path);

/// Fails with a permanent error if `path`, or a file that SQLite would use beside it, exists.
[[nodiscard]] Result<void> check_name_is_free(const std::string& path);

}  // namespace rollcall::coordinator
