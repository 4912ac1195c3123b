#include "worker/guardian/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "common/os/file_io.h"

namespace rollcall::worker {

os::Descriptor memory_file(const char* name, std::string_view bytes) {
  os::Descriptor file(::memfd_create(name, MFD_CLOEXEC));
  if (!file) return file;
  if (const int error = os::write_all(file.get(), bytes); error != 0) {
    file.reset();
    errno = error;
    return file;
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

}  // namespace rollcall::worker
