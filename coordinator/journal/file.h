// The file that a journal is, before SQLite sees it.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// An open journal file and, if take() was called, the lock that only one coordinator can have. The
/// system frees it when the process is gone, however that was. It lies where neither data nor
/// SQLite's own locks are, so that readers see nothing of it.
class FileLock {
 public:
  FileLock() = default;

  /// Opens the file and looks whether it is a journal that this program understands. Error:
  /// retryable: there is none; permanent.
  [[nodiscard]] static Result<FileLock> open(const std::string& path, bool to_write);
  /// Error: permanent: another coordinator has it.
  [[nodiscard]] Result<void> take(const std::string& path) const;
  /// False if the file at `path` is another one by now, or none.
  bool is_at(const std::string& path) const;

 private:
  explicit FileLock(int fd) : file_(fd) {}

  os::Descriptor file_;
};

/// A name in the directory of `path` that nothing has.
std::string temporary_name(const std::string& path);

/// Gives the file `from` the name `path`, for good, or removes it. Error: permanent: there is such
/// a file, or it cannot be done.
[[nodiscard]] Result<void> put_in_place(const std::string& from, const std::string& path);

/// Error: permanent: a new journal cannot have this name, as something has it.
[[nodiscard]] Result<void> check_name_is_free(const std::string& path);

}  // namespace rollcall::coordinator
