// The socket by which a user on this host asks a coordinator and tells it what to do.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// A Unix stream socket, mode 0600, for processes of this user and of root. Each connection brings
/// one line and gets one line. Owns the socket file, which goes when this goes, and connections;
/// those that are too many, too slow or say too much are closed (limits::control_*). One thread,
/// that of `loop`, which outlives it.
class ControlSocket {
 public:
  /// Answers one line, without its end, with another one.
  using Answer = std::function<std::string(const std::string& line)>;

  /// A socket that nobody answers at is replaced. Error: permanent, naming the path: somebody
  /// answers there, it is no socket, it cannot be made.
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
