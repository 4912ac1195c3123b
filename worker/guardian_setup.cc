#include "worker/guardian_setup.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "worker/guardian_protocol.h"

namespace rollcall::worker {
namespace {

/// Nothing of the worker's stays open here: not its sockets, not its output.
void close_files(int socket, int signals) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  const int sink = ::open("/dev/null", O_WRONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(sink, STDOUT_FILENO);
  ::dup2(sink, STDERR_FILENO);
  // Out of the way of each other first.
  const int kept_socket = ::fcntl(socket, F_DUPFD, kGuardianSignals + 1);
  const int kept_signals = ::fcntl(signals, F_DUPFD, kGuardianSignals + 1);
  ::dup3(kept_socket, kGuardianSocket, O_CLOEXEC);
  ::dup3(kept_signals, kGuardianSignals, O_CLOEXEC);
  ::close_range(kGuardianSignals + 1, ~0U, 0);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
}

void limit_descriptors(std::uint64_t descriptors) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = descriptors < limit.rlim_max ? descriptors : limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void set_up_guardian(int socket, int signals, std::uint64_t descriptors) {
  // A session of its own: no signal of a terminal reaches it, and no command waits at a terminal.
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "rollcall-guard");
  reset_signals();
  limit_descriptors(descriptors);
  close_files(socket, signals);
}

}  // namespace rollcall::worker
