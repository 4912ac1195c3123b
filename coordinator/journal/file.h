// The file of a journal, before SQLite opens it.
#pragma once

#include <string>
#include <utility>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// An open journal file and, after take(), the lock that only one coordinator can hold. The system
/// releases it when the process ends in any way. It covers neither data nor the bytes that SQLite
/// locks, so it does not affect readers.
class FileLock {
 public:
  FileLock() = default;
  ~FileLock();
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  /// Opens the file and checks that it is a journal that this program supports. Error: retryable if
  /// it does not exist; else permanent.
  [[nodiscard]] static Result<FileLock> open(const std::string& path, bool to_write);
  /// Error: permanent if another coordinator holds the lock.
  [[nodiscard]] Result<void> take(const std::string& path) const;
  /// Returns false if `path` now names another file, or none.
  bool is_at(const std::string& path) const;

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  int fd_ = -1;
};

/// An unused name in the directory of `path`.
std::string temporary_name(const std::string& path);

/// Renames the file `from` to `path` durably, or else deletes it. Error: permanent if `path` exists
/// or cannot be created.
[[nodiscard]] Result<void> put_in_place(const std::string& from, const std::string& path);

/// Error: permanent if a new journal cannot have this name, because a file has it.
[[nodiscard]] Result<void> check_name_is_free(const std::string& path);

}  // namespace rollcall::coordinator
