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
#include "common/net/context.h"
#include "common/net/keys.h"

namespace rollcall::net {

/// What a Socket tells its owner, on the loop's thread. A handler may send on, close or destroy the
/// socket.
struct Handlers {
  /// One whole message. `bytes` are valid during the call only. At a worker `from` is 0.
  std::function<void(ConnectionId from, std::span<const std::byte> bytes)> on_message;
  /// After each batch of messages. `inbox_empty`: all that had come is taken; otherwise timers and
  /// other handlers get their turn (limits::messages_per_turn) and the next batch follows.
  std::function<void(bool inbox_empty)> on_turn;
};

struct BindOptions {
  /// tcp://HOST:PORT (`*`: every address, a free port; FIRST-LAST: the first port of these that is
  /// free) or ipc://PATH
  std::string endpoint;
  /// The coordinator's own keys. Then only peers that a ZapHandler of the context admits get in;
  /// without a handler nobody does. Empty: no CURVE, everybody gets in.
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

/// Moves whole messages of one frame. May lose, delay and repeat them, as its users know: what
/// waits for a dead coordinator is sent to the next one at the same endpoint.
///
/// Owns its ZeroMQ socket and nothing of the loop. One thread: that of `loop`, which outlives it,
/// as `context` does. Messages arrive only while the loop runs. Its one invariant: after every
/// ZeroMQ call the socket is looked at again before the loop waits, because each such call may
/// swallow the wake-up of a message that came meanwhile.
class Socket {
 public:
  /// A ROUTER. Error: permanent, naming the endpoint: in use, malformed, no such address, no such
  /// interface, malformed keys.
  [[nodiscard]] static Result<std::unique_ptr<Socket>> bind(boost::asio::io_context& loop,
                                                            Context& context,
                                                            const BindOptions& options,
                                                            Handlers handlers);
  /// A DEALER. Succeeds whether or not anybody listens there: it tries again, 100 ms to 5 s apart.
  /// Error: permanent, naming the endpoint: malformed, malformed keys.
  [[nodiscard]] static Result<std::unique_ptr<Socket>> connect(boost::asio::io_context& loop,
                                                               Context& context,
                                                               const ConnectOptions& options,
                                                               Handlers handlers);
  /// As close().
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Where it listens (the real port after a wildcard), or what it was told to connect to.
  const std::string& endpoint() const;

  /// Queues one message and returns at once. A worker ignores `to`. False: nothing is queued, for
  /// that connection is gone. (At a worker: for good, after its handshake was refused or what
  /// answered does not speak ZMTP; make a new Socket.) True does not mean that it will arrive.
  /// Requires: no more than limits::message_bytes.
  [[nodiscard]] bool send(ConnectionId to, std::string_view bytes);

  /// Takes what has come on the next turn of the loop and then calls on_turn, even if nothing had:
  /// so a timer that fired is judged only after the messages that waited with it.
  void drain();

  /// Stops receiving; what is queued may still be sent for `linger`. No handler is called from now
  /// on. Harmless when closed already.
  void close(Duration linger = limits::linger);

  /// Messages dropped whole: not one frame, not from an admitted peer, an unexpected routing id.
  std::uint64_t malformed() const;
  /// Sends that returned false.
  std::uint64_t unroutable() const;

 private:
  class Impl;
  explicit Socket(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rollcall::net
