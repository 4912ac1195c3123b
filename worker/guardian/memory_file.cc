#include "worker/guardian/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace rollcall::worker {

os::Descriptor memory_file(const char* name, std::string_view bytes) {
  os::Descriptor file(::memfd_create(name, MFD_CLOEXEC));
  while (file && !bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) return {};
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (file) ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

}  // namespace rollcall::worker
