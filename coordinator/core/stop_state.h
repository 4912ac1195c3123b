// Whether a run is being stopped, and how far that has come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/model/time.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// The progress of a stop, and the count of outcomes for --halt. The user, --halt, --wait-timeout
/// or
/// --run-timeout request a stop. It ends the run and cancels the tasks without an outcome. A
/// *suspension* leaves them pending, for the next coordinator. Owned by the scheduler; a value; one
/// thread.
class StopState {
 public:
  enum class Stage : std::uint8_t {
    running,
    draining,               ///< no attempt is started; running attempts end by themselves
    cancel_pending_commit,  ///< no attempt is started; the reason to cancel is not durable yet
    cancelling,             ///< workers are asked to cancel their attempts
  };

  explicit StopState(std::optional<Halt> halt = {}, std::optional<Duration> run_timeout = {})
      : halt_(halt), run_timeout_(run_timeout) {}

  /// From now on the time of --run-timeout counts.
  void begin(Instant now) {
    if (run_timeout_) deadline_ = now + *run_timeout_;
  }
  /// When the time of --run-timeout will have passed; nullopt: never, or it has.
  std::optional<Instant> deadline() const { return deadline_; }
  /// Whether the time of --run-timeout has passed; true only once.
  bool take_timeout(Instant now);
  /// take_timeout() has returned true.
  bool has_timed_out() const { return has_timed_out_; }

  /// No new attempt may be dispatched, and no failed task is retried.
  bool is_stopping() const { return stage_ != Stage::running; }
  bool is_draining() const { return stage_ == Stage::draining; }
  /// Workers may be asked to cancel. Not before the reason is durable (rule 5): a resumed
  /// coordinator could not explain the cancelled outcomes.
  bool is_cancelling() const { return stage_ == Stage::cancelling; }
  /// The run is to be left unfinished.
  bool is_suspending() const { return suspends_; }
  /// Tasks without an outcome are cancelled.
  bool is_ending() const { return is_stopping() && !suspends_; }

  /// Lets running attempts end. Returns false if the run was being stopped before.
  bool drain();
  /// Cancels running attempts as soon as committed() was called. A repeated request is committed
  /// again, and workers are asked again.
  void cancel();
  /// Leaves the run unfinished, also if it was being stopped before. Unless `lets_running_end`,
  /// running attempts are cancelled at once: no reason needs to be durable, since a cancelled
  /// attempt is not the end of its task.
  void suspend(bool lets_running_end);
  /// The reason to cancel is durable. Requires cancel().
  void committed();

  /// Counts the outcomes accepted since the last call. Returns true once they reach the limit of
  /// --halt; always false without --halt and while the run is being stopped.
  bool count_for_halt(const RunRecords& records);
  /// Outcomes that count for --halt so far.
  std::uint64_t halting() const { return halting_; }

  /// Every counted outcome was accepted.
  void check_invariants(const RunRecords& records) const;

 private:
  std::optional<Halt> halt_;
  std::optional<Duration> run_timeout_;
  std::optional<Instant> deadline_;
  bool has_timed_out_ = false;
  Stage stage_ = Stage::running;
  bool suspends_ = false;
  std::size_t counted_ = 0;    ///< records
  std::uint64_t halting_ = 0;  ///< of those, outcomes that count
};

}  // namespace rollcall::coordinator
