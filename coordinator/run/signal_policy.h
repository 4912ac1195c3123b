// The effect of SIGINT and SIGTERM on a run.
#pragma once

#include <cstdint>

namespace rollcall::coordinator {

/// Each signal is stronger than the one before. Pure.
class SignalPolicy {
 public:
  enum class Response : std::uint8_t {
    wait_for_running,  ///< start nothing new and wait for running tasks
    stop,              ///< cancel running tasks, or suspend a run that has a journal
    end_now,           ///< leave the event loop
  };

  /// `waits_for_running`: the first signal waits for running tasks.
  explicit SignalPolicy(bool waits_for_running) : waits_for_running_(waits_for_running) {}

  Response on_signal(int number) {
    ++received_;
    const int stop_at = waits_for_running_ ? 2 : 1;
    if (received_ > stop_at) return Response::end_now;
    if (first_ == 0) first_ = number;
    return received_ == stop_at ? Response::stop : Response::wait_for_running;
  }

  /// The number of the first signal; 0: none.
  int first() const { return first_; }
  /// Whether a signal ended the run at once.
  bool interrupted() const { return received_ > (waits_for_running_ ? 2 : 1); }

 private:
  bool waits_for_running_;
  int received_ = 0;
  int first_ = 0;
};

}  // namespace rollcall::coordinator
