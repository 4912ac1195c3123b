// Control groups (cgroup v2), to end everything that a process has started, and to limit its
// memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/os/descriptor.h"

namespace rollcall::os {

/// A control group below that of this process. All processes in it can be ended at once, whatever
/// they have done to hide. Movable; the destructor removes it if no process is left in it.
class Cgroup {
 public:
  /// `name` is unique in this process. Returns nullopt unless the group of this process was
  /// delegated to it: systemd has marked it (Delegate=yes), or it is the topmost that this process
  /// sees, as in a container. It limits nothing. Needs Linux 5.14.
  static std::optional<Cgroup> create(const std::string& name);
  /// Ends the groups that processes which have ended have left, except those in which a `program`
  /// still runs. Their processes get SIGKILL; empty groups are removed. O(groups).
  static void end_abandoned(std::string_view program);
  /// The group of this process, if create() made it in the same place, perhaps for another parent.
  static std::optional<Cgroup> of(pid_t process);

  Cgroup(Cgroup&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Cgroup& operator=(Cgroup&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~Cgroup() { static_cast<void>(remove()); }

  /// Of its directory.
  const std::string& path() const { return path_; }

  /// Moves the process into it. What it starts from now on is in the group, too.
  [[nodiscard]] bool add(pid_t process) const;
  /// The file that a process writes "0" to, to move itself into the group; -1: errno has the
  /// reason.
  [[nodiscard]] Descriptor open_processes() const;
  /// Whether the kernel has killed its processes because they exceeded the limit of the group.
  bool ran_out_of_memory() const;
  /// Sends SIGKILL to every process in it.
  void kill() const;
  /// Returns false as long as a process in it has not ended.
  [[nodiscard]] bool remove();

 private:
  friend class MemoryCgroups;

  explicit Cgroup(std::string path) : path_(std::move(path)) {}

  std::string path_;  ///< empty: moved from, or removed
};

/// Makes control groups that limit memory, below the group of this process. Nothing is done before
/// the first call of make(). Used by one thread.
class MemoryCgroups {
 public:
  /// A new group, whose processes may use `bytes` of memory together: if they need more, the kernel
  /// kills all of them. The first call moves this process and `others` to a group below, as a group
  /// that has processes cannot limit those below it. Returns nullopt if that is not possible,
  /// because the group of this process was not delegated to it, or not with its controller of
  /// memory, or has other processes too.
  std::optional<Cgroup> make(std::uint64_t bytes, std::span<const pid_t> others);

 private:
  enum class State : std::uint8_t { untried, ready, unavailable };

  bool prepare(std::span<const pid_t> others);

  State state_ = State::untried;
  std::string directory_;     ///< of the group that the process was in
  std::uint64_t number_ = 0;  ///< of the last group
};

}  // namespace rollcall::os
