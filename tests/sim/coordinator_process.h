// The coordinator's process: the real Scheduler, with a shell for virtual time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coordinator/core/scheduler.h"
#include "tests/sim/ghost.h"
#include "tests/sim/input.h"
#include "tests/sim/network.h"
#include "tests/sim/observer.h"
#include "tests/sim/process.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

/// Never moves; outlives everything that is on the timeline.
class CoordinatorProcess {
 public:
  CoordinatorProcess(World& world, Network& network,
                     std::function<void(std::uint32_t launch_id, Epoch)> start_worker,
                     std::function<Process*(const SessionId&)> find_worker);
  CoordinatorProcess(const CoordinatorProcess&) = delete;
  CoordinatorProcess& operator=(const CoordinatorProcess&) = delete;

  /// Begins the first epoch.
  void listen();
  void receive(ConnectionId from, UpMessage message);
  void connection_closed(ConnectionId connection);
  /// A child of the coordinator of that epoch, if it lives, has ended.
  void local_worker_exited(std::uint32_t launch_id, Epoch epoch);
  void drain(const SessionId& session, DrainMode mode);
  /// `leave_running`: with a journal, workers wait for the next coordinator.
  void stop(Duration resume_after, bool let_running_end, bool leave_running);
  /// The user cancels some tasks.
  void cancel(std::uint32_t which);
  /// The user pauses the run, for some time.
  void pause(Duration lasts);
  /// The user limits the slots of this session, for as long as its coordinator lives.
  void limit_slots(const SessionId& session, std::uint32_t slots);
  /// Dies at once, or in the middle of one of the next turns. Only the disk survives. The next
  /// epoch starts after `down_for`.
  void crash(Duration down_for);
  /// The next epoch starts while this coordinator is alive. It continues for a while, and some
  /// workers stay with it.
  void take_over(Duration lasts);
  void freeze(Duration lasts);
  /// Until then each turn takes one message and nearly a heartbeat interval.
  void overload(Duration lasts);

  bool ended() const { return ended_; }
  Epoch epoch() const { return epoch_; }
  const coordinator::Scheduler& scheduler() const { return *scheduler_; }
  const Observer& observer() const { return observer_; }

 private:
  void die(Duration down_for);
  void go_down(Duration down_for);
  void write_torn();
  void reach_disk(const coordinator::WriteCommit& keep);
  Ghost* ghost_of(ConnectionId from);
  void resume();
  void keep(const coordinator::WriteCommit& keep);
  void turn();
  void wake_at(Instant when);
  void step(const coordinator::Event& event);
  void perform(coordinator::Action& action);
  Instant now() const { return world_.timeline.now(); }

  World& world_;
  Network& network_;
  std::function<void(std::uint32_t, Epoch)> start_worker_;
  std::function<Process*(const SessionId&)> find_worker_;  ///< null: it has ended
  Epoch epoch_ = 1;
  std::unique_ptr<coordinator::Scheduler> scheduler_;
  Observer observer_;
  Input input_;
  std::deque<std::pair<ConnectionId, UpMessage>> inbox_;
  std::vector<coordinator::Event> others_;  ///< exits of workers, and requests of the user
  std::optional<Instant> wake_;
  Instant busy_until_{};
  Instant overloaded_until_{};
  std::uint64_t turns_ = 0;
  std::vector<std::shared_ptr<const coordinator::Commit>> disk_;
  std::deque<coordinator::WriteCommit> writing_;
  bool is_down_ = false;
  Duration resume_after_{};            ///< when the run was stopped
  bool is_suspended_ = false;          ///< it was left unfinished, after all that it published
  std::uint32_t actions_to_live_ = 0;  ///< dies with the last of them; 0: not doomed
  Duration down_for_{};                ///< then
  std::deque<Ghost> ghosts_;
  std::unordered_map<ConnectionId, bool> with_ghost_;  ///< with the newest of them
  bool ended_ = false;
};

}  // namespace rollcall::sim
