// What a task is and what an attempt at it came to.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/model/command.h"
#include "common/model/ids.h"
#include "common/model/kind_id.h"
#include "common/model/time.h"

namespace rollcall {

/// What an attempt came to.
enum class Outcome : std::uint8_t {
  succeeded,
  failed,
  timed_out,
  cancelled,
  lost,         ///< given up by the coordinator: it cost too many sessions
  not_started,  ///< the worker could not start it; never the task's fault, never its last word
  returned,     ///< returned before it began; never the task's last word
};

inline constexpr std::size_t kOutcomeCount = 7;

/// As it stands in results: "succeeded", "timed_out", "not_started" ...
std::string_view to_string(Outcome outcome);

/// Attempts to be run, column by column: the i-th of each column belongs together.
struct AttemptColumns {
  std::vector<TaskId> task;
  std::vector<Attempt> attempt;
  std::vector<Duration> pause;  ///< sleep: how long; not negative
  /// exec: what to run, empty in the scheduler, which has no use for it; sleep: always empty.
  std::vector<Command> command{};

  std::size_t size() const { return task.size(); }
  void clear();
};

/// Attempts that somebody holds, column by column.
struct HeldColumns {
  std::vector<TaskId> task;
  std::vector<Attempt> attempt;

  std::size_t size() const { return task.size(); }
};
void append(HeldColumns& to, const HeldColumns& from);

/// Attempts that have ended, column by column. Instants are on the worker's clock.
struct OutcomeColumns {
  std::vector<TaskId> task;
  std::vector<Attempt> attempt;
  std::vector<Outcome> outcome;
  std::vector<Instant> started;
  std::vector<Duration> elapsed;  ///< finished - started; not negative
  std::vector<Duration> result;   ///< sleep: the pause that was slept; else 0
  /// exec: what the command came to; of one that never ran, as made. Empty if none has run.
  std::vector<CommandResult> command{};

  std::size_t size() const { return task.size(); }
  void clear();
  void reserve(std::size_t n);
  void resize(std::size_t n);
  void push_back(TaskId t, Attempt a, Outcome o, Instant start, Duration ran, Duration value);
};

}  // namespace rollcall
