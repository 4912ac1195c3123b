// The terms on which a coordinator runs: what its user may choose, with the defaults of limits.h.
#pragma once

#include <cstdint>
#include <optional>

#include "common/limits.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// When to stop a run because of how its tasks end (--halt).
struct Halt {
  bool on_success = false;  ///< counts successes; else tasks that failed, timed out or were lost
  bool now = false;         ///< cancels running attempts; else lets them end
  std::uint64_t count = 0;  ///< this many tasks; or, if it is 0 ...
  double share = 0;  ///< ... this part of all tasks, above 0 to 1, once their number is known
};

struct Policy {
  std::uint32_t local_workers = 0;  ///< to be started by this coordinator
  std::uint32_t wait_for_workers =
      1;                         ///< sessions to wait for before the first dispatch; at least 1
  std::uint32_t slots = 0;       ///< of a session that asks for none; 0: by the kind of task
  bool require_workers = false;  ///< never start with fewer than wait_for_workers
  bool others_may_join = false;  ///< workers may connect that this coordinator has not started
  Duration join_timeout = limits::join_timeout;
  Duration heartbeat_interval = limits::heartbeat_interval;
  Duration liveness = limits::liveness;
  Duration orphan_for = limits::liveness;    ///< sent to workers
  Duration rejoin_for = limits::rejoin_for;  ///< sent to workers
  /// Restarts of one local worker in a row without a completed task; nullopt: no limit.
  std::optional<std::uint32_t> worker_restarts = limits::worker_restarts;
  std::uint32_t max_losses = limits::max_losses;
  /// Ends the run this long after ListeningStarted, as a StopRequested does; nullopt: never.
  std::optional<Duration> run_timeout;
  std::optional<std::uint32_t> prefetch;  ///< nullopt: as measured
  bool journal = false;                   ///< outcomes are committed before they are published
  bool name_starts = true;                ///< PublishStarted names the tasks, PublishFailed is sent

  // Commands.
  std::uint32_t retries = 0;  ///< further attempts at a task that fails or times out
  Duration retry_delay = limits::retry_first;  ///< before the first of them; then it doubles
  std::optional<Halt> halt;
  /// At least this long between the dispatches of two attempts, which are handed out one by one to
  /// free slots; zero: no limit.
  Duration start_interval{};
  std::size_t assignment_attempts = limits::assignment_attempts;  ///< that fit into one message
  /// Bytes of one stream of a command that workers keep; nullopt: all. Sent to workers.
  std::optional<std::uint64_t> max_output;
  bool takes_output = false;     ///< in chunks, while commands run: there is a spool
  bool keeps_output = true;      ///< else it is not needed, and as durable as it can be when taken
  bool prints_in_order = false;  ///< the output of commands is printed in the order of tasks
  bool prints_early = false;     ///< PrintEarly may be asked for; not with `retries`
  Duration kill_after{};         ///< sent to workers
  std::uint32_t nice = 0;        ///< the least niceness of commands; sent to workers
  std::uint64_t max_memory = 0;  ///< bytes for each command; 0: no limit. Sent to workers
};

}  // namespace rollcall::coordinator
