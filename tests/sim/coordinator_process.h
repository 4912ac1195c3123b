// The coordinator's process: the real Scheduler, with a shell for virtual time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "coordinator/core/scheduler.h"
#include "tests/sim/network.h"
#include "tests/sim/observer.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Never moves; outlives everything that is on the timeline.
class CoordinatorProcess {
 public:
  CoordinatorProcess(World& world, Network& network,
                     std::function<void(std::uint32_t ticket)> start_local_worker);
  CoordinatorProcess(const CoordinatorProcess&) = delete;
  CoordinatorProcess& operator=(const CoordinatorProcess&) = delete;

  void listen();
  void receive(ConnectionId from, UpMessage message);
  void local_worker_exited(std::uint32_t ticket);
  void drain(const SessionId& session, DrainMode mode);
  void stop();
  void freeze(Duration lasts);
  /// Until then each turn takes one message and nearly a heartbeat interval.
  void overload(Duration lasts);

  bool ended() const { return ended_; }
  const coordinator::Scheduler& scheduler() const { return scheduler_; }
  const Observer& observer() const { return observer_; }

 private:
  void turn();
  void wake_at(Instant when);
  void step(const coordinator::Event& event);
  void perform(coordinator::Action& action);
  Instant now() const { return world_.timeline.now(); }

  World& world_;
  Network& network_;
  std::function<void(std::uint32_t)> start_local_worker_;
  coordinator::Scheduler scheduler_;
  Observer observer_;
  std::deque<std::pair<ConnectionId, UpMessage>> inbox_;
  std::vector<coordinator::Event> others_;  ///< exits and what the user asks for
  std::optional<Instant> wake_;
  Instant busy_until_{};
  Instant overloaded_until_{};
  std::uint64_t turns_ = 0;
  bool ended_ = false;
};

}  // namespace rollcall::sim
