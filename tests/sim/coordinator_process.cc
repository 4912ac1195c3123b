#include "tests/sim/coordinator_process.h"

#include <algorithm>

namespace rollcall::sim {

CoordinatorProcess::CoordinatorProcess(World& world, Network& network,
                                       std::function<void(std::uint32_t)> start_local_worker)
    : world_(world),
      network_(network),
      start_local_worker_(std::move(start_local_worker)),
      scheduler_(world.plan.spec, world.plan.policy, /*epoch=*/1),
      observer_(world, scheduler_) {}

void CoordinatorProcess::listen() {
  step(coordinator::ListeningStarted{});
  wake_at(now());
}

void CoordinatorProcess::receive(ConnectionId from, UpMessage message) {
  if (ended_) return;
  observer_.arrived(from, *message);
  inbox_.emplace_back(from, std::move(message));
  wake_at(now());
}

void CoordinatorProcess::local_worker_exited(std::uint32_t ticket) {
  if (ended_) return;
  others_.push_back(coordinator::LocalWorkerExited{ticket, "it ended"});
  wake_at(now());
}

void CoordinatorProcess::drain(const SessionId& session, DrainMode mode) {
  const auto& sessions = scheduler_.records().sessions;
  for (std::uint32_t s = 0; s < sessions.size() && !ended_; ++s) {
    if (sessions[s].id != session) continue;
    others_.push_back(coordinator::DrainRequested{{SessionIndex{s}}, mode});
    wake_at(now());
  }
}

void CoordinatorProcess::stop() {
  if (ended_) return;
  others_.push_back(coordinator::StopRequested{});
  wake_at(now());
}

void CoordinatorProcess::freeze(Duration lasts) {
  busy_until_ = std::max(busy_until_, now() + lasts);
}

void CoordinatorProcess::overload(Duration lasts) {
  overloaded_until_ = std::max(overloaded_until_, now() + lasts);
}

void CoordinatorProcess::wake_at(Instant when) {
  when = std::max({when, busy_until_, now()});
  if (wake_ && *wake_ <= when) return;
  wake_ = when;
  world_.timeline.at(when, [this, when] {
    if (wake_ != when) return;
    wake_.reset();
    turn();
  });
}

void CoordinatorProcess::turn() {
  if (ended_) return;
  if (now() < busy_until_) return wake_at(busy_until_);
  const bool overloaded = now() < overloaded_until_;
  for (const coordinator::Event& event : std::exchange(others_, {})) step(event);
  for (std::size_t budget = overloaded ? 1 : 16; budget > 0 && !inbox_.empty(); --budget) {
    const auto [from, message] = std::move(inbox_.front());
    inbox_.pop_front();
    observer_.taken(from, *message);
    step(coordinator::MessageReceived{from, *message});
  }
  step(coordinator::TurnEnded{inbox_.empty()});
  if (++turns_ % world_.plan.check_every == 0) scheduler_.check_invariants();
  if (overloaded) busy_until_ = now() + world_.plan.policy.heartbeat_interval * 9 / 10;
  if (!inbox_.empty()) return wake_at(now());
  if (const auto deadline = scheduler_.next_deadline()) {
    wake_at(std::max(*deadline, now() + Duration(1'000)));
  }
}

void CoordinatorProcess::step(const coordinator::Event& event) {
  coordinator::Actions actions;
  scheduler_.step(now(), event, actions);
  for (coordinator::Action& action : actions) perform(action);
}

void CoordinatorProcess::perform(coordinator::Action& action) {
  observer_.done(action);
  if (auto* send = std::get_if<coordinator::Send>(&action)) {
    network_.send(send->to, std::move(send->message));
  } else if (const auto* start = std::get_if<coordinator::StartLocalWorker>(&action)) {
    start_local_worker_(start->ticket);
  } else if (std::holds_alternative<coordinator::End>(action)) {
    ended_ = true;
    network_.close_all();
  }
}

}  // namespace rollcall::sim
