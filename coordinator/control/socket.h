// The socket on which a coordinator takes requests from users of this host.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// A Unix stream socket, mode 0600, for processes of this user and of root. Each connection sends
/// one line and gets one line. Owns its connections and the socket file, which the destructor
/// deletes. Connections that are too many, too slow or send too much are closed
/// (limits::control_*). One thread, that of `loop`, which outlives it.
class ControlSocket {
 public:
  /// Answers one line with another one, both without a newline.
  using Answer = std::function<std::string(const std::string& line)>;

  /// Replaces a socket that no process answers. Error: permanent, with the path: another process
  /// answers there, the file is not a socket, or the socket cannot be created.
  [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> listen(boost::asio::io_context& loop,
                                                                     const std::string& path,
                                                                     Answer answer);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  class Impl;
  explicit ControlSocket(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rollcall::coordinator
