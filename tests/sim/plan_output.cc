#include "tests/sim/plan_output.h"

#include <array>

#include "common/base/rng.h"
#include "common/limits.h"
#include "tests/sim/dice.h"
#include "tests/sim/plan_commands.h"

namespace rollcall::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kOutputStream = 40127;
/// Chosen so that every seed recorded before output had a journal still stands for a run without
/// output.
constexpr std::uint64_t kJournaledStream = 39857;

}  // namespace

bool is_of_output(const Plan& plan) {
  const std::uint64_t stream = plan.policy.journal ? kJournaledStream : kOutputStream;
  return is_exec(plan) && mix64(mix64(plan.seed) + stream) % 2 == 0;
}

void draw_output(Plan& plan) {
  Dice dice(mix64(plan.seed) + kOutputStream + 1);
  OutputPlan& output = plan.output;
  output.prints = dice.one_of(std::array<double, 3>{0.1, 0.5, 1});
  output.most =
      dice.one_of(std::array<std::uint32_t, 5>{20'000, 60'000, 200'000, 700'000, 2 << 20U});
  output.spool =
      dice.one_of(std::array<std::uint64_t, 5>{128 << 10U, 200'000, 500'000, 2 << 20U, 1 << 30U});
  output.early = dice.one_of(std::array<std::uint64_t, 2>{64 << 10U, 300'000});
  output.print_max = dice.one_of(std::array<Duration, 4>{1us, 5ms, 50ms, 300ms});
  plan.policy.takes_output = true;
  if (dice.chance(0.6)) plan.policy.retries = 0;  // with retries, nothing is printed early
  plan.policy.prints_early = !dice.chance(0.15);
  plan.policy.prints_in_order = dice.chance(0.4);
  output.sync_max = dice.one_of(std::array<Duration, 3>{100us, 20ms, 200ms});
}

std::vector<Write> writes_of(const Plan& plan, TaskId task, Attempt attempt, Duration length) {
  Dice dice(mix64(plan.seed) + kOutputStream + 2 + random_at(index(task), attempt));
  std::vector<Write> writes;
  if (!dice.chance(plan.output.prints)) return writes;
  const bool has_both = dice.chance(0.3);
  const std::uint32_t most = dice.chance(0.5) ? plan.output.most / 20 : plan.output.most;
  const std::uint32_t count = dice.number(1, 8);
  for (std::uint32_t i = 0; i < count; ++i) {
    Write& write = writes.emplace_back();
    write.after = dice.time(0ms, length / count);
    write.stream = has_both && dice.chance(0.5) ? OutputStream::err : OutputStream::out;
    write.bytes = dice.number(1, most / count);
  }
  return writes;
}

Duration time_of_output(const Plan& plan) {
  const OutputPlan& output = plan.output;
  if (output.most == 0) return {};
  const std::uint64_t parts = 2 + std::uint64_t{2} * output.most / limits::output_row_bytes;
  const Duration part = output.print_max + 2 * output.sync_max + 4 * plan.weather.delay_max +
                        2 * plan.policy.heartbeat_interval;
  return std::uint64_t{plan.spec.task_count} * (plan.policy.retries + 1) * parts * part;
}

}  // namespace rollcall::sim
