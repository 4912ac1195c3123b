#include "tests/sim/process.h"

#include <algorithm>
#include <utility>

#include "tests/support/describe.h"
#include "worker/core/attempt_set.h"

namespace rollcall::sim {
namespace {

using namespace std::chrono_literals;

worker::Identity identity_of(const Process::Terms& terms) {
  worker::Identity identity;
  identity.host = "host";
  identity.name = "w" + std::to_string(terms.number);
  identity.pid = 1'000 + terms.number;
  identity.slots = terms.slots;
  identity.processors = 1;
  identity.launch_id = terms.launch_id;
  identity.command_slots = terms.command_slots;
  return identity;
}

HostClock clock_from(World& world) {
  const Duration offset = world.time(0s, 1'000'000s);
  const std::int64_t most = world.plan.drift_ppm;
  const auto ppm =
      static_cast<std::int64_t>(world.rng.below(static_cast<std::uint64_t>(2 * most + 1))) - most;
  return {offset, ppm};
}

}  // namespace

Instant HostClock::real(Instant local) const {
  if (local == kNever) return kNever;
  const std::int64_t target = to_ns(local - offset_);
  const auto ratio = 1 + static_cast<double>(ppm_) * 1e-6;
  auto guess =
      instant_from_ns(static_cast<std::int64_t>(static_cast<double>(target) / ratio) - 512);
  while (at(guess) < local) guess += std::max(Duration(1), (local - at(guess)) / 2);
  return guess;
}

Process::Process(World& world, Network& network, Terms terms)
    : world_(world),
      network_(network),
      terms_(std::move(terms)),
      rng_(world.rng.next()),
      clock_(clock_from(world)),
      session_(identity_of(terms_)),
      commands_(world.plan, terms_.starts_none,
                {[this](TaskId task, Attempt attempt, bool begins) {
                   require(!begins || !is_halted_, "a command began that its worker had to return");
                   world_.truth.spawned(session_.id(), task, attempt, world_.timeline.now());
                 },
                 [this](TaskId task, Attempt attempt, const StreamBytes& written) {
                   world_.truth.wrote(session_.id(), task, attempt, written);
                 }}) {
  link_ = &network_.open([this](DownMessage message) { receive(std::move(message)); });
  begin();
  arm();
}

void Process::begin() {
  is_halted_ = false;
  worker::Begun begun;
  for (std::uint8_t& byte : begun.secret.bytes) byte = static_cast<std::uint8_t>(rng_.next());
  begun.secret.bytes[0] |= 1U;
  begun.seed = rng_.next();
  step(begun);
}

void Process::receive(DownMessage message) {
  if (!alive_) return;
  inbox_.push_back(std::move(message));
  wake_at(world_.timeline.now());
}

void Process::wake_at(Instant real) {
  real = std::max({real, frozen_until_, world_.timeline.now()});
  if (wake_ && *wake_ <= real) return;
  wake_ = real;
  world_.timeline.at(real, [this, real] {
    if (wake_ != real) return;
    wake_.reset();
    turn();
  });
}

void Process::arm() {
  if (!alive_) return;
  Instant next = kNever;
  if (const auto deadline = session_.next_deadline()) next = std::min(next, *deadline);
  if (const auto wake = sleeps_.next_wake(local_now())) next = std::min(next, *wake);
  if (const auto end = commands_.next_end()) next = std::min(next, *end);
  if (next == kNever) return;
  const Duration late = world_.time(1us, 200us);  // no event loop is on time
  wake_at(std::max(clock_.real(next), world_.timeline.now()) + late);
}

/// One turn of the event loop: received messages, due timers, then the end of the turn.
void Process::turn() {
  if (!alive_) return;
  if (world_.timeline.now() < frozen_until_) return wake_at(frozen_until_);
  if (std::exchange(reconnected_pending_, false)) step(worker::Reconnected{});
  while (alive_ && !inbox_.empty()) {
    const DownMessage message = std::move(inbox_.front());
    inbox_.pop_front();
    step_message(*message);
  }
  if (!alive_) return;
  take_ended();
  take_progress();
  if (const auto term = std::exchange(term_pending_, std::nullopt); alive_ && term) {
    step(worker::TerminateRequested{*term});
  }
  if (const auto deadline = session_.next_deadline(); deadline && *deadline <= local_now()) {
    step(worker::DeadlineReached{});
  }
  if (alive_) step(worker::TurnEnded{});
  arm();
}

/// Rule 4: between a Hello and its Welcome a worker obeys nothing.
void Process::step_message(const CoordinatorMessage& message) {
  world_.trace.add(message.body.index());
  world_.tell([&] { return "w" + std::to_string(terms_.number) + " gets " + describe(message); });
  const bool may_obey = session_.welcomed() || std::holds_alternative<Welcome>(message.body) ||
                        std::holds_alternative<Reject>(message.body);
  const std::size_t held = session_.running() + session_.waiting();
  const Epoch epoch = epoch_;
  const bool was_welcomed = session_.welcomed();
  if (!was_welcomed && std::holds_alternative<Welcome>(message.body)) epoch_ = message.header.epoch;
  is_halted_ = is_halted_ && epoch_ == epoch;
  const auto* revoke = std::get_if<Revoke>(&message.body);
  if (revoke && was_welcomed && message.header.epoch == epoch_) {
    is_halted_ |= world_.last_revocations.contains(
        {message.header.session, message.header.epoch, revoke->assignments_through, revoke->keep});
  }
  step(worker::MessageReceived{message});
  require(may_obey || session_.over() || held == session_.running() + session_.waiting(),
          "a worker obeyed between its Hello and the Welcome");
  if (!session_.welcomed()) epoch_ = epoch;  // not the awaited Welcome
}

/// An action may cause another event, whose actions are performed after those of the first.
void Process::step(const worker::Event& event) {
  session_.step(local_now(), event, actions_);
  session_.check_invariants();
  if (std::exchange(is_performing_, true)) return;
  for (std::size_t i = 0; i < actions_.size() && alive_; ++i) {
    const worker::Action action = std::move(actions_[i]);
    perform(action);
  }
  actions_.clear();
  is_performing_ = false;
}

void Process::start_attempts(const worker::StartAttempts& start) {
  require(!is_halted_, "a worker started an attempt that it had to return");
  for (std::size_t i = 0; i < start.attempts.size(); ++i) {
    world_.truth.started(session_.id(), epoch_, start.attempts.task[i], start.attempts.attempt[i],
                         world_.timeline.now());
  }
  world_.trace.add(start.attempts.size());
  require(is_exec(world_.plan) == (start.job->kind == KindId::exec), "an attempt has another kind");
  if (is_exec(world_.plan)) {
    commands_.start(local_now(), start.assignment, start.attempts);
  } else {
    sleeps_.start(local_now(), start.assignment, start.attempts);
  }
}

void Process::take_ended() {
  OutcomeColumns ended;
  if (is_exec(world_.plan)) {
    commands_.take_ended(local_now(), ended);
  } else {
    sleeps_.take_due(local_now(), ended);
  }
  if (ended.size() > 0) attempts_ended(ended);
}

void Process::take_progress() {
  std::vector<worker::OutputProgress> progress;
  commands_.take_progress(local_now(), progress);
  if (!progress.empty()) step(worker::OutputRead{progress});
}

/// Only the codec needs the bytes themselves.
void Process::send_output(const worker::SendOutput& send) {
  Output output;
  for (const worker::OutputPart& part : send.parts) {
    if (!commands_.send(part)) continue;
    output.task.push_back(part.task);
    output.attempt.push_back(part.attempt);
    output.stream.push_back(part.stream);
    output.offset.push_back(part.offset);
    output.size.push_back(static_cast<std::uint32_t>(part.size));
    if (world_.plan.wire) output.bytes.append(part.size, 'x');
  }
  if (output.rows() == 0) return;
  network_.send(
      *link_, std::make_shared<const WorkerMessage>(WorkerMessage{send.header, std::move(output)}));
}

void Process::attempts_ended(const OutcomeColumns& outcomes) {
  world_.truth.ended(session_.id(), outcomes);
  step(worker::AttemptsEnded{outcomes});
}

void Process::perform(const worker::Action& action) {
  if (const auto* send = std::get_if<worker::Send>(&action)) {
    if (const auto* report = std::get_if<Report>(&send->message->body)) {
      world_.truth.reported(send->message->header.session, report->number, report->outcomes.size());
    }
    network_.send(*link_, send->message);
  } else if (const auto* start = std::get_if<worker::StartAttempts>(&action)) {
    start_attempts(*start);
  } else if (const auto* prepare = std::get_if<worker::Prepare>(&action)) {
    commands_.prepare(prepare->slots, prepare->has_output_in_chunks);
  } else if (const auto* cancel = std::get_if<worker::CancelAttempts>(&action)) {
    commands_.cancel(local_now(), cancel->assignments_through);
    OutcomeColumns cancelled;
    sleeps_.cancel(local_now(), cancel->assignments_through, cancelled);
    if (cancelled.size() > 0) attempts_ended(cancelled);
  } else if (const auto* listed = std::get_if<worker::CancelListed>(&action)) {
    const worker::AttemptSet attempts = worker::set_of(listed->attempts);
    commands_.cancel_listed(local_now(), attempts);
    OutcomeColumns cancelled;
    sleeps_.cancel_listed(local_now(), attempts, cancelled);
    if (cancelled.size() > 0) attempts_ended(cancelled);
  } else if (const auto* waiting = std::get_if<worker::ReturnWaiting>(&action)) {
    commands_.return_waiting(waiting->assignments_through);
  } else if (const auto* output = std::get_if<worker::SendOutput>(&action)) {
    send_output(*output);
  } else if (const auto* forget = std::get_if<worker::ForgetOutput>(&action)) {
    for (const worker::ForgottenOutput& each : forget->streams) commands_.forget(each);
  } else if (const auto* release = std::get_if<worker::ReleaseOutcomes>(&action)) {
    commands_.release(release->attempts);
    take_ended();
  } else if (std::holds_alternative<worker::DropAttempts>(action)) {
    sleeps_.clear();
    commands_.clear();
  } else if (std::holds_alternative<worker::ListRunning>(action)) {
    HeldColumns running;
    sleeps_.list(running);
    commands_.list(running);
    step(worker::RunningListed{running});
  } else if (std::holds_alternative<worker::StartOver>(action)) {
    begin();
  } else if (const auto* over = std::get_if<worker::Exit>(&action)) {
    require(!over->reason.starts_with("cannot run"), over->reason);
    end(over->status, /*flight_lost=*/false);
  } else if (const auto* log = std::get_if<worker::Log>(&action)) {
    world_.tell([&] { return "w" + std::to_string(terms_.number) + " logs: " + log->text; });
  }
}

void Process::end(int status, bool flight_lost) {
  if (!std::exchange(alive_, false)) return;
  world_.tell([&] {
    return "w" + std::to_string(terms_.number) + " ends with status " + std::to_string(status);
  });
  network_.close(*link_, flight_lost);
  sleeps_.clear();
  commands_.clear();
  terms_.exited(status);
}

void Process::kill() {
  end(137, world_.chance(0.5));
}

void Process::terminate(DrainMode mode) {
  term_pending_ = mode;
  wake_at(world_.timeline.now());
}

void Process::freeze(Duration lasts) {
  frozen_until_ = std::max(frozen_until_, world_.timeline.now() + lasts);
  wake_at(frozen_until_);
}

void Process::break_connection(Duration down_for) {
  const bool keeps_waiting = world_.chance(0.5);
  network_.break_connection(*link_, down_for, keeps_waiting);
  if (keeps_waiting) return;
  reconnected_pending_ = true;
  wake_at(world_.timeline.now());
}

}  // namespace rollcall::sim
