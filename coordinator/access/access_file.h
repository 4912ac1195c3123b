// The access file that a coordinator writes for other workers (--access-file).
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "common/access/access.h"
#include "common/base/result.h"
#include "common/os/descriptor.h"

namespace rollcall::coordinator {

/// The access file of a running coordinator. A lock on it shows other coordinators that this one is
/// alive; the lock ends with the process. No other file is ever replaced or removed.
class AccessFile {
 public:
  /// Writes the file atomically, with mode 0600. Replaces an access file whose coordinator is dead,
  /// or whose file system has no locks. Errors are permanent: any other file exists, its run is
  /// alive, or it cannot be written.
  [[nodiscard]] static Result<std::unique_ptr<AccessFile>> create(const std::filesystem::path& path,
                                                                  const Access& access);
  /// Removes the file, unless another one has replaced it.
  ~AccessFile();
  AccessFile(const AccessFile&) = delete;
  AccessFile& operator=(const AccessFile&) = delete;

  /// Notes the file in `directory`, under the id of this process: if the process is killed, the
  /// next coordinator removes the file. Errors are ignored.
  void note_in(const std::filesystem::path& directory);

  /// Removes the files noted in `directory` by processes that are dead.
  static void remove_dead(const std::filesystem::path& directory);

 private:
  AccessFile(std::filesystem::path path, os::Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  std::filesystem::path note_;  ///< empty: none
  os::Descriptor file_;         ///< holds the lock
};

}  // namespace rollcall::coordinator
