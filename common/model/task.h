// Tasks, attempts and outcomes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/model/command.h"
#include "common/model/ids.h"
#include "common/model/kind_id.h"
#include "common/model/time.h"

namespace rollcall {

/// How an attempt ended.
enum class Outcome : std::uint8_t {
  succeeded,
  failed,
  timed_out,
  cancelled,
  lost,         ///< set by the coordinator: the task cost too many sessions
  not_started,  ///< the worker could not start it; never final
  returned,     ///< returned before it started; never final
};

inline constexpr std::size_t kOutcomeCount = 7;

/// The name in results: "succeeded", "timed_out", "not_started" ...
std::string_view to_string(Outcome outcome);

/// Attempts to run, as columns: the i-th elements of all columns form one attempt.
struct AttemptColumns {
  std::vector<TaskId> task;
  std::vector<Attempt> attempt;
  std::vector<Duration> pause;  ///< sleep: how long; not negative
  /// exec: the commands; empty in the scheduler, which does not need them. sleep: always empty.
  std::vector<Command> command{};
  /// ROLLCALL_ATTEMPT of each command; empty if it equals `attempt`. Not part of the message.
  std::vector<Attempt> number{};
  std::vector<JobId> job{};  ///< empty if all are of kFirstJob

  std::size_t size() const { return task.size(); }
  void clear();
};

/// Attempts that a session holds, as columns.
struct HeldColumns {
  std::vector<TaskId> task;
  std::vector<Attempt> attempt;

  std::size_t size() const { return task.size(); }
};
void append(HeldColumns& to, const HeldColumns& from);

/// Attempts that have ended, as columns. Instants are on the worker's clock.
struct OutcomeColumns {
  std::vector<TaskId> task;
  std::vector<Attempt> attempt;
  std::vector<Outcome> outcome;
  std::vector<Instant> started;
  std::vector<Duration> elapsed;  ///< finished - started; not negative
  std::vector<Duration> result;   ///< sleep: the time slept; else 0
  /// exec: results of the commands, default-constructed if not started. Empty if none has run.
  std::vector<CommandResult> command{};
  /// By outcome: 1 if it is a failure that --retry-on excludes from retries. Empty if none is. The
  /// coordinator sets it; it is not part of the message.
  std::vector<std::uint8_t> is_final{};

  std::size_t size() const { return task.size(); }
  void clear();
  void reserve(std::size_t n);
  void resize(std::size_t n);
  void push_back(TaskId t, Attempt a, Outcome o, Instant start, Duration ran, Duration value);
};

}  // namespace rollcall
