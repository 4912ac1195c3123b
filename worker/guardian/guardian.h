// The guardians: small processes that start a worker's commands and see that none outlives it.
//
// A process that forks and gets a session of its own escapes its process group, and a worker that
// is killed cannot look for it. Only an ancestor that adopts orphans (a subreaper) can: so the
// commands are children of a guardian, which is a child of the worker and its subreaper. When its
// socket to the worker closes, it kills its children until there are none, and ends.
//
// The worker's loop gains by it: starting a process blocks the caller until the new program runs,
// which takes long on a slow file system. There are several, as each starts one command at a time.
// docs/exec-processes.md has the picture.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/os/descriptor.h"

namespace rollcall::worker {

/// How many start commands for `slots` slots here.
std::uint32_t guardians_for(std::uint32_t slots);

/// The guardians, seen from their worker, which speaks to them by worker/guardian/protocol.h.
class Guardians {
 public:
  struct One {
    os::Descriptor signals;  ///< its own socket; closed at the other end once it is gone
    pid_t pid = -1;
  };

  /// Starts `count`, or as many as there can be beside one command, which together run `slots`
  /// commands at once. Threads may be running: their locks are not touched in them. `descriptors`:
  /// the limit (RLIMIT_NOFILE) that commands get. Error if there is none, retryable.
  static Result<Guardians> start(std::uint32_t count, std::uint32_t slots,
                                 std::uint64_t descriptors);

  /// Ends every command and its descendants and waits until they are gone, but not longer than
  /// limits::guardian_end.
  ~Guardians();
  Guardians(Guardians&&) noexcept = default;
  Guardians& operator=(Guardians&&) = delete;

  /// Of all: they take requests from it, and tell what happens.
  int socket() const { return socket_.get(); }
  const std::vector<One>& each() const { return each_; }

 private:
  Guardians() = default;
  /// False: errno says why there is no other.
  bool add(int socket, std::uint32_t slots, std::uint32_t count, std::uint64_t descriptors);

  os::Descriptor socket_;
  std::vector<One> each_;
};

}  // namespace rollcall::worker
