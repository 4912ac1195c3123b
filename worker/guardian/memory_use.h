// How much memory a command uses, together with its descendants.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/limits.h"
#include "common/model/time.h"

namespace rollcall::worker {

/// Measures the memory of a command as /proc shows it: that of its process, of the descendants
/// below it, and of adopted children of the caller that are still in its process group. Pages of
/// files do not count, swapped ones do. Calls no malloc.
class MemoryUse {
 public:
  /// Bytes. A result above `limit` counts pages that processes share only once; a lower one may be
  /// too high. Descendants that have left both its tree and its group are not found. O(processes);
  /// a result above `limit` also takes the kernel O(pages).
  std::uint64_t measure(pid_t command, std::uint64_t limit);
  /// Sends SIGKILL to every process that the last measure() has found.
  void kill() const;

 private:
  void add(pid_t process);
  void add_orphans(pid_t command);
  void add_children(pid_t process, bool has_threads);
  /// Returns its bytes, and adds its children.
  std::uint64_t take(pid_t process);

  std::array<pid_t, limits::processes_measured> found_{};
  std::size_t count_ = 0;
};

/// How long a command that uses `used` bytes cannot exceed its limit, as far as it takes memory no
/// faster than limits::memory_bytes_per_ns; within limits::memory_check_shortest and _longest.
Duration until_memory_check(std::uint64_t limit, std::uint64_t used);

}  // namespace rollcall::worker
