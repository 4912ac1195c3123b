// Whether the coordinator can be reached, and the lines of the log about it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>

#include "common/base/log_line.h"
#include "common/model/time.h"
#include "common/net/connect_probe.h"
#include "common/net/connection_monitor.h"
#include "worker/core/unreachable.h"

namespace rollcall::worker {

/// Logs why a connection cannot be made, and finds out if ZeroMQ does not report it. One thread,
/// that of `loop`, which outlives it.
class Reachability {
 public:
  explicit Reachability(boost::asio::io_context& loop) : probe_(loop) {}

  /// The socket that connects to `endpoint` has reported this.
  void on(net::ConnectEvent event, const std::string& endpoint);
  /// Adds the endpoint, and the cause if it cannot be reached now.
  void explain(LogLine& line, const std::string& endpoint) const;

 private:
  void find_cause(const std::string& endpoint);
  void failed(const std::string& endpoint, const std::string& cause);

  Unreachable unreachable_;
  net::ConnectProbe probe_;
  std::string found_;   ///< by the last probe
  Instant next_probe_;  ///< not earlier
};

}  // namespace rollcall::worker
