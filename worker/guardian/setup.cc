#include "worker/guardian/setup.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>

#include "worker/guardian/protocol.h"

namespace rollcall::worker {
namespace {

/// Closes all files of the worker, such as its sockets and its output, and moves the guardian's own
/// to their places.
void close_files(int socket, int signals) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  const int sink = ::open("/dev/null", O_WRONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(sink, STDOUT_FILENO);
  ::dup2(sink, STDERR_FILENO);
  // First away from the places of each other.
  const int kept_socket = ::fcntl(socket, F_DUPFD, kGuardianSignals + 1);
  const int kept_signals = ::fcntl(signals, F_DUPFD, kGuardianSignals + 1);
  ::dup3(kept_socket, kGuardianSocket, O_CLOEXEC);
  ::dup3(kept_signals, kGuardianSignals, O_CLOEXEC);
  ::close_range(kGuardianSignals + 1, ~0U, 0);
}

/// The C library reserves two signals and refuses to change them; its posix_spawn(), which may have
/// started the worker, can leave one ignored. Only a direct system call resets all signals.
void reset_signals() {
  const std::array<unsigned long, 8>
      standard{};  // the structure of the kernel: SIG_DFL, and no flags
  constexpr std::size_t kMaskBytes = (NSIG - 1) / 8;
  for (int signal = 1; signal < NSIG; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, standard.data(), nullptr, kMaskBytes);
  }
}

void limit_descriptors(std::uint64_t descriptors) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = descriptors < limit.rlim_max ? descriptors : limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void set_up_guardian(int socket, int signals, std::uint64_t descriptors) {
  // In a session of its own, it gets no signals of a terminal, and no command waits for a terminal.
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // A stopped guardian goes on when its worker ends, and then notices that.
  ::prctl(PR_SET_PDEATHSIG, SIGCONT);
  ::prctl(PR_SET_NAME, "rollcall-guard");
  reset_signals();
  limit_descriptors(descriptors);
  close_files(socket, signals);
}

}  // namespace rollcall::worker
