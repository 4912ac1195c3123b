#include "worker/guardian.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include "common/command_limits.h"
#include "common/net/signals_blocked.h"
#include "worker/guardian_process.h"

namespace rollcall::worker {
namespace {

Error cannot_start() {
  return retryable(std::string("cannot start the guardian of commands: ") + std::strerror(errno));
}

void wait_for_end(pid_t pid) {
  const Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(limits::guardian_end);
  pollfd awaited{ended.get(), POLLIN, 0};
  if (ended) ::poll(&awaited, 1, static_cast<int>(longest.count()));
  ::waitpid(pid, nullptr, WNOHANG);
}

}  // namespace

Result<Guardian> Guardian::start(std::uint64_t descriptors) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return cannot_start();
  Descriptor own(ends[0]);
  const Descriptor its(ends[1]);
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return cannot_start();
  Descriptor own_signals(ends[0]);
  const Descriptor its_signals(ends[1]);
  const net::SignalsBlocked in_child_too;
  const pid_t pid = ::fork();
  if (pid < 0) return cannot_start();
  if (pid == 0) guard(its.get(), its_signals.get(), descriptors);
  return Guardian(std::move(own), std::move(own_signals), pid);
}

Guardian::~Guardian() {
  if (pid_ < 0) return;
  socket_.reset();
  wait_for_end(pid_);
}

}  // namespace rollcall::worker
