// The terms on which a coordinator runs: what its user may choose, with the defaults of limits.h.
#pragma once

#include <cstdint>
#include <optional>

#include "common/limits.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// When to give a run up because of how its tasks end.
struct Halt {
  bool on_success = false;  ///< counts tasks that succeed; else those that fail, time out, are lost
  bool now = false;         ///< cancels what runs; else lets it end
  std::uint64_t count = 0;  ///< so many; or, if not 0 ...
  double share = 0;         ///< ... this part of all tasks, above 0 to 1
};

struct Policy {
  std::uint32_t local_workers = 0;  ///< to be started by this coordinator
  std::uint32_t wait_for_workers =
      1;                         ///< sessions to wait for before the first dispatch; at least 1
  bool others_may_join = false;  ///< somebody else may bring workers
  Duration join_timeout = limits::join_timeout;
  Duration heartbeat_interval = limits::heartbeat_interval;
  Duration liveness = limits::liveness;
  Duration orphan_for = limits::liveness;  ///< told to workers
  /// Starts of one local worker without a completed task, after the first; nullopt: no end.
  std::optional<std::uint32_t> worker_restarts = limits::worker_restarts;
  std::uint32_t max_losses = limits::max_losses;
  std::optional<std::uint32_t> prefetch;  ///< nullopt: as measured
  bool journal = false;                   ///< what is accepted is committed before it is told
  bool name_starts = true;                ///< somebody wants to know which tasks have begun

  // Commands.
  std::uint32_t retries = 0;  ///< attempts at a task after the first, if it fails or times out
  std::optional<Halt> halt;
  std::size_t assignment_attempts = limits::assignment_attempts;  ///< that fit into one message
  std::uint64_t max_output = 0;                                   ///< told to workers
  Duration kill_after{};                                          ///< told to workers
};

}  // namespace rollcall::coordinator
