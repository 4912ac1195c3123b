// The event loop of a worker: connects a Session to the socket, the executors and the signals.
#pragma once

#include <memory>

#include "common/os/process_limits.h"
#include "worker/options.h"

namespace rollcall::worker {

/// Owns the loop, the socket, the timers and the signal handling of the process. Passes events to
/// the Session and performs its actions. One thread; ZeroMQ has its own.
class Worker {
 public:
  /// `descriptors`: the limits of open files for this process and for its commands.
  Worker(const WorkerOptions& options, const os::DescriptorLimit& descriptors);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Joins a run, works until it is over or cannot go on, and returns the exit status. Call once.
  [[nodiscard]] int run();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace rollcall::worker
