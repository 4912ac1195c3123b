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

/// All connections of a run. A Link is the socket of one worker process and its present
/// connection. Like a DEALER, it queues messages while it has no connection.
class Network {
 public:
  struct Link {
    std::uint32_t number = 0;
    ConnectionId connection{};
    bool up = false;
    bool closed = false;
    std::uint32_t life = 0;    ///< raised when the connection breaks
    bool flight_lost = false;  ///< messages in flight at the break never arrive
    std::deque<UpMessage> waiting;
    Instant up_cut_until, down_cut_until;
    Instant last_up, last_down;
    std::function<void(DownMessage)> deliver;
  };

  /// `closed` is called for some of the connections that are closed.
  Network(World& world, std::function<void(ConnectionId, UpMessage)> to_coordinator,
          std::function<void(ConnectionId)> closed)
      : world_(world), to_coordinator_(std::move(to_coordinator)), closed_(std::move(closed)) {}

  Link& open(std::function<void(DownMessage)> deliver);
  void send(Link& link, UpMessage message);
  /// Drops the message if the connection is closed.
  void send(ConnectionId to, CoordinatorMessage message);

  void cut(Link& link, bool up, bool down, Duration lasts);
  /// `keeps_waiting`: queued messages survive the break. Otherwise the worker replaced its socket.
  void break_connection(Link& link, Duration down_for, bool keeps_waiting);
  /// The worker's process has ended. `flight_lost`: its messages in flight are lost.
  void close(Link& link, bool flight_lost);
  /// The coordinator has crashed and listens again after `down_for`. Every connection breaks;
  /// messages queued in workers' sockets go to the next coordinator.
  void coordinator_crashed(Duration down_for);
  /// A second coordinator listens. Some connections break and reach either of the two; returns the
  /// others.
  std::vector<ConnectionId> split();
  void break_those(const std::function<bool(ConnectionId)>& which);
  /// The coordinator has ended for good.
  void close_all() { coordinator_gone_ = true; }

 private:
  void connect(Link& link);
  void tell_coordinator(ConnectionId closed);
  void transmit(Link& link, const UpMessage& message);
  void transmit(Link& link, const DownMessage& message);
  void schedule(Instant& last, Instant cut_until, const std::function<void()>& arrive);
  UpMessage through_codec(const UpMessage& message);
  CoordinatorMessage through_codec(const CoordinatorMessage& message);

  World& world_;
  std::function<void(ConnectionId, UpMessage)> to_coordinator_;
  std::function<void(ConnectionId)> closed_;
  std::deque<Link> links_;
  std::unordered_map<ConnectionId, Link*> by_connection_;
  std::uint32_t connections_ = 0;
  bool coordinator_gone_ = false;
  WireCodec codec_;
  std::string bytes_;
};

}  // namespace rollcall::sim
