// The guardian: a small process that starts a worker's commands and sees that none outlives it.
//
// A process that forks and gets a session of its own escapes its process group, and a worker that
// is killed cannot look for it. Only an ancestor that adopts orphans (a subreaper) can: so the
// commands are children of the guardian, which is a child of the worker and its subreaper. When its
// socket to the worker closes, it kills its children until there are none, and ends.
//
// The worker's loop gains by it: starting a process blocks the caller until the new program runs,
// which takes long on a slow file system. docs/exec-processes.md has the picture.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>

#include "common/result.h"
#include "worker/descriptor.h"

namespace rollcall::worker {

/// A guardian process, seen from its worker, which speaks to it by worker/guardian_protocol.h.
class Guardian {
 public:
  /// Starts it. Threads may be running: their locks are not touched in it. `descriptors`: the limit
  /// (RLIMIT_NOFILE) that commands get. The error is retryable.
  static Result<Guardian> start(std::uint64_t descriptors);

  /// Ends every command and its descendants and waits until they are gone, but not longer than
  /// limits::guardian_end.
  ~Guardian();
  Guardian(Guardian&& other) noexcept
      : socket_(std::move(other.socket_)),
        signals_(std::move(other.signals_)),
        pid_(std::exchange(other.pid_, -1)) {}
  Guardian& operator=(Guardian&&) = delete;

  int socket() const { return socket_.get(); }
  int signals() const { return signals_.get(); }
  pid_t pid() const { return pid_; }

 private:
  Guardian(Descriptor socket, Descriptor signals, pid_t pid)
      : socket_(std::move(socket)), signals_(std::move(signals)), pid_(pid) {}

  Descriptor socket_;
  Descriptor signals_;
  pid_t pid_;
};

}  // namespace rollcall::worker
