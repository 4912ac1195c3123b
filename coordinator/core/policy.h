// The terms on which a coordinator runs: what its user may choose, with the defaults of limits.h.
#pragma once

#include <cstdint>
#include <optional>

#include "common/limits.h"
#include "common/time.h"

namespace rollcall::coordinator {

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
  bool journal = false;                   ///< what is accepted is kept before it is told
  bool name_starts = true;                ///< somebody wants to know which tasks have begun
};

}  // namespace rollcall::coordinator
