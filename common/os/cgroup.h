// Control groups (cgroup v2), to end everything that a process has started.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rollcall::os {

/// A control group below that of this process. All processes in it can be ended at once, whatever
/// they have done to hide. It limits nothing. Movable; the destructor removes it if no process is
/// left in it.
class Cgroup {
 public:
  /// `name` is unique in this process. Returns nullopt unless the group of this process was
  /// delegated to it: systemd has marked it (Delegate=yes), or it is the topmost that this process
  /// sees, as in a container. Needs Linux 5.14.
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
  /// Sends SIGKILL to every process in it.
  void kill() const;
  /// Returns false as long as a process in it has not ended.
  [[nodiscard]] bool remove();

 private:
  explicit Cgroup(std::string path) : path_(std::move(path)) {}

  std::string path_;  ///< empty: moved from, or removed
};

}  // namespace rollcall::os
