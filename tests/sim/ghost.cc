#include "tests/sim/ghost.h"

#include <algorithm>

namespace rollcall::sim {

Ghost::Ghost(World& world, Network& network, const Observer& observer,
             std::function<void(std::uint32_t, Epoch)> start_worker, Epoch epoch,
             std::unique_ptr<coordinator::Scheduler> scheduler)
    : world_(world),
      network_(network),
      observer_(observer),
      start_worker_(std::move(start_worker)),
      epoch_(epoch),
      scheduler_(std::move(scheduler)) {
  wake_at(world_.timeline.now());
}

void Ghost::happened(coordinator::Event event) {
  others_.push_back(std::move(event));
  wake_at(world_.timeline.now());
}

void Ghost::receive(ConnectionId from, UpMessage message) {
  inbox_.emplace_back(from, std::move(message));
  wake_at(world_.timeline.now());
}

void Ghost::wake_at(Instant when) {
  when = std::max(when, world_.timeline.now());
  if (over_ || (wake_ && *wake_ <= when)) return;
  wake_ = when;
  world_.timeline.at(when, [this, when] {
    if (wake_ != when) return;
    wake_.reset();
    turn();
  });
}

void Ghost::turn() {
  for (const coordinator::Event& event : std::exchange(others_, {})) step(event);
  for (const auto& [from, message] : std::exchange(inbox_, {})) {
    step(coordinator::MessageReceived{from, *message});
  }
  const std::uint64_t room = world_.plan.output.spool;
  step(coordinator::TurnEnded{true, {.bytes = room, .early_bytes = 0, .is_stuck = false}});
  if (over_) return;
  scheduler_->check_invariants();
  if (const auto deadline = scheduler_->next_deadline()) {
    wake_at(std::max(*deadline, world_.timeline.now() + Duration(1'000)));
  }
}

void Ghost::step(const coordinator::Event& event) {
  if (over_) return;
  coordinator::Actions actions;
  scheduler_->step(world_.timeline.now(), event, actions);
  for (coordinator::Action& action : actions) perform(event, action);
}

void Ghost::perform(const coordinator::Event& event, coordinator::Action& action) {
  world_.trace.add(action.index());
  if (auto* send = std::get_if<coordinator::Send>(&action)) {
    const SessionId& session = send->message.header.session;
    if (const auto* ack = std::get_if<Ack>(&send->message.body)) {
      require(ack->reports_committed <= observer_.reports_committed(session),
              "a fenced coordinator has acknowledged outcomes that were not committed");
    }
    network_.send(send->to, std::move(send->message));
  } else if (const auto* start = std::get_if<coordinator::StartLocalWorker>(&action)) {
    start_worker_(start->launch_id, epoch_);
  } else if (const auto* published = std::get_if<coordinator::PublishOutcomes>(&action)) {
    require(published->first + published->count <= observer_.records_committed(),
            "a fenced coordinator has published outcomes that were not committed");
  } else if (const auto* taken = std::get_if<coordinator::TakeOutput>(&action)) {
    take(std::get<Output>(std::get<coordinator::MessageReceived>(event).message.body), *taken);
  } else if (std::holds_alternative<coordinator::End>(action)) {
    over_ = true;
  }
}

void Ghost::take(const Output& output, const coordinator::TakeOutput& taken) {
  coordinator::OutputWritten written;
  for (std::size_t i = 0; i < output.rows(); ++i) {
    if (!taken.is_taken[i]) continue;
    written.streams.push_back({{taken.session, output.task[i], output.attempt[i]},
                               output.stream[i],
                               output.offset[i] + output.size[i]});
  }
  const Duration takes = world_.time(Duration(0), world_.plan.output.sync_max);
  world_.timeline.after(takes, [this, written] { happened(written); });
}

}  // namespace rollcall::sim
