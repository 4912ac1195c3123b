// The input of a simulated run whose tasks are added while it goes on.
#pragma once

#include <cstdint>
#include <functional>

#include "coordinator/core/event.h"
#include "coordinator/core/model/records.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Whether the seed stands for a run with a streamed input: one seed in four does.
bool is_streamed(std::uint64_t seed);

/// Lets the tasks of the plan arrive in parts at random moments, and the input end. For runs that
/// collect all results.
void draw_input(Plan& plan);

/// Reads the input of a run, in one epoch after another. A file is read on from the tasks that are
/// on the disk; the rest of a pipe is lost with its coordinator.
class Input {
 public:
  /// `happened` gets the events of the newest epoch.
  Input(World& world, std::function<void(coordinator::Event)> happened)
      : world_(world), happened_(std::move(happened)) {}
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// A coordinator of this run starts with these records. Events of earlier epochs are not passed
  /// any more.
  void open(Epoch epoch, const coordinator::RunRecords& records);
  /// The coordinator has ended.
  void close() { epoch_ = 0; }

 private:
  void at(Instant when, coordinator::Event event);

  World& world_;
  std::function<void(coordinator::Event)> happened_;
  Epoch epoch_ = 0;
};

}  // namespace rollcall::sim
