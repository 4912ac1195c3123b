// The local worker processes of a coordinator: started, watched, and never left behind.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/access/access.h"
#include "common/base/result.h"

namespace rollcall::coordinator {

/// Starts `rollcall-worker` as a direct child in a process group of its own, hands it its Access
/// through a pipe on its standard input, and tells when it ends. Workers die with the coordinator,
/// unless they are to outlive it: the destructor kills and reaps what still runs, and each asks the
/// kernel to be killed when its parent ends. One thread, that of `loop`, which outlives it.
class LocalWorkers {
 public:
  struct Settings {
    std::string program;           ///< path of rollcall-worker
    std::uint32_t slots = 0;       ///< 0: its default
    std::string log_level;         ///< empty: its default
    bool outlive = false;          ///< they go on without this process, and wait for the next one
    std::uint64_t open_files = 0;  ///< the limit that their commands get; 0: that of this process
  };
  /// `how`: "exit status 1", "killed by signal 9".
  using OnExit = std::function<void(std::uint32_t launch_id, const std::string& how)>;

  LocalWorkers(boost::asio::io_context& loop, Settings settings, OnExit on_exit);
  ~LocalWorkers();
  LocalWorkers(const LocalWorkers&) = delete;
  LocalWorkers& operator=(const LocalWorkers&) = delete;

  /// Starts one; access.launch id names it. Error: permanent, when there is no such program;
  /// retryable, when the system has no room for a process.
  [[nodiscard]] Result<void> start(const Access& access);

  /// From now on looks after `process` too, once, though it is no child of this process: it was
  /// started by one of `coordinators` to outlive them. `on_gone` is called when it has ended.
  /// False: it has ended, or its number is another program's by now.
  [[nodiscard]] bool adopt(pid_t process, std::span<const pid_t> coordinators,
                           std::function<void()> on_gone);

  /// Adopted ones too.
  std::size_t running() const { return children_.size(); }
  /// SIGKILL to every one and to whatever it has started. They are reaped as they end.
  void kill_all();
  /// Leaves them alone from now on.
  void release() { children_.clear(); }

 private:
  struct Child;
  void watch(const std::shared_ptr<Child>& child);
  void reap(const std::shared_ptr<Child>& child);

  boost::asio::io_context& loop_;
  Settings settings_;
  OnExit on_exit_;
  std::vector<std::shared_ptr<Child>> children_;
};

/// Error: permanent: `count` local workers and their connections need more than the `descriptors`
/// that this process may have, or with `is_exec` one of them, that gets the same limit, more for a
/// single command.
[[nodiscard]] Result<void> check_room(std::uint32_t count, std::uint64_t descriptors, bool is_exec);

/// Where rollcall-worker is: beside this program's own binary.
std::string worker_program_beside_own();

}  // namespace rollcall::coordinator
