#include "tests/sim/plan.h"

#include <algorithm>
#include <array>

#include "tests/sim/dice.h"
#include "tests/sim/input.h"
#include "tests/sim/plan_commands.h"
#include "tests/sim/plan_control.h"
#include "tests/sim/plan_output.h"

namespace rollcall::sim {
namespace {

using coordinator::CollectionMethod;
using namespace std::chrono_literals;

constexpr Instant kBegin = instant_from_ns(1'000'000'000);

void draw_tasks(Dice& dice, Plan& plan) {
  coordinator::RunSpec& spec = plan.spec;
  spec.id.bytes.fill(static_cast<std::uint8_t>(1 + plan.seed % 255));
  spec.seed = plan.seed;
  spec.task_count = dice.chance(0.15) ? dice.number(0, 2) : dice.number(1, 60);
  spec.pause_max = dice.one_of(std::array<Duration, 5>{0ms, 20ms, 500ms, 2s, 5s});
  spec.pause_min = dice.chance(0.3) ? spec.pause_max : Duration::zero();
  const double method = static_cast<double>(dice.number(0, 99));
  if (method < 70) return;
  if (method < 75) {
    spec.method = CollectionMethod::as_complete;
  } else if (method < 88) {
    spec.method = CollectionMethod::wait;
    if (dice.chance(0.8)) spec.wait_timeout = dice.time(0ms, 10s);
  } else {  // long sleeps: all must end as cancelled, however late the Cancel arrives
    spec.method = CollectionMethod::cancelled;
    spec.pause_min = 10h;
    spec.pause_max = 20h;
  }
}

void draw_workers(Dice& dice, Plan& plan) {
  coordinator::Policy& policy = plan.policy;
  policy.heartbeat_interval = dice.one_of(std::array<Duration, 3>{200ms, 500ms, 1s});
  policy.liveness = policy.heartbeat_interval * dice.number(3, 10);
  policy.orphan_for = dice.chance(0.5) ? policy.liveness : 3 * policy.liveness;
  policy.join_timeout = dice.time(2s, 15s);
  policy.local_workers = dice.number(0, 4);
  const std::uint32_t others = dice.number(policy.local_workers == 0 ? 1 : 0, 4);
  policy.others_may_join = others > 0;
  policy.wait_for_workers = std::max(1U, dice.number(0, policy.local_workers + others + 1));
  if (dice.chance(0.2)) policy.worker_restarts = std::nullopt;
  if (dice.chance(0.3)) policy.max_losses = dice.number(1, 3);
  if (dice.chance(0.5)) policy.prefetch = dice.number(0, 5);
  plan.most_slots = dice.chance(0.4) ? 0 : dice.number(1, 4);
  plan.drift_ppm = dice.chance(0.7) ? 200 : 0;
  for (std::uint32_t i = 0; i < others; ++i) {
    plan.joins.push_back(kBegin + (dice.chance(0.6) ? 0ms : dice.time(0ms, 20s)));
  }
}

void draw_weather(Dice& dice, Plan& plan) {
  plan.weather.delay_min = dice.one_of(std::array<Duration, 3>{20us, 200us, 5ms});
  plan.weather.delay_max = plan.weather.delay_min * dice.one_of(std::array<int, 3>{1, 3, 40});
  if (plan.profile != Profile::wild) return;
  plan.weather.ordered = dice.chance(0.3);
  plan.weather.straggle = dice.one_of(std::array<double, 3>{0, 0.05, 0.3});
  plan.weather.loss = dice.one_of(std::array<double, 4>{0, 0.02, 0.1, 0.25});
  plan.weather.repeat = dice.one_of(std::array<double, 4>{0, 0.02, 0.1, 0.4});
}

FaultKind draw_kind(Dice& dice, Profile profile, bool journal = false) {
  if (profile == Profile::coordinator) {
    return dice.one_of(
        std::array{FaultKind::freeze_coordinator, FaultKind::freeze_everyone, FaultKind::overload});
  }
  if (profile == Profile::crashes) return FaultKind::crash_coordinator;
  if (dice.chance(0.02)) return FaultKind::stop;
  if (journal && dice.chance(0.2)) return FaultKind::crash_coordinator;
  if (journal && dice.chance(0.15)) return FaultKind::take_over;
  return dice.one_of(
      std::array{FaultKind::kill, FaultKind::kill, FaultKind::terminate, FaultKind::freeze,
                 FaultKind::freeze, FaultKind::cut_up, FaultKind::cut_down, FaultKind::cut_both,
                 FaultKind::break_connection, FaultKind::break_connection,
                 FaultKind::freeze_coordinator, FaultKind::freeze_everyone, FaultKind::overload});
}

void sort_faults(Plan& plan) {
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
}

/// Short epochs, one after another and two at once, while many tasks run.
void draw_lives(Dice& dice, Plan& plan) {
  plan.spec.method = CollectionMethod::gather;
  plan.spec.wait_timeout.reset();
  plan.spec.task_count = dice.number(20, 100);
  plan.spec.pause_min = 0ms;
  plan.spec.pause_max = dice.one_of(std::array<Duration, 3>{5ms, 50ms, 200ms});
  plan.most_slots = dice.number(1, 3);
  Instant at = kBegin;
  for (std::uint32_t left = dice.number(3, 12); left > 0; --left) {
    Fault fault;
    fault.at = at += dice.time(1ms, 300ms);
    fault.kind = dice.one_of(std::array{FaultKind::take_over, FaultKind::crash_coordinator,
                                        FaultKind::break_connection, FaultKind::kill});
    fault.worker = dice.number(0, 99);
    fault.lasts = dice.time(1ms, dice.chance(0.5) ? 1s : 20ms);
    plan.calm_from = std::max(plan.calm_from, fault.at + fault.lasts);
    plan.faults.push_back(fault);
  }
  sort_faults(plan);
}

void draw_faults(Dice& dice, Plan& plan) {
  plan.calm_from = kBegin;
  if (plan.profile == Profile::calm) return;
  const Duration horizon = dice.time(500ms, 20s);
  const std::uint32_t count = dice.number(1, 12);
  for (std::uint32_t i = 0; i < count; ++i) {
    Fault fault;
    fault.at = kBegin + dice.time(0ms, horizon);
    fault.kind = draw_kind(dice, plan.profile, plan.policy.journal);
    fault.worker = dice.number(0, 99);
    fault.lasts = dice.time(1ms, dice.chance(0.5) ? 2 * plan.policy.liveness : Duration(500ms));
    plan.calm_from = std::max(plan.calm_from, fault.at + fault.lasts);
    plan.faults.push_back(fault);
  }
  sort_faults(plan);
}

/// Workers that are asked to leave. Drawn last, so that the rest of each plan does not change.
void draw_drains(Dice& dice, Plan& plan) {
  if (!dice.chance(0.3)) return;
  const bool may_stop = plan.profile > Profile::crashes;  // stopped attempts are repeated
  for (std::uint32_t left = dice.number(1, 3); left > 0; --left) {
    Fault fault;
    fault.at = kBegin + dice.time(0ms, 10s);
    fault.kind = dice.one_of(std::array{FaultKind::leave, FaultKind::drain,
                                        may_stop ? FaultKind::drain_at_once : FaultKind::drain});
    fault.worker = dice.number(0, 99);
    plan.calm_from = std::max(plan.calm_from, fault.at);
    plan.faults.push_back(fault);
  }
  sort_faults(plan);
}

/// How long a run may take after the last fault.
Duration patience(const Plan& plan) {
  Duration work = time_of_commands(plan) + time_of_output(plan);
  if (plan.spec.method != CollectionMethod::cancelled) {
    for (std::size_t t = 0; t < plan.spec.task_count; ++t) work += plan.spec.pause(task_at(t));
  }
  return 2 * work + 4 * plan.policy.liveness + 2 * plan.policy.join_timeout + 30s;
}

}  // namespace

coordinator::RunSpec spec_at_start(const Plan& plan) {
  coordinator::RunSpec spec = plan.spec;
  spec.is_open = plan.input.is_streamed;
  if (spec.is_open) spec.task_count = 0;
  return spec;
}

Plan plan_for(std::uint64_t seed) {
  Dice dice(seed + 1);
  Plan plan;
  plan.seed = seed;
  plan.profile = dice.one_of(std::array{
      Profile::calm, Profile::coordinator, Profile::crashes, Profile::crashes, Profile::connections,
      Profile::connections, Profile::wild, Profile::wild, Profile::wild, Profile::wild});
  draw_tasks(dice, plan);
  draw_workers(dice, plan);
  plan.policy.journal = plan.profile == Profile::crashes || dice.chance(0.5);
  if (plan.profile == Profile::crashes)
    plan.policy.liveness = std::max(plan.policy.liveness, Duration(12s));
  if (plan.policy.journal || plan.profile == Profile::coordinator) {
    plan.policy.orphan_for = 100 * plan.policy.liveness;
  }
  draw_weather(dice, plan);
  draw_faults(dice, plan);
  const bool has_lives = plan.policy.journal && plan.profile > Profile::crashes;
  if (has_lives && dice.chance(0.4)) draw_lives(dice, plan);
  plan.revive = dice.chance(0.6);
  plan.wire = dice.chance(0.1);
  draw_drains(dice, plan);
  if (is_of_commands(seed)) draw_commands(plan);
  if (is_streamed(seed)) draw_input(plan);
  if (is_of_output(plan)) draw_output(plan);
  draw_control(plan);
  Instant last_join = std::max(kBegin, plan.input.ends);
  for (const Instant join : plan.joins) last_join = std::max(last_join, join);
  plan.end_by = std::max(plan.calm_from, last_join) + patience(plan);
  plan.most_steps = 2'000'000;
  return plan;
}

Plan plan_at_scale(std::uint64_t seed, std::uint32_t sessions, std::uint32_t tasks) {
  Dice dice(seed + 1);
  Plan plan;
  plan.seed = seed;
  plan.profile = Profile::wild;
  plan.spec.id.bytes.fill(7);
  plan.spec.seed = seed;
  plan.spec.task_count = tasks;
  plan.spec.pause_max = 2s;
  plan.policy.others_may_join = true;
  plan.policy.wait_for_workers = sessions / 2;
  plan.policy.liveness = 5s;
  plan.weather = {100us, 20ms, 0.01, 0.01, 0.01, false};
  plan.most_slots = 16;
  plan.drift_ppm = 200;
  plan.revive = true;
  for (std::uint32_t i = 0; i < sessions; ++i) {
    plan.joins.push_back(kBegin + dice.time(0ms, 3s));
  }
  draw_faults(dice, plan);
  for (std::uint32_t i = 0; i < sessions / 4; ++i) {
    plan.faults.push_back({kBegin + dice.time(1s, 10s), draw_kind(dice, Profile::connections),
                           dice.number(0, sessions), dice.time(1ms, 8s)});
  }
  std::erase_if(plan.faults,
                [](const Fault& f) { return f.kind >= FaultKind::freeze_coordinator; });
  sort_faults(plan);
  plan.calm_from = kBegin + 30s;
  plan.end_by = plan.calm_from + 120s;
  plan.most_steps = 100'000'000;
  plan.check_every = 5'000;
  return plan;
}

}  // namespace rollcall::sim
