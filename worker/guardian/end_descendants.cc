#include "worker/guardian/end_descendants.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "common/os/descriptor.h"
#include "worker/guardian/children.h"

namespace rollcall::worker {
namespace {

/// Kills the present children. Returns false if none could be signalled.
bool kill_children() {
  const os::Descriptor list(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  if (!list) return false;
  bool any = false;
  read_children(list.get(), [&any](pid_t pid) { any = ::kill(pid, SIGKILL) == 0 || any; });
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
