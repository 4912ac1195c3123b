// The shell of a worker: the event loop around a Session.
#pragma once

#include <memory>

#include "common/os/process_limits.h"
#include "worker/options.h"

namespace rollcall::worker {

/// Owns the loop, the socket, the timers and the signals of the process, tells the Session what
/// happens and does what it wants done. One thread; ZeroMQ has its own.
class Worker {
 public:
  /// `descriptors`: those that this process and its commands have.
  Worker(const WorkerOptions& options, const os::DescriptorLimit& descriptors);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Joins and works until the run is over or cannot go on; returns the exit status. Once.
  [[nodiscard]] int run();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace rollcall::worker
