// Reports the peers whose handshake with a bound socket fails.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/net/context.h"

namespace zmq {
class socket_t;
}

namespace rollcall::net {

/// Watches the connections that a socket accepts: ZeroMQ closes those whose handshake fails, and
/// the socket never hears of them. Runs on the thread of `loop`; `loop` and `context` must outlive
/// it. Destroyed before the socket is closed.
class HandshakeMonitor {
 public:
  /// `address` is the peer's IP address, or empty: it is known only while the connection lasts.
  using Failed = std::function<void(const std::string& address, const char* why)>;

  /// Watches `socket` from now on. Throws zmq::error_t.
  HandshakeMonitor(boost::asio::io_context& loop, Context& context, zmq::socket_t& socket,
                   Failed failed);
  ~HandshakeMonitor();
  HandshakeMonitor(const HandshakeMonitor&) = delete;
  HandshakeMonitor& operator=(const HandshakeMonitor&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rollcall::net
