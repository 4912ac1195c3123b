#include "tests/sim/input.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/rng.h"
#include "tests/sim/dice.h"

namespace rollcall::sim {
namespace {

using namespace std::chrono_literals;

/// Chosen so that every seed recorded before inputs were streamed still stands for a fixed number
/// of tasks.
constexpr std::uint64_t kInputStream = 131447;

}  // namespace

bool is_streamed(std::uint64_t seed) {
  return mix64(mix64(seed) + kInputStream) % 4 == 0;
}

void draw_input(Plan& plan) {
  if (plan.spec.method != coordinator::CollectionMethod::gather) return;
  Dice dice(mix64(plan.seed) + kInputStream + 1);
  InputPlan& input = plan.input;
  input.is_streamed = true;
  input.is_pipe = dice.chance(0.3);
  input.fails = dice.chance(0.1);
  const Duration pause = dice.one_of(std::array<Duration, 4>{0ms, 10ms, 200ms, 1s});
  Instant at = instant_from_ns(1'000'000'000) + dice.time(0ms, pause);
  for (std::uint32_t left = plan.spec.task_count; left > 0;) {
    const std::uint32_t count = dice.number(1, dice.chance(0.7) ? 1 : left);
    input.parts.push_back({at, count});
    left -= count;
    if (left > 0 || dice.chance(0.5)) at += dice.time(0ms, pause);
  }
  input.ends = at;
}

void Input::open(Epoch epoch, const coordinator::RunRecords& records) {
  epoch_ = epoch;
  const InputPlan& plan = world_.plan.input;
  if (!records.spec.is_open) return;
  if (epoch > 1 && plan.is_pipe) {
    return at(world_.timeline.now(), coordinator::InputEnded{"the rest is lost"});
  }
  std::uint32_t read = 0;
  for (const InputPart& part : plan.parts) {
    read += part.count;
    if (read <= records.spec.task_count) continue;
    const std::uint32_t left = std::min(part.count, read - records.spec.task_count);
    at(part.at, coordinator::TasksAdded{left});
  }
  at(plan.ends, coordinator::InputEnded{plan.fails ? "it cannot be read" : ""});
}

void Input::at(Instant when, coordinator::Event event) {
  world_.timeline.at(std::max(when, world_.timeline.now()),
                     [this, epoch = epoch_, event = std::move(event)] {
                       if (epoch == epoch_) happened_(event);
                     });
}

}  // namespace rollcall::sim
