// The ports in an endpoint, as net::Socket takes them.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::net {

/// What libzmq does not check: it would serve inproc:// too, and take port 70000 for 4464. False
/// for a range of ports.
bool well_formed(std::string_view endpoint);

/// Ports to try, one after the other.
struct PortRange {
  std::string before_port;  ///< tcp://HOST:
  unsigned first = 1;
  unsigned last = 0;

  bool exists() const { return first <= last; }
};

/// Of tcp://HOST:FIRST-LAST; none if it is anything else, or FIRST is 0 or above LAST.
PortRange port_range_of(std::string_view endpoint);

}  // namespace rollcall::net
