// What the rules of a session depend on in a kind of task.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "common/limits.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall::worker {

/// The defaults are those of tasks that cost the worker next to nothing, such as sleeps.
struct KindTraits {
  /// Attempts started beyond the slots. The executor queues them, so that a slot is filled again
  /// without a turn of the event loop.
  std::size_t started_ahead = 0;
  /// Outcomes may wait for others even if slots are limited: as long as the backlog can fill them.
  bool batches_with_slots = false;
  /// More outcomes than this within limits::busy_window are a load under which it pays to wait...
  std::size_t busy_outcomes = limits::busy_outcomes;
  /// ... for this long.
  Duration report_wait = limits::report_wait;
};

/// Kinds that differ from the defaults.
inline constexpr std::array kKindTraits{
    std::pair{KindId::exec, KindTraits{limits::spawns_ahead, true, limits::busy_commands,
                                       limits::command_report_wait}},
};

constexpr KindTraits traits_of(KindId kind) {
  for (const auto& [listed, traits] : kKindTraits) {
    if (listed == kind) return traits;
  }
  return {};
}

}  // namespace rollcall::worker
