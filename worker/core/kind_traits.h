// The properties of a kind of task that the rules of a session depend on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/limits.h"
#include "common/model/job.h"
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
  /// An attempt takes a slot, whatever its job says; a worker without slots for commands cannot run
  /// it.
  bool needs_command_slot = false;
};

/// The kinds that differ from the defaults.
inline constexpr std::array kKindTraits{
    std::pair{KindId::exec, KindTraits{limits::spawns_ahead, true, limits::busy_commands,
                                       limits::command_report_wait, true}},
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

/// Whether an attempt of the job takes one of the session's slots.
constexpr bool takes_slot(const Job& job) {
  return job.needs_slot || traits_of(job.kind).needs_command_slot;
}

/// The kinds that a worker with this many slots for commands can run.
inline KindSet runnable_kinds(std::uint32_t command_slots) {
  KindSet kinds = all_kinds();
  for (const auto& [kind, traits] : kKindTraits) {
    if (traits.needs_command_slot && command_slots == 0) kinds &= ~set_of(kind);
  }
  return kinds;
}

}  // namespace rollcall::worker
