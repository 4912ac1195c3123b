// One simulated run: a coordinator, many workers, a network and the faults of a plan.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tests/sim/coordinator_process.h"
#include "tests/sim/network.h"
#include "tests/sim/process.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// What a simulated run has come to.
struct Verdict {
  std::string wrong;       ///< empty: every rule held
  std::uint64_t hash = 0;  ///< of the trace: the same for the same plan
  std::uint64_t steps = 0;
  std::uint64_t accepted = 0;
  std::uint64_t retried = 0;
  std::uint64_t stale = 0;
  std::uint64_t sessions = 0;
  Duration virtual_time{};
};

class Simulation {
 public:
  Simulation(const Plan& plan, bool prints);
  /// Runs it to its end. Called once.
  Verdict run();

 private:
  void run_to_the_end();
  void start_worker(std::uint32_t launch_id, Epoch epoch);
  void worker_exited(std::uint32_t number, std::uint32_t launch_id, Epoch epoch);
  void strike(const Fault& fault);
  void freeze_everyone(Duration lasts);
  Process* choose(std::uint32_t which);

  World world_;
  std::deque<Process> processes_;
  std::vector<std::uint32_t> alive_;  ///< numbers, from 1
  std::uint32_t refused_ = 0;         ///< workers that accept no commands
  Network network_;
  CoordinatorProcess coordinator_;
};

/// Runs the plan of a seed.
Verdict simulate(const Plan& plan, bool prints = false);

}  // namespace rollcall::sim
