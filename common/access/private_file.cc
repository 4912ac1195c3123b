#include "common/access/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/os/descriptor.h"
#include "common/os/file_io.h"

namespace rollcall {
namespace {

namespace fs = std::filesystem;

std::string system_error(const std::string& doing, const std::string& what, const fs::path& path,
                         int error) {
  return "cannot " + doing + " " + what + " " + path.string() + ": " + std::strerror(error);
}

/// Writes the whole text to a temporary file and puts it in place with `place`, which returns as
/// rename() does.
template <class Place>
Result<void> write_then(Place place, const fs::path& path, const std::string& what,
                        std::string_view text) {
  std::string temporary = path.string() + ".XXXXXX";
  const os::Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // creates it with mode 0600
  if (!file) return permanent(system_error("write", what, path, errno));
  int error = os::write_all(file.get(), text);
  if (error == 0 && place(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(temporary.c_str());
  return permanent(system_error("write", what, path, error));
}

}  // namespace

Result<std::string> read_private_file(const fs::path& path, const std::string& what,
                                      std::size_t most) {
  const os::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  int error = file ? os::read_all(file.get(), most + 1, text) : errno;
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
