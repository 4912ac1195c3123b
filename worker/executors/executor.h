// What runs the attempts of a worker: one implementation for each kind of task.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "common/base/result.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// What an executor needs of its worker. `loop` outlives it; the functions are called from the
/// loop, never from within a call to the executor.
struct ExecutorContext {
  boost::asio::io_context& loop;
  std::string worker_name;
  std::uint32_t requested_slots = 0;  ///< --slots; 0: not given
  std::uint64_t descriptors = 0;      ///< the limit of open files that child processes get

  std::function<void()> on_ended;  ///< attempts have ended: call take_ended()
  /// Everything that ran is lost, and nothing can be started any more.
  std::function<void(const std::string& reason)> on_broken;
  std::function<void(const std::string& text)> on_warning;  ///< for the log
};

/// Runs attempts of one kind, concurrently, on the event loop of its worker. Calls are for batches:
/// one for all attempts that start together, one for all that have ended. One thread, that of the
/// loop. `now` never goes back.
class Executor {
 public:
  Executor() = default;
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Called before the first start() of a run, and again each time the worker joins the run anew;
  /// attempts that run under the same terms go on. Error: this worker cannot run the tasks.
  virtual Result<void> prepare(const Prepare& terms) = 0;
  /// Starts each attempt, or queues it until a slot is free.
  virtual void start(Instant now, std::uint64_t assignment, AttemptColumns attempts) = 0;
  /// Replaces `out` by the outcomes of attempts that have ended; returns false if there are none.
  /// One call may return only a part of them: call it until it returns false, at the end of each
  /// turn of the loop. Returning false also sets the timers for what ends next.
  virtual bool take_ended(Instant now, OutcomeColumns& out) = 0;
  /// Cancels the attempts of assignments up to this one. What ends at once is returned by the next
  /// take_ended(), anything else when it has ended.
  virtual void cancel(Instant now, std::uint64_t assignments_through) = 0;
  /// Ends all attempts without outcomes.
  virtual void drop() = 0;
  /// Replaces `out` by the attempts that were started and whose outcome was not taken, in any
  /// order.
  virtual void list(HeldColumns& out) const = 0;
};

}  // namespace rollcall::worker
