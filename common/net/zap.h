// The handler of ZeroMQ's authentication protocol (ZAP, ZeroMQ RFC 27): decides who may connect.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "common/base/result.h"
#include "common/net/context.h"

namespace rollcall::net {

/// The ZAP domain of our sockets. A socket with CURVE asks the handler; without a handler it admits
/// no peer.
inline constexpr const char* kZapDomain = "rollcall";

/// Admits the peers whose CURVE public key is in a set, with the key as User-Id, and refuses all
/// others. Owns a thread. One per Context. Start it before Socket::bind().
class ZapHandler {
 public:
  /// The handler listens when this returns. `admitted` are public keys as Z85. Fails if the context
  /// already has a handler, or no room for its socket.
  [[nodiscard]] static Result<std::unique_ptr<ZapHandler>> start(Context& context,
                                                                 std::set<std::string> admitted);
  /// Ends the thread and waits for it. After that, no new peer is admitted.
  ~ZapHandler();
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

  /// Peers refused so far. Any thread.
  std::uint64_t refused() const;

 private:
  struct Impl;
  explicit ZapHandler(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollcall::net
