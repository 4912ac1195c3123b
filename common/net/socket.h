// The one ZeroMQ socket class: the coordinator's ROUTER or a worker's DEALER, on an Asio loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/limits.h"
#include "common/model/ids.h"
#include "common/model/time.h"
#include "common/net/connection_monitor.h"
#include "common/net/context.h"
#include "common/net/keys.h"

namespace rollcall::net {

/// Callbacks of a Socket, on the loop's thread. A handler may send on, close or destroy the socket.
struct Handlers {
  /// A whole message. `bytes` is valid only during the call. `from` is 0 at a worker.
  std::function<void(ConnectionId from, std::span<const std::byte> bytes)> on_message;
  /// Called after each batch of messages. If `inbox_empty` is false, more messages wait; they
  /// follow after timers and other handlers have run (limits::messages_per_turn, bytes_per_turn).
  std::function<void(bool inbox_empty)> on_turn;
  /// A message was dropped, because of its frames. `from` is nullopt if the peer cannot be
  /// answered. May be null.
  std::function<void(std::optional<ConnectionId> from, const std::string& why)> on_dropped = {};
  /// A bound socket refused a connection: its handshake failed. `address` is the peer's, or empty.
  /// May be null.
  std::function<void(const std::string& address, const std::string& why)> on_refused = {};
  /// A connection was closed for which Socket::watch() was called. Messages that it has sent may
  /// still arrive. May be null.
  std::function<void(ConnectionId)> on_closed = {};
  /// A connecting socket has a connection, or has tried in vain. May be null. Must not close or
  /// destroy the socket.
  std::function<void(ConnectEvent)> on_connect_event = {};
};

/// What became of a message to be sent.
enum class Sent : std::uint8_t {
  queued,  ///< delivery is not guaranteed
  closed,  ///< the connection is closed
  full,    ///< limits::peer_outbox messages wait for this peer, which does not read
};

struct BindOptions {
  /// tcp://HOST:PORT (`*`: every address, a free port; FIRST-LAST: the first free port) or
  /// ipc://PATH.
  std::string endpoint;
  /// The coordinator's keys. Only peers that a ZapHandler of the context admits can connect;
  /// without a handler, no peer can. Empty: no CURVE, every peer can connect.
  std::optional<KeyPair> curve;
};

struct CurvePeer {
  std::string server_key;  ///< the public key of the coordinator, Z85
  KeyPair own;
};

struct ConnectOptions {
  std::string endpoint;
  std::optional<CurvePeer> curve;
};

/// Sends and receives messages of one frame. Messages may be lost, delayed and repeated: the queue
/// for a dead coordinator is sent to the next one at the same endpoint.
///
/// Owns its ZeroMQ socket. Runs on the thread of `loop`; `loop` and `context` must outlive it.
/// Messages arrive only while the loop runs. Invariant: after every ZeroMQ call the socket is
/// polled again before the loop waits, because the call may have consumed the wake-up of a message
/// that arrived meanwhile.
class Socket {
 public:
  /// Makes a ROUTER. Fails if the endpoint is in use or malformed, its address or interface does
  /// not exist, or the keys are malformed.
  [[nodiscard]] static Result<std::unique_ptr<Socket>> bind(boost::asio::io_context& loop,
                                                            Context& context,
                                                            const BindOptions& options,
                                                            Handlers handlers);
  /// Makes a DEALER. Succeeds even if no peer listens: it reconnects every 100 ms to 5 s. Fails if
  /// the endpoint or the keys are malformed.
  [[nodiscard]] static Result<std::unique_ptr<Socket>> connect(boost::asio::io_context& loop,
                                                               Context& context,
                                                               const ConnectOptions& options,
                                                               Handlers handlers);
  /// Calls close().
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// The endpoint that it listens on (with the actual port), or connects to.
  const std::string& endpoint() const;

  /// Queues a message of at most limits::message_bytes and returns immediately. `to` is ignored at
  /// a worker, where a closed connection is final: the handshake was refused, or the peer does not
  /// speak ZMTP; make a new Socket.
  [[nodiscard]] Sent send(ConnectionId to, std::string_view bytes);

  /// The IP address of the peer whose message is being handled; empty if it is not known. Only in
  /// on_message and on_dropped.
  std::string peer_address() const;

  /// From now on, on_closed is called if the connection of the message being handled is closed.
  /// Usually: not if it was closed already. Only in on_message, of a bound socket.
  void watch(ConnectionId from);

  /// Receives pending messages on the next turn of the loop and then calls on_turn, even without a
  /// message. So a timer that fired is handled after the messages that arrived before it.
  void drain();

  /// Stops receiving; queued messages may still be sent for `linger`. No handler is called any
  /// more. May be called repeatedly.
  void close(Duration linger = limits::linger);

  /// Dropped messages: several frames, too long, not from an admitted peer, or an unexpected
  /// routing id.
  std::uint64_t malformed() const;
  /// Messages that were not queued.
  std::uint64_t unroutable() const;

 private:
  class Impl;
  explicit Socket(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rollcall::net
