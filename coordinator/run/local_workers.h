// Starts, watches and ends the local worker processes of a coordinator.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/access/access.h"
#include "common/base/log_line.h"
#include "common/base/result.h"
#include "common/os/cgroup.h"
#include "coordinator/run/worker_log.h"

namespace rollcall::coordinator {

/// Starts `rollcall-worker` as a direct child in its own process group, passes it its Access
/// through a pipe on standard input, and reports its exit. Workers die with the coordinator, unless
/// they are to outlive it: the destructor kills and reaps running ones, and each asks the kernel to
/// be killed when its parent ends. Where it may, it gives each worker a control group, and ends
/// whatever is left in it once the worker has ended. One thread, that of `loop`, which outlives it.
class LocalWorkers {
 public:
  struct Settings {
    std::string program;      ///< path of rollcall-worker
    std::uint32_t slots = 0;  ///< 0: its default
    std::string log_level;    ///< empty: its default
    LogFormat log_format = LogFormat::text;
    bool outlive = false;          ///< they survive this process and wait for the next one
    std::uint64_t open_files = 0;  ///< the limit that their commands get; 0: that of this process
  };
  /// `how`: "exit status 1", "killed by signal 9".
  using OnExit = std::function<void(std::uint32_t launch_id, const std::string& how)>;

  /// `on_text`: workers have written this to standard error.
  LocalWorkers(boost::asio::io_context& loop, Settings settings, OnExit on_exit,
               WorkerLog::OnText on_text);
  ~LocalWorkers();
  LocalWorkers(const LocalWorkers&) = delete;
  LocalWorkers& operator=(const LocalWorkers&) = delete;

  /// Starts a worker, identified by access.launch_id. The error is permanent if the program does
  /// not exist, and retryable if the system cannot create a process.
  [[nodiscard]] Result<void> start(const Access& access);

  /// Also watches `process`, which one of the earlier `coordinators` started, and calls `on_gone`
  /// when it has ended. Returns false if it has ended already, even if another program has its
  /// number now.
  [[nodiscard]] bool adopt(pid_t process, std::span<const pid_t> coordinators,
                           std::function<void()> on_gone);

  /// Sends SIGKILL to the worker with this process id, which may be an adopted one; to none if it
  /// is not a worker that is watched.
  void kill(pid_t process);
  /// The number of running workers, adopted ones included.
  std::size_t running() const { return children_.size(); }
  /// Sends SIGKILL to all workers; the processes that they started end with them. Workers are
  /// reaped as they end.
  void kill_all();
  /// Stops watching all workers; they keep running.
  void release() { children_.clear(); }

 private:
  struct Child;
  void watch(const std::shared_ptr<Child>& child);
  void reap(const std::shared_ptr<Child>& child);
  static void kill(Child& child);
  void end_group(Child& child);
  void remove_groups();

  boost::asio::io_context& loop_;
  Settings settings_;
  OnExit on_exit_;
  WorkerLog log_;
  std::vector<std::shared_ptr<Child>> children_;
  std::vector<os::Cgroup> ended_groups_;  ///< their processes may not have ended yet
};

/// Fails with a permanent error if `count` local workers and their connections need more than the
/// `descriptors` that this process may open, or if one worker, which has the same limit, needs
/// more: `worker_descriptors`.
[[nodiscard]] Result<void> check_room(std::uint32_t count, std::uint64_t descriptors,
                                      std::uint64_t worker_descriptors);

/// The path of rollcall-worker, beside this program's own binary.
std::string worker_program_beside_own();

/// The error is permanent: `program` is not a program that this process may run.
[[nodiscard]] Result<void> check_worker_program(const std::string& program);

}  // namespace rollcall::coordinator
