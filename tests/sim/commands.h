// The commands that a worker runs, in virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "common/model/task.h"
#include "tests/sim/pipes.h"
#include "tests/sim/plan_commands.h"
#include "worker/core/attempt_set.h"
#include "worker/core/event.h"

namespace rollcall::sim {

/// Runs as many commands at once as there are slots; the others wait. Each ends as its Fate
/// determines. Instants are on the worker's clock. One thread.
class Commands {
 public:
  /// Of its owner.
  struct Handlers {
    /// The command of the attempt starts, or the attempt was cancelled before that.
    std::function<void(TaskId, Attempt, bool begins)> spawned;
    /// Called before the attempt's outcome is given away, if the run takes output in chunks.
    std::function<void(TaskId, Attempt, const StreamBytes& written)> wrote;
  };

  /// `starts_none`: every attempt ends as not_started.
  Commands(const Plan& plan, bool starts_none, Handlers handlers)
      : plan_(plan), starts_none_(starts_none), handlers_(std::move(handlers)) {}

  /// `has_output`: attempts that are started later print in chunks.
  void prepare(std::uint32_t slots, bool has_output) {
    slots_ = slots;
    has_output_ = has_output;
  }
  void start(Instant now, std::uint64_t assignment, const AttemptColumns& attempts);
  /// Appends the outcomes of commands that have ended, and starts waiting ones in their slots.
  void take_ended(Instant now, OutcomeColumns& out);
  /// Waiting commands end as cancelled at once; running ones end within their Fate::dies_within.
  void cancel(Instant now, std::uint64_t assignments_through);
  /// The same for these attempts.
  void cancel_listed(Instant now, const worker::AttemptSet& attempts);
  /// Attempts that wait end as returned when their turn would have come.
  void return_waiting(std::uint64_t assignments_through);
  void list(HeldColumns& out) const;
  void clear() { all_.clear(); }
  std::optional<Instant> next_end() const;

  // Output in chunks.

  /// Appends the progress of each attempt of which something was read.
  void take_progress(Instant now, std::vector<worker::OutputProgress>& out);
  /// Returns false if it does not have these bytes.
  bool send(const worker::OutputPart& part);
  void forget(const worker::ForgottenOutput& forgotten);
  /// take_ended() gives their outcomes.
  void release(const HeldColumns& attempts);

 private:
  struct Attempted {
    std::uint64_t assignment = 0;
    TaskId task{};
    Attempt attempt = 0;
    bool runs = false;
    bool is_called_off = false;
    Outcome outcome = Outcome::succeeded;
    Instant started;
    Instant ends = kNever;
    // With output in chunks.
    std::optional<Pipes> pipes{};
    Outcome own_outcome = Outcome::succeeded;    ///< if nothing ends it before it ends itself
    Outcome other_outcome = Outcome::timed_out;  ///< if it is ended, at `latest`
    Instant latest = kNever;
    Duration ran{};             ///< when it has ended
    StreamBytes dropped{};      ///< then
    bool is_cancelled = false;  ///< a Cancel has arrived
    bool has_progress = false;
    bool waits = false;    ///< it has ended, and its outcome waits for its output
    bool is_over = false;  ///< its outcome was given away
  };

  void cancel(Instant now, Attempted& a);
  void spawn(Instant now);
  void open_pipes(Attempted& next, const Fate& fate) const;
  static void run(Attempted& a, Instant now);
  void end(Instant now, Attempted& a, OutcomeColumns& out);
  static void drop_if_cancelled(Attempted& a);
  void give(Attempted& a, OutcomeColumns& out) const;
  Attempted* find(TaskId task, Attempt attempt);

  const Plan& plan_;
  bool starts_none_;
  Handlers handlers_;
  std::uint32_t slots_ = 0;
  bool has_output_ = false;
  std::vector<Attempted> all_;  ///< in the order of their start
  HeldColumns released_;
};

}  // namespace rollcall::sim
