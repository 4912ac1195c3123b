// The guardians: small processes that start the commands of a worker and end with it.
//
// A process that forks and starts a session of its own leaves its process group, and a worker that
// was killed cannot find it. An ancestor that adopts orphans (a subreaper) can. So commands are
// children of a guardian, which is a subreaper and itself a child of the worker. When its socket to
// the worker closes, the guardian kills all its descendants and exits.
//
// Guardians also keep the event loop of the worker free: starting a process blocks the caller until
// the new program runs, which takes long on a slow file system. There are several because each
// starts one command at a time. docs/exec-processes.md has a diagram.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/os/descriptor.h"

namespace rollcall::worker {

/// The number of guardians for `slots` slots on this machine.
std::uint32_t guardians_for(std::uint32_t slots);

/// The guardians of a worker, which talks to them as worker/guardian/protocol.h specifies.
class Guardians {
 public:
  struct One {
    os::Descriptor signals;  ///< a socket for it alone; its end closes when the guardian exits
    pid_t pid = -1;
  };

  /// Starts `count` guardians, or as many as the system allows beside one command; together they
  /// run `slots` commands at once. This process may have threads: the guardians take none of their
  /// locks. `descriptors`: the limit (RLIMIT_NOFILE) that commands get. If none can be started, the
  /// error is retryable.
  static Result<Guardians> start(std::uint32_t count, std::uint32_t slots,
                                 std::uint64_t descriptors);

  /// Ends every command and its descendants, and waits for that up to limits::guardian_end.
  ~Guardians();
  Guardians(Guardians&&) noexcept = default;
  Guardians& operator=(Guardians&&) = delete;

  /// Shared by all: they read requests from it and write events to it.
  int socket() const { return socket_.get(); }
  const std::vector<One>& each() const { return each_; }
  /// Whether a guardian is stopped, as by SIGSTOP: it neither starts commands nor reaps them.
  bool is_any_stopped() const;

 private:
  Guardians() = default;
  /// Starts one more. Returns false if that fails; errno has the reason.
  bool add(int socket, std::uint32_t slots, std::uint32_t count, std::uint64_t descriptors);

  os::Descriptor socket_;
  std::vector<One> each_;
};

}  // namespace rollcall::worker
