#include "worker/guardian/end_descendants.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include "common/os/descriptor.h"

namespace rollcall::worker {
namespace {

/// Kills the present children. Returns false if none could be signalled.
bool kill_children() {
  const os::Descriptor list(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  if (!list) return false;
  std::array<char, 4096> text;
  bool any = false;
  pid_t pid = 0;
  for (ssize_t size = 0; (size = ::read(list.get(), text.data(), text.size())) > 0;) {
    for (ssize_t i = 0; i < size; ++i) {
      const char c = text[static_cast<std::size_t>(i)];
      if (c >= '0' && c <= '9') {
        pid = pid * 10 + (c - '0');
      } else if (pid != 0) {
        any = ::kill(pid, SIGKILL) == 0 || any;
        pid = 0;
      }
    }
  }
  return any;
}

}  // namespace

void end_descendants() {
  // A process whose parent has ended becomes a child of this one, so that killing children again
  // and again reaches every descendant.
  while (kill_children()) {
    if (::waitpid(-1, nullptr, 0) < 0) return;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

}  // namespace rollcall::worker
