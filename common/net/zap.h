// Who may connect: the handler of ZeroMQ's authentication protocol (ZAP, ZeroMQ RFC 27).
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "common/base/result.h"
#include "common/net/context.h"

namespace rollcall::net {

/// The ZAP domain of our sockets. A socket with CURVE asks the handler and, if there is none,
/// admits nobody.
inline constexpr const char* kZapDomain = "rollcall";

/// Admits the peers whose CURVE public key is in a set, under that key as User-Id, and refuses all
/// else. Owns a thread; answers as long as it lives. One a Context. Start it before Socket::bind().
class ZapHandler {
 public:
  /// The handler listens when this returns. `admitted`: public keys as Z85.
  /// Error: permanent, when the context already has one or has no room for its socket.
  [[nodiscard]] static Result<std::unique_ptr<ZapHandler>> start(Context& context,
                                                                 std::set<std::string> admitted);
  /// Ends the thread and waits for it. From then on nobody new gets in.
  ~ZapHandler();
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

  /// Peers turned away so far. Any thread.
  std::uint64_t refused() const;

 private:
  struct Impl;
  explicit ZapHandler(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollcall::net
