#include "worker/guardian/guardian.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>

#include "common/limits.h"
#include "common/os/clock.h"
#include "common/os/processors.h"
#include "common/os/signals_blocked.h"
#include "worker/guardian/process.h"

namespace rollcall::worker {
namespace {

/// Returns the user's limit that may be the cause, for a message, or an empty text.
std::string limit_behind(int error) {
  rlimit limit{};
  if (error != ENOMEM || ::getrlimit(RLIMIT_AS, &limit) != 0) return {};
  if (limit.rlim_cur == RLIM_INFINITY) return {};
  return fmt::format(": ulimit -v is {}", limit.rlim_cur / 1024);
}

Error cannot_start(int error) {
  return retryable(std::string("cannot start the guardian of commands: ") + std::strerror(error) +
                   limit_behind(error));
}

/// Whether enough address space is left for a guardian, which could only exit if it found out
/// itself. If not, errno has the reason.
bool has_room() {
  void* const arena = ::mmap(nullptr, kGuardianBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return arena != MAP_FAILED && ::munmap(arena, kGuardianBytes) == 0;
}

/// Whether this user may have one more process.
bool is_process_left() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  return pid > 0 && ::waitpid(pid, nullptr, 0) == pid;
}

void wait_for_end(pid_t pid, Instant longest) {
  const os::Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(longest - os::now()).count();
  pollfd awaited{ended.get(), POLLIN, 0};
  if (ended) ::poll(&awaited, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
  ::waitpid(pid, nullptr, WNOHANG);
}

/// Whether this is a child that was not reaped. Another process may have the number of one that
/// was.
bool is_child(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

bool is_stopped(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid;
}

/// The share of `all` for the guardian at `index` of `count`.
template <class T>
T share(T all, std::uint32_t index, std::uint32_t count) {
  const auto of = static_cast<T>(count);
  return all / of + (static_cast<T>(index) < all % of ? 1 : 0);
}

}  // namespace

std::uint32_t guardians_for(std::uint32_t slots) {
  return std::max(1U, std::min({slots, os::processors(), limits::guardians}));
}

Result<Guardians> Guardians::start(std::uint32_t count, std::uint32_t slots,
                                   std::uint64_t descriptors) {
  for (std::uint32_t wanted = count;;) {
    Guardians made;
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      return cannot_start(errno);
    }
    made.socket_ = os::Descriptor(ends[0]);
    const os::Descriptor its(ends[1]);
    std::uint32_t started = 0;
    while (started < wanted && made.add(its.get(), slots, wanted, descriptors)) ++started;
    if (started == 0) return cannot_start(errno);
    // The last process that the user may have is for a command, not for a guardian.
    if (started == wanted && (started == 1 || is_process_left())) return made;
    wanted = started < wanted ? started : started - 1;  // start over, as the shares change
  }
}

bool Guardians::add(int socket, std::uint32_t slots, std::uint32_t count,
                    std::uint64_t descriptors) {
  if (!has_room()) return false;
  const auto index = static_cast<std::uint32_t>(each_.size());
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  os::Descriptor own(ends[0]);
  const os::Descriptor its(ends[1]);
  std::uint32_t first_slot = 1;
  for (std::uint32_t i = 0; i < index; ++i) first_slot += share(slots, i, count);
  const GuardianTerms terms{descriptors, share(slots, index, count), first_slot,
                            share(limits::groups_left, index, count)};
  const os::SignalsBlocked in_child_too;
  const pid_t pid = ::fork();
  if (pid == 0) guard(socket, its.get(), terms);
  if (pid < 0) return false;
  each_.push_back({std::move(own), pid});
  return true;
}

bool Guardians::is_any_stopped() const {
  return std::ranges::any_of(each_, [](const One& one) { return is_stopped(one.pid); });
}

Guardians::~Guardians() {
  socket_.reset();
  for (const One& one : each_) {
    // One that is stopped, or about to be, would not notice that its socket has closed.
    if (is_child(one.pid)) ::kill(one.pid, SIGCONT);
  }
  const Instant longest = os::now() + limits::guardian_end;
  for (const One& one : each_) wait_for_end(one.pid, longest);
}

}  // namespace rollcall::worker
