#include "coordinator/exec/input/source_identity.h"

#include <sys/stat.h>

#include <fmt/core.h>

namespace rollcall::coordinator {

std::string identity_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return fmt::format("file {}:{}:{}:{}.{:09}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace rollcall::coordinator
