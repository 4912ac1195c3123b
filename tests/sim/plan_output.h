// The part of a plan that concerns output in chunks. It has its own random numbers, so that it does
// not change the plans of runs without it.
#pragma once

#include <cstdint>
#include <vector>

#include "common/model/output_stream.h"
#include "common/model/task.h"
#include "tests/sim/plan.h"

namespace rollcall::sim {

/// Whether the run takes output in chunks: half of the runs of commands do.
bool is_of_output(const Plan& plan);

/// Lets commands print, and gives the coordinator a spool. For runs of commands.
void draw_output(Plan& plan);

/// A command writes to one of its pipes.
struct Write {
  Duration after{};  ///< the write before, or the start
  OutputStream stream = OutputStream::out;
  std::uint64_t bytes = 0;
};

/// What an attempt of this length writes if it is not disturbed.
std::vector<Write> writes_of(const Plan& plan, TaskId task, Attempt attempt, Duration length);

/// The longest time that all commands of a run wait for a reader; zero without output.
Duration time_of_output(const Plan& plan);

}  // namespace rollcall::sim
