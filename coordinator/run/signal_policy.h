// The effect of signals on a run.
#pragma once

#include <algorithm>
#include <csignal>
#include <cstdint>

namespace rollcall::coordinator {

/// Each SIGINT or SIGTERM is stronger than the one before. SIGHUP ends running tasks; a terminal
/// and its shell may both send it, so a second one has no further effect. SIGQUIT ends the program.
/// Pure.
class SignalPolicy {
 public:
  enum class Response : std::uint8_t {
    wait_for_running,  ///< start nothing new and wait for running tasks
    end_running,       ///< end running tasks
    leave_running,     ///< stop, and leave running tasks to the next coordinator
    end_now,           ///< leave the event loop
  };

  /// `waits_for_running`: the first signal waits for running tasks. `leaves_running`: it leaves
  /// them running (--leave-running).
  explicit SignalPolicy(bool waits_for_running, bool leaves_running = false)
      : waits_for_running_(waits_for_running && !leaves_running), leaves_running_(leaves_running) {}

  Response on_signal(int number) {
    if (first_ == 0) first_ = number;
    const int stops_at = waits_for_running_ ? 2 : 1;
    if (number == SIGQUIT) return Response::end_now;
    received_ = number == SIGHUP ? std::max(received_, stops_at) : received_ + 1;
    if (received_ > stops_at) return Response::end_now;
    if (received_ < stops_at) return Response::wait_for_running;
    return leaves_running_ ? Response::leave_running : Response::end_running;
  }

  /// The number of the first signal; 0: none.
  int first() const { return first_; }

 private:
  bool waits_for_running_;
  bool leaves_running_;
  int received_ = 0;
  int first_ = 0;
};

}  // namespace rollcall::coordinator
