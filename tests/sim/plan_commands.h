// The part of a plan that concerns commands. It has its own random numbers, so that it does not
// change the plans for sleeps.
#pragma once

#include <cstdint>

#include "common/model/task.h"
#include "tests/sim/plan.h"

namespace rollcall::sim {

inline bool is_exec(const Plan& plan) {
  return plan.spec.kind == KindId::exec;
}

/// Whether the seed stands for a run of commands: one seed in three does.
bool is_of_commands(std::uint64_t seed);

/// Changes a plan for sleeps into one for commands.
void draw_commands(Plan& plan);

/// How an attempt ends if it is not disturbed.
struct Fate {
  Outcome outcome = Outcome::succeeded;
  Duration length{};
  Duration dies_within{};  ///< after a Cancel
};
Fate fate_of(const Plan& plan, TaskId task, Attempt attempt);

/// The longest time that all commands of a run and their backoffs take one after another; zero for
/// sleeps.
Duration time_of_commands(const Plan& plan);

/// The least backoff before the next attempt after this many failures, as --retries promises.
Duration pause_after(std::uint32_t failures);

}  // namespace rollcall::sim
