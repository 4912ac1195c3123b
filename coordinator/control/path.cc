#include "coordinator/control/path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "coordinator/control/limits.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;

/// Whether only this user can create files in the directory.
bool is_private_directory(const fs::path& directory) {
  struct stat found {};
  return ::lstat(directory.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
         found.st_uid == ::geteuid() && (found.st_mode & 0077U) == 0;
}

}  // namespace

fs::path control_directory(const cli::Environment& environment) {
  const char* runtime = environment("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') return fs::path(runtime) / "rollcall";
  return fmt::format("/tmp/rollcall-{}", ::geteuid());
}

Result<void> make_control_directory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return permanent(directory.string() + ": " + std::strerror(errno));
  }
  if (!is_private_directory(directory)) {
    return permanent(directory.string() + " is not a private directory of this user");
  }
  return {};
}

fs::path control_path_in(const fs::path& directory) {
  return directory / fmt::format("{}.sock", ::getpid());
}

std::vector<fs::path> control_sockets_in(const fs::path& directory) {
  std::vector<fs::path> sockets;
  if (!is_private_directory(directory)) return sockets;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (sockets.size() == limits::control_sockets) break;
    std::error_code ignored;
    if (entry->path().extension() == ".sock" && entry->is_socket(ignored)) {
      sockets.push_back(entry->path());
    }
  }
  std::sort(sockets.begin(), sockets.end());
  return sockets;
}

}  // namespace rollcall::coordinator
