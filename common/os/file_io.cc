#include "common/os/file_io.h"

#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace rollcall::os {

int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int read_all(int fd, std::size_t most, std::string& bytes) {
  std::array<char, std::size_t{16} << 10U> chunk;
  while (bytes.size() < most) {
    const ssize_t got = ::read(fd, chunk.data(), std::min(chunk.size(), most - bytes.size()));
    if (got == 0) return 0;
    if (got < 0 && errno != EINTR) return errno;
    if (got > 0) bytes.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return 0;
}

int write_at(int fd, std::string_view bytes, std::int64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), at);
    if (written < 0 && errno != EINTR) return errno;
    if (written <= 0) continue;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += written;
  }
  return 0;
}

int read_at(int fd, std::span<char> bytes, std::int64_t at) {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), at);
    if (got == 0) return EIO;
    if (got < 0 && errno != EINTR) return errno;
    if (got < 0) continue;
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    at += got;
  }
  return 0;
}

FileLock lock_file(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return FileLock::held;
    if (errno != EINTR) return FileLock::unsupported;
  }
  return FileLock::taken;
}

}  // namespace rollcall::os
