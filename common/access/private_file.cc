#include "common/access/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace rollcall {
namespace {

namespace fs = std::filesystem;

/// A descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string system_error(const std::string& doing, const std::string& what, const fs::path& path,
                         int error) {
  return "cannot " + doing + " " + what + " " + path.string() + ": " + std::strerror(error);
}

/// 0, or the errno.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// 0, or the errno. Reads no more than `most` bytes.
int read_all(int fd, std::size_t most, std::string& text) {
  std::array<char, 4096> chunk{};
  while (text.size() < most) {
    const ssize_t got = ::read(fd, chunk.data(), std::min(chunk.size(), most - text.size()));
    if (got == 0) return 0;
    if (got < 0 && errno != EINTR) return errno;
    if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return 0;
}

/// Writes the whole text to a temporary file and puts it in place with `place`, which returns as
/// rename() does.
template <class Place>
Result<void> write_then(Place place, const fs::path& path, const std::string& what,
                        std::string_view text) {
  std::string temporary = path.string() + ".XXXXXX";
  const File file(::mkostemp(temporary.data(), O_CLOEXEC));  // creates it with mode 0600
  if (!file.open()) return permanent(system_error("write", what, path, errno));
  int error = write_all(file.fd(), text);
  if (error == 0 && place(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(temporary.c_str());
  return permanent(system_error("write", what, path, error));
}

}  // namespace

Result<std::string> read_private_file(const fs::path& path, const std::string& what,
                                      std::size_t most) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  int error = file.open() ? read_all(file.fd(), most + 1, text) : errno;
  if (error == 0 && text.size() > most) error = EFBIG;
  if (error == ENOENT) return retryable(system_error("read", what, path, error));
  if (error != 0) return permanent(system_error("read", what, path, error));
  return text;
}

Result<void> replace_private_file(const fs::path& path, const std::string& what,
                                  std::string_view text) {
  struct stat there {};
  // A rename would put a file in the place of a device such as /dev/stdout.
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    return permanent("cannot write " + what + " " + path.string() + ": not a regular file");
  }
  return write_then([](const char* from, const char* to) { return std::rename(from, to); }, path,
                    what, text);
}

Result<void> create_private_file(const fs::path& path, const std::string& what,
                                 std::string_view text) {
  const auto place = [](const char* from, const char* to) {
    return ::link(from, to) == 0 ? ::unlink(from) : -1;  // unlike a rename, it replaces nothing
  };
  return write_then(place, path, what, text);
}

}  // namespace rollcall
