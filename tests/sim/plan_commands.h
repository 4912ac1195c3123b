// The part of a plan that is about commands. It has random numbers of its own, so that runs of
// sleeps are what they would be without it.
#pragma once

#include <cstdint>

#include "common/model/task.h"
#include "tests/sim/plan.h"

namespace rollcall::sim {

inline bool is_exec(const Plan& plan) {
  return plan.spec.kind == KindId::exec;
}

/// One seed of three.
bool is_of_commands(std::uint64_t seed);

/// Makes a plan for sleeps one for commands.
void draw_commands(Plan& plan);

/// What an attempt comes to if it is left alone.
struct Fate {
  Outcome outcome = Outcome::succeeded;
  Duration length{};
  Duration dies_within{};  ///< when it is told to end
};
Fate fate_of(const Plan& plan, TaskId task, Attempt attempt);

/// What all of a run's commands and the pauses between their attempts take, one after another, at
/// most; zero for sleeps.
Duration time_of_commands(const Plan& plan);

/// The least pause before the next attempt after so many failures: as --retries promises.
Duration pause_after(std::uint32_t failures);

}  // namespace rollcall::sim
