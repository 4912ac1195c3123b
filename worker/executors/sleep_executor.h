// Runs sleeps on the event loop: one timer over the queue of all that run.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/sleep_queue.h"
#include "worker/executors/alarm.h"

namespace rollcall::worker {

/// Owns the queue and its timer. One thread, that of `loop`, which outlives it.
class SleepExecutor {
 public:
  /// `on_due` is called from the loop when sleeps are over, for take_due() and then arm().
  SleepExecutor(boost::asio::io_context& loop, std::function<void()> on_due);

  void start(Instant now, std::uint64_t assignment, const AttemptColumns& attempts);
  /// Replaces `out` by the outcomes of what is over, or of as many as may end before what waits for
  /// their slots is started: to be called again until there are none, which is false.
  bool take_due(Instant now, OutcomeColumns& out);
  /// Replaces `out` by the outcomes of what was started for assignments up to this one.
  void cancel(Instant now, std::uint64_t assignments_through, OutcomeColumns& out);
  void drop();
  /// Replaces `out` by what runs.
  void list(HeldColumns& out) const;
  /// Sets the timer anew. To be called once at the end of each turn in which something changed.
  void arm(Instant now);

 private:
  SleepQueue queue_;
  Alarm alarm_;
};

}  // namespace rollcall::worker
