#include "tests/sim/simulation.h"

#include <algorithm>

#include "tests/sim/plan_commands.h"

namespace rollcall::sim {

namespace {

/// Workers of one run that accept no commands.
constexpr std::uint32_t kMostRefusals = 3;

/// One stop in four leaves the workers running, where there is a journal.
bool leaves_running(const Fault& fault) {
  return fault.lasts.count() % 4 == 0;
}

}  // namespace

using namespace std::chrono_literals;

Simulation::Simulation(const Plan& plan, bool prints)
    : world_(plan, prints),
      network_(
          world_,
          [this](ConnectionId from, UpMessage message) {
            coordinator_.receive(from, std::move(message));
          },
          [this](ConnectionId connection) { coordinator_.connection_closed(connection); }),
      coordinator_(
          world_, network_,
          [this](std::uint32_t launch_id, Epoch epoch) {
            const Duration starting = world_.time(1ms, 50ms);
            world_.timeline.after(starting,
                                  [this, launch_id, epoch] { start_worker(launch_id, epoch); });
          },
          [this](const SessionId& id) -> Process* {
            const auto found = std::find_if(
                alive_.begin(), alive_.end(),
                [&](std::uint32_t number) { return processes_[number - 1].session() == id; });
            return found == alive_.end() ? nullptr : &processes_[*found - 1];
          }) {}

/// `epoch`: of the coordinator that started it, if it is local.
void Simulation::start_worker(std::uint32_t launch_id, Epoch epoch) {
  if (coordinator_.ended()) return;
  const auto number = static_cast<std::uint32_t>(processes_.size() + 1);
  const std::uint32_t most = world_.plan.most_slots;
  Process::Terms terms;
  terms.number = number;
  terms.launch_id = launch_id;
  terms.slots = most == 0 ? 0 : static_cast<std::uint32_t>(world_.rng.below(most)) + 1;
  if (is_exec(world_.plan)) {
    const CommandPlan& commands = world_.plan.commands;
    terms.command_slots = static_cast<std::uint32_t>(world_.rng.below(commands.most_at_once)) + 1;
    // Like other faults this one ends: a run cannot finish if no worker ever accepts a command.
    const bool refuses = world_.chance(commands.refuses) && refused_ < kMostRefusals;
    if (refuses) terms.command_slots = 0;
    refused_ += refuses ? 1 : 0;
    terms.starts_none = world_.chance(commands.starts_none);
  }
  terms.exited = [this, number, launch_id, epoch](int) { worker_exited(number, launch_id, epoch); };
  alive_.push_back(number);
  processes_.emplace_back(world_, network_, std::move(terms));
}

void Simulation::worker_exited(std::uint32_t number, std::uint32_t launch_id, Epoch epoch) {
  std::erase(alive_, number);
  const Duration noticed = world_.time(10us, 5ms);
  if (launch_id != 0) {
    world_.timeline.after(
        noticed, [this, launch_id, epoch] { coordinator_.local_worker_exited(launch_id, epoch); });
  } else if (world_.plan.revive) {
    world_.timeline.after(noticed + 100ms, [this] { start_worker(0, 0); });
  }
}

Process* Simulation::choose(std::uint32_t which) {
  return alive_.empty() ? nullptr : &processes_[alive_[which % alive_.size()] - 1];
}

void Simulation::freeze_everyone(Duration lasts) {
  coordinator_.freeze(lasts);
  for (const std::uint32_t number : alive_) {
    processes_[number - 1].freeze(lasts + world_.time(0ms, 50ms));
  }
}

void Simulation::strike(const Fault& fault) {
  world_.tell([&] {
    return "fault " + std::to_string(static_cast<int>(fault.kind)) + " for " +
           std::to_string(to_seconds(fault.lasts)) + " s";
  });
  switch (fault.kind) {
    case FaultKind::freeze_coordinator:
      return coordinator_.freeze(fault.lasts);
    case FaultKind::freeze_everyone:
      return freeze_everyone(fault.lasts);
    case FaultKind::overload:
      return coordinator_.overload(fault.lasts);
    case FaultKind::stop:
      return coordinator_.stop(fault.lasts, /*let_running_end=*/false, leaves_running(fault));
    case FaultKind::stop_softly:
      return coordinator_.stop(fault.lasts, /*let_running_end=*/true, leaves_running(fault));
    case FaultKind::crash_coordinator:
      return coordinator_.crash(fault.lasts);
    case FaultKind::take_over:
      return coordinator_.take_over(fault.lasts);
    case FaultKind::cancel_tasks:
      return coordinator_.cancel(fault.worker);
    case FaultKind::pause:
      return coordinator_.pause(fault.lasts);
    default:
      break;
  }
  Process* process = choose(fault.worker);
  if (process == nullptr) return;
  switch (fault.kind) {
    case FaultKind::kill:
      return process->kill();
    case FaultKind::terminate:
      return process->terminate(DrainMode::return_running);
    case FaultKind::leave:
      return process->terminate(DrainMode::finish);
    case FaultKind::limit_slots:
      return coordinator_.limit_slots(process->session(), 1 + fault.worker % 2);
    case FaultKind::drain:
      return coordinator_.drain(process->session(), DrainMode::finish);
    case FaultKind::drain_at_once:
      return coordinator_.drain(process->session(), DrainMode::return_running);
    case FaultKind::freeze:
      return process->freeze(fault.lasts);
    case FaultKind::cut_up:
      return process->cut(true, false, fault.lasts);
    case FaultKind::cut_down:
      return process->cut(false, true, fault.lasts);
    case FaultKind::cut_both:
      return process->cut(true, true, fault.lasts);
    default:
      return process->break_connection(fault.lasts);
  }
}

void Simulation::run_to_the_end() {
  for (const Fault& fault : world_.plan.faults) {
    world_.timeline.at(fault.at, [this, fault] { strike(fault); });
  }
  for (const Instant join : world_.plan.joins) {
    world_.timeline.at(join, [this] { start_worker(0, 0); });
  }
  coordinator_.listen();
  while (!coordinator_.ended()) {
    require(!world_.timeline.empty() && world_.timeline.now() < world_.plan.end_by,
            "the run hangs: " + std::to_string(coordinator_.scheduler().done()) + " of " +
                std::to_string(world_.plan.spec.task_count) + " tasks done");
    require(world_.timeline.steps() < world_.plan.most_steps, "the run spins");
    world_.timeline.step();
  }
  coordinator_.scheduler().check_invariants();
  coordinator_.observer().check_end();
  // No worker outlives the run for long: it was notified, or it notices the silence.
  const Duration patience = 4 * world_.plan.policy.orphan_for + 200s;
  const Instant gone_by = world_.timeline.now() + patience;
  while (!alive_.empty()) {
    require(!world_.timeline.empty() && world_.timeline.now() < gone_by, "a worker never ends");
    require(world_.timeline.steps() < world_.plan.most_steps, "a worker spins");
    world_.timeline.step();
  }
}

Verdict Simulation::run() {
  Verdict verdict;
  try {
    run_to_the_end();
  } catch (const Violation& violation) {
    verdict.wrong = violation.what();
  }
  const coordinator::RunRecords& records = coordinator_.scheduler().records();
  verdict.hash = world_.trace.hash();
  verdict.steps = world_.timeline.steps();
  verdict.accepted = records.accepted();
  verdict.retried = records.attempts_retried;
  verdict.stale = records.stale;
  verdict.sessions = records.sessions.size();
  verdict.virtual_time = world_.timeline.now().time_since_epoch() - 1s;
  return verdict;
}

Verdict simulate(const Plan& plan, bool prints) {
  Simulation simulation(plan, prints);
  return simulation.run();
}

}  // namespace rollcall::sim
