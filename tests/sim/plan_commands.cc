#include "tests/sim/plan_commands.h"

#include <algorithm>
#include <array>

#include "common/base/rng.h"
#include "tests/sim/dice.h"

namespace rollcall::sim {
namespace {

using coordinator::CollectionMethod;
using coordinator::Halt;
using namespace std::chrono_literals;

/// Chosen so that every seed recorded before commands existed still stands for sleeps.
constexpr std::uint64_t kStream = 19076;
/// The same for --delay: no seed recorded before has one.
constexpr std::uint64_t kPaceStream = kStream + 248;

Halt draw_halt(Dice& dice, std::uint32_t tasks) {
  Halt halt;
  halt.on_success = dice.chance(0.3);
  halt.now = dice.chance(0.5);
  if (dice.chance(0.5)) {
    halt.count = dice.number(1, std::max(1U, tasks / 3));
  } else {
    halt.share = dice.one_of(std::array<double, 4>{0.05, 0.1, 0.3, 1});
  }
  return halt;
}

/// The user stops runs of commands more often, softly or not. With a journal, a new epoch follows.
void draw_stops(Dice& dice, Plan& plan) {
  if (!dice.chance(0.15) || (plan.policy.journal && plan.profile < Profile::crashes)) return;
  for (std::uint32_t left = dice.number(1, 2); left > 0; --left) {
    Fault fault;
    fault.at = instant_from_ns(1'000'000'000) + dice.time(0ms, 5s);
    fault.kind = dice.chance(0.7) ? FaultKind::stop_softly : FaultKind::stop;
    fault.lasts = dice.time(1ms, 500ms);
    plan.calm_from = std::max(plan.calm_from, fault.at + fault.lasts);
    plan.faults.push_back(fault);
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
}

void draw_pace(Plan& plan) {
  Dice dice(mix64(plan.seed) + kPaceStream);
  if (!dice.chance(0.1)) return;
  plan.policy.start_interval = dice.one_of(std::array<Duration, 3>{1ms, 20ms, 200ms});
}

}  // namespace

bool is_of_commands(std::uint64_t seed) {
  return mix64(mix64(seed) + kStream) % 3 == 0;
}

void draw_commands(Plan& plan) {
  Dice dice(mix64(plan.seed) + kStream + 1);
  plan.spec.kind = KindId::exec;
  plan.spec.traits = coordinator::traits_of(plan.spec.kind);
  plan.spec.method = CollectionMethod::gather;
  plan.spec.wait_timeout.reset();
  plan.spec.pause_min = plan.spec.pause_max = 0ms;
  CommandPlan& commands = plan.commands;
  commands.length_max = dice.one_of(std::array<Duration, 5>{0ms, 5ms, 50ms, 300ms, 2s});
  if (dice.chance(0.4)) commands.timeout = commands.length_max * dice.number(5, 10) / 10;
  commands.fails = dice.one_of(std::array<double, 5>{0, 0.1, 0.3, 0.6, 1});
  if (dice.chance(0.15)) commands.refuses = dice.one_of(std::array<double, 2>{0.2, 0.6});
  if (dice.chance(0.1)) commands.starts_none = 0.2;
  commands.most_at_once = dice.one_of(std::array<std::uint32_t, 3>{1, 3, 100});
  coordinator::Policy& policy = plan.policy;
  policy.retries = dice.one_of(std::array<std::uint32_t, 6>{0, 1, 1, 2, 3, 5});
  if (dice.chance(0.35)) policy.halt = draw_halt(dice, plan.spec.task_count);
  if (dice.chance(0.2)) policy.assignment_attempts = dice.number(1, 3);
  policy.name_starts = dice.chance(0.5);
  policy.kill_after = dice.one_of(std::array<Duration, 3>{1ms, 100ms, 1s});
  draw_stops(dice, plan);
  draw_pace(plan);
}

Fate fate_of(const Plan& plan, TaskId task, Attempt attempt) {
  const CommandPlan& commands = plan.commands;
  Dice dice(mix64(plan.seed) + kStream + 2 + random_at(index(task), attempt));
  Fate fate;
  fate.length = dice.time(0ms, commands.length_max);
  fate.dies_within = dice.time(0ms, plan.policy.kill_after);
  if (dice.chance(commands.fails)) fate.outcome = Outcome::failed;
  if (commands.timeout > 0ms && fate.length > commands.timeout) {
    fate.outcome = Outcome::timed_out;
    fate.length = commands.timeout;
  }
  return fate;
}

Duration pause_after(std::uint32_t failures) {
  Duration pause = 100ms;
  for (std::uint32_t i = 1; i < failures; ++i) pause = std::min<Duration>(2 * pause, 1min);
  return pause;
}

Duration time_of_commands(const Plan& plan) {
  if (!is_exec(plan)) return {};
  Duration one{};
  for (std::uint32_t failures = 1; failures <= plan.policy.retries + 1; ++failures) {
    one += plan.commands.length_max + pause_after(failures) + plan.policy.start_interval;
  }
  return plan.spec.task_count * (one + plan.policy.kill_after);
}

}  // namespace rollcall::sim
