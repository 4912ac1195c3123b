// The properties of a kind of task that the rules of a session depend on.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "common/limits.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall::worker {

/// The defaults suit tasks that cost the worker next to nothing, such as sleeps.
struct KindTraits {
  /// Attempts started beyond the slots. The executor queues them, so that a slot is filled again
  /// without a turn of the event loop.
  std::size_t started_ahead = 0;
  /// Outcomes may wait for others even with limited slots, as long as the backlog can fill the
  /// slots.
  bool batches_with_slots = false;
  /// Outcomes wait only if more than this many have ended within limits::busy_window.
  std::size_t busy_outcomes = limits::busy_outcomes;
  /// How long they wait.
  Duration report_wait = limits::report_wait;
};

/// The kinds that differ from the defaults.
inline constexpr std::array kKindTraits{
    std::pair{KindId::exec, KindTraits{limits::spawns_ahead, true, limits::busy_commands,
                                       limits::command_report_wait}},
};

/// Whether this program knows the kind. A coordinator of a later version may have others.
constexpr bool is_known(KindId kind) {
  return static_cast<std::size_t>(kind) < kKindNames.size();
}

/// The number of the kind in messages, for texts about unknown ones.
constexpr unsigned number_of(KindId kind) {
  return static_cast<unsigned>(kind) + 1;
}

constexpr KindTraits traits_of(KindId kind) {
  for (const auto& [listed, traits] : kKindTraits) {
    if (listed == kind) return traits;
  }
  return {};
}

}  // namespace rollcall::worker
