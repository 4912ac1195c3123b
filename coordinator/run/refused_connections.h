// Connections whose messages are refused again and again.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "common/limits.h"
#include "common/model/ids.h"

namespace rollcall::coordinator {

/// Counts refused messages by connection, except those that are usual after a reconnection. At
/// limits::refusals nothing that arrives on a connection is read any more: a flood that is only
/// received and dropped cannot fill the memory. No program that follows the protocol comes near the
/// limit, and a new connection starts at zero. One owner, one thread.
class RefusedConnections {
 public:
  /// Another message of the connection was refused. Returns true if it was the last to be read.
  bool count(ConnectionId connection) {
    if (counts_.size() >= limits::sessions) return false;
    return ++counts_[connection] == limits::refusals;
  }
  bool ignores(ConnectionId connection) const {
    if (counts_.empty()) return false;
    const auto found = counts_.find(connection);
    return found != counts_.end() && found->second >= limits::refusals;
  }

 private:
  boost::unordered_flat_map<ConnectionId, std::uint64_t> counts_;
};

}  // namespace rollcall::coordinator
