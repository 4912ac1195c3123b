#include "common/os/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace rollcall::os {

std::string temporary_directory() {
  const char* const directory = std::getenv("TMPDIR");
  return directory == nullptr || *directory == '\0' ? "/tmp" : directory;
}

Descriptor temporary_file(const std::string& directory) {
  std::string name = directory + "/rollcall-XXXXXX";
  Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (file) ::unlink(name.c_str());
  return file;
}

}  // namespace rollcall::os
