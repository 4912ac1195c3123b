// A fenced coordinator: a later epoch has taken over the run, and it does not know yet.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "coordinator/core/scheduler.h"
#include "tests/sim/network.h"
#include "tests/sim/observer.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Continues as before, but the journal accepts nothing from it any more, so it must not publish or
/// acknowledge anything that is not committed. Output is no part of the journal: it answers that
/// bytes are durable which the later epoch does not find. Never moves; outlives everything that is
/// on the timeline.
class Ghost {
 public:
  Ghost(World& world, Network& network, const Observer& observer,
        std::function<void(std::uint32_t launch_id, Epoch)> start_worker, Epoch epoch,
        std::unique_ptr<coordinator::Scheduler> scheduler);
  Ghost(const Ghost&) = delete;
  Ghost& operator=(const Ghost&) = delete;

  Epoch epoch() const { return epoch_; }
  bool over() const { return over_; }
  void happened(coordinator::Event event);
  void receive(ConnectionId from, UpMessage message);
  /// Its process ends.
  void end() { over_ = true; }

 private:
  void wake_at(Instant when);
  void turn();
  void step(const coordinator::Event& event);
  void perform(const coordinator::Event& event, coordinator::Action& action);
  void take(const Output& output, const coordinator::TakeOutput& taken);

  World& world_;
  Network& network_;
  const Observer& observer_;
  std::function<void(std::uint32_t, Epoch)> start_worker_;
  Epoch epoch_;
  std::unique_ptr<coordinator::Scheduler> scheduler_;
  std::deque<std::pair<ConnectionId, UpMessage>> inbox_;
  std::vector<coordinator::Event> others_;
  std::optional<Instant> wake_;
  bool over_ = false;
};

}  // namespace rollcall::sim
