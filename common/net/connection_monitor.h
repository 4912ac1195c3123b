// Reports which connections of a socket are made, fail or are closed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/net/context.h"

namespace zmq {
class socket_t;
}

namespace rollcall::net {

/// What becomes of the attempts of a connecting socket, which tries again and again.
enum class ConnectEvent : std::uint8_t {
  connected,         ///< the handshake has succeeded
  not_connected,     ///< no connection; it is not known why
  key_refused,       ///< the other end does not admit the key
  handshake_failed,  ///< the other end does not follow the protocol, or uses no encryption
  handshake_closed,  ///< the other end has closed the connection: usually its own key is another
};

/// Watches the connections that a socket accepts, because the socket itself does not learn when one
/// is closed, or was refused in its handshake. Runs on the thread of `loop`; `loop` and `context`
/// must outlive it. Destroyed before the socket is closed.
class ConnectionMonitor {
 public:
  /// `address` is the peer's IP address, or empty: it is known only while the connection lasts.
  using Failed = std::function<void(const std::string& address, const char* why)>;

  /// A connection that was accepted is closed. `descriptor` was its own, and may be in use again.
  using Closed = std::function<void(int descriptor)>;

  /// Watches `socket` from now on. Throws zmq::error_t.
  ConnectionMonitor(boost::asio::io_context& loop, Context& context, zmq::socket_t& socket,
                    Failed failed, Closed closed);

  using Connecting = std::function<void(ConnectEvent event)>;
  /// The same for a socket that connects.
  ConnectionMonitor(boost::asio::io_context& loop, Context& context, zmq::socket_t& socket,
                    Connecting connecting);
  ~ConnectionMonitor();
  ConnectionMonitor(const ConnectionMonitor&) = delete;
  ConnectionMonitor& operator=(const ConnectionMonitor&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rollcall::net
