#include "tests/sim/plan_control.h"

#include <algorithm>
#include <array>

#include "common/base/rng.h"
#include "tests/sim/dice.h"

namespace rollcall::sim {

using namespace std::chrono_literals;

/// When the first coordinator starts.
constexpr Instant kFirstStart = instant_from_ns(1'000'000'000);

/// Not in the kindest runs: what is paused is returned by its worker, which counts as stale there.
void draw_control(Plan& plan) {
  constexpr std::uint64_t kStream = 20533;
  Dice dice(mix64(plan.seed) + kStream);
  if (plan.profile <= Profile::crashes || !dice.chance(0.25)) return;
  for (std::uint32_t left = dice.number(1, 4); left > 0; --left) {
    Fault fault;
    fault.at = kFirstStart + dice.time(0ms, dice.chance(0.5) ? 1s : 8s);
    fault.kind = dice.one_of(std::array{FaultKind::cancel_tasks, FaultKind::cancel_tasks,
                                        FaultKind::pause, FaultKind::limit_slots});
    fault.worker = dice.number(0, 1'000'000);
    fault.lasts = dice.time(1ms, fault.kind == FaultKind::pause ? 3s : 2ms);
    plan.calm_from = std::max(plan.calm_from, fault.at + fault.lasts);
    plan.faults.push_back(fault);
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
}

}  // namespace rollcall::sim
