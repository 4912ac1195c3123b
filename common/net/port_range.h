// The ports in an endpoint of net::Socket.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::net {

/// Checks what libzmq does not: it accepts inproc://, and uses port 4464 for 70000. Returns false
/// for a range of ports.
bool well_formed(std::string_view endpoint);

/// Ports to try in turn.
struct PortRange {
  std::string before_port;  ///< tcp://HOST:
  unsigned first = 1;
  unsigned last = 0;

  bool exists() const { return first <= last; }
};

/// Parses tcp://HOST:FIRST-LAST. Returns nullopt for any other text, and if FIRST is 0 or above
/// LAST.
PortRange port_range_of(std::string_view endpoint);

}  // namespace rollcall::net
