// The network between the sessions and the coordinator, as unkind as the plan asks for.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/messages/message.h"
#include "common/wire/codec.h"
#include "tests/sim/world.h"

namespace rollcall::sim {

using UpMessage = std::shared_ptr<const WorkerMessage>;
using DownMessage = std::shared_ptr<const CoordinatorMessage>;

/// One worker process's socket and its present connection. What is sent while there is none waits,
/// and leaves on the next one: so does a DEALER.
class Network {
 public:
  struct Link {
    std::uint32_t number = 0;
    ConnectionId connection{};
    bool up = false;
    bool closed = false;
    std::uint32_t life = 0;    ///< raised when the connection breaks
    bool flight_lost = false;  ///< what was under way when it broke never arrives
    std::deque<UpMessage> waiting;
    Instant up_cut_until, down_cut_until;
    Instant last_up, last_down;
    std::function<void(DownMessage)> deliver;
  };

  Network(World& world, std::function<void(ConnectionId, UpMessage)> to_coordinator)
      : world_(world), to_coordinator_(std::move(to_coordinator)) {}

  Link& open(std::function<void(DownMessage)> deliver);
  void send(Link& link, UpMessage message);
  /// To a connection that is gone: dropped.
  void send(ConnectionId to, CoordinatorMessage message);

  void cut(Link& link, bool up, bool down, Duration lasts);
  /// `keeps_waiting`: what waits in the socket outlives the break; else the socket was replaced.
  void break_connection(Link& link, Duration down_for, bool keeps_waiting);
  /// The process is gone. `flight_lost`: and what it had said last with it.
  void close(Link& link, bool flight_lost);
  /// The coordinator has crashed and listens again after `down_for`: every connection breaks, and
  /// what waits in a worker's socket is for the next one.
  void coordinator_crashed(Duration down_for);
  /// A second coordinator listens: some connections break and find one of the two. Returns those
  /// that do not.
  std::vector<ConnectionId> split();
  void break_those(const std::function<bool(ConnectionId)>& which);
  /// The coordinator is gone.
  void close_all() { coordinator_gone_ = true; }

 private:
  void connect(Link& link);
  void transmit(Link& link, const UpMessage& message);
  void transmit(Link& link, const DownMessage& message);
  void schedule(Instant& last, Instant cut_until, const std::function<void()>& arrive);
  UpMessage through_codec(const UpMessage& message);
  CoordinatorMessage through_codec(const CoordinatorMessage& message);

  World& world_;
  std::function<void(ConnectionId, UpMessage)> to_coordinator_;
  std::deque<Link> links_;
  std::unordered_map<ConnectionId, Link*> by_connection_;
  std::uint32_t connections_ = 0;
  bool coordinator_gone_ = false;
  WireCodec codec_;
  std::string bytes_;
};

}  // namespace rollcall::sim
