// The interface of the executors, which run the attempts of a worker: one for each kind of task.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "worker/core/attempt_set.h"
#include "worker/core/event.h"

namespace rollcall::worker {

/// The services of the worker to its executors. `loop` outlives them. The functions are called from
/// the loop; on_ended and on_broken never from within a call to the executor.
struct ExecutorContext {
  boost::asio::io_context& loop;
  std::string worker_name;
  std::uint32_t requested_slots = 0;  ///< --slots; 0: not given
  std::uint64_t descriptors = 0;      ///< the limit of open files for child processes

  /// Attempts have ended, or output was read: call take_ended() and take_progress().
  std::function<void()> on_ended;
  /// All running attempts are lost, and no other can be started before the next prepare().
  std::function<void(const std::string& reason)> on_broken;
  std::function<void(const std::string& text)> on_warning;  ///< for the log
};

/// Runs attempts of one kind, concurrently, on the event loop of its worker. Calls are for batches:
/// one for all attempts that start together, one for many that have ended. One thread, that of the
/// loop. `now` never goes back.
class Executor {
 public:
  Executor() = default;
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Called before the first start() of a run, and again after the worker has joined the run again:
  /// running attempts continue if the slots are the same. Fails if this worker cannot run such
  /// tasks.
  virtual Result<void> prepare(const Prepare& terms) = 0;
  /// Starts each attempt on the terms of their job, or queues it until a slot is free.
  virtual void start(Instant now, StartAttempts batch) = 0;
  /// Replaces `out` with outcomes of attempts that have ended; returns false if none has. A call
  /// may return only some of them. So call it, at the end of each turn of the loop, until it
  /// returns false; then the executor also sets its timers.
  virtual bool take_ended(Instant now, OutcomeColumns& out) = 0;
  /// Cancels the attempts of assignments up to this one. Each gets an outcome, from the next
  /// take_ended() or later.
  virtual void cancel(Instant now, std::uint64_t assignments_through) = 0;
  /// Cancels those of these attempts that it has, in the same way.
  virtual void cancel_listed(Instant now, const AttemptSet& attempts) = 0;
  /// Returns the attempts of assignments up to this one that start() has queued and that have not
  /// begun. Each gets the outcome `returned` from take_ended(), at the latest when its turn would
  /// have come.
  virtual void return_waiting(std::uint64_t /*assignments_through*/) {}

  // Output in chunks: of attempts that were started after a Prepare with it.

  /// Appends how much was read of each attempt for which that has changed. To be called after
  /// take_ended().
  virtual void take_progress(std::vector<OutputProgress>& /*out*/) {}
  /// Appends the bytes of this part, which count as sent. Returns false if it does not have them.
  virtual bool copy_output(const OutputPart& /*part*/, std::string& /*to*/) { return false; }
  /// These bytes are not needed any more.
  virtual void forget_output(const ForgottenOutput& /*forgotten*/) {}
  /// Each of these attempts that it has, and that has ended, gets its outcome from the next
  /// take_ended(), with the bytes that were not sent.
  virtual void release(const HeldColumns& /*attempts*/) {}

  /// Ends all attempts; none gets an outcome.
  virtual void drop() = 0;
  /// Replaces `out` with the attempts that were started and whose outcome was not taken, in any
  /// order.
  virtual void list(HeldColumns& out) const = 0;
};

}  // namespace rollcall::worker
