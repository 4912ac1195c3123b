// What the user does to a run while it runs.
#pragma once

#include "tests/sim/plan.h"

namespace rollcall::sim {

/// In some runs, tasks are cancelled one by one, the run is paused, and
/// the slots of workers are limited. Draws from its own numbers,
/// so that the rest of each plan does not change.
void draw_control(Plan& plan);

}  // namespace rollcall::sim
