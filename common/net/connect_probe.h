// Finds out why an endpoint cannot be reached, which ZeroMQ does not report.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

namespace rollcall::net {

/// Connects to an endpoint once, and closes the connection. Runs on the thread of `loop`, which
/// outlives it; a host name is resolved on a thread of Asio.
class ConnectProbe {
 public:
  /// `cause`: "connection refused", for example; empty: the endpoint accepts connections.
  using Done = std::function<void(const std::string& cause)>;

  explicit ConnectProbe(boost::asio::io_context& loop);
  ~ConnectProbe();
  ConnectProbe(const ConnectProbe&) = delete;
  ConnectProbe& operator=(const ConnectProbe&) = delete;

  /// Calls `done` later, within limits::handshake once the name is resolved. Does nothing if it
  /// already runs, or if `endpoint` is not of the form tcp://HOST:PORT.
  void start(const std::string& endpoint, Done done);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rollcall::net
