// The commands that a worker runs, in virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "common/model/task.h"
#include "tests/sim/plan_commands.h"

namespace rollcall::sim {

/// Runs as many commands at once as there are slots; the others wait. Each ends as its Fate
/// determines. Instants are on the worker's clock. One thread.
class Commands {
 public:
  /// Calls `spawned` for each attempt whose command starts, and for each that was cancelled before
  /// that. `starts_none`: every attempt ends as not_started.
  Commands(const Plan& plan, bool starts_none,
           std::function<void(TaskId, Attempt, bool starts)> spawned)
      : plan_(plan), starts_none_(starts_none), spawned_(std::move(spawned)) {}

  void prepare(std::uint32_t slots) { slots_ = slots; }
  void start(Instant now, std::uint64_t assignment, const AttemptColumns& attempts);
  /// Appends the outcomes of commands that have ended, and starts waiting ones in their slots.
  void take_ended(Instant now, OutcomeColumns& out);
  /// Waiting commands end as cancelled at once; running ones end within their Fate::dies_within.
  void cancel(Instant now, std::uint64_t assignments_through);
  /// Attempts that wait end as returned when their turn would have come.
  void return_waiting(std::uint64_t assignments_through);
  void list(HeldColumns& out) const;
  void clear() { all_.clear(); }
  std::optional<Instant> next_end() const;

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
  };

  void spawn(Instant now);

  const Plan& plan_;
  bool starts_none_;
  std::function<void(TaskId, Attempt, bool begins)> spawned_;
  std::uint32_t slots_ = 0;
  std::vector<Attempted> all_;  ///< in the order of their start
};

}  // namespace rollcall::sim
