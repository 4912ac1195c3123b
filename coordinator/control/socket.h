// The socket on which a coordinator answers requests of users on its host.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "coordinator/control/lines.h"

namespace rollcall::coordinator {

/// A Unix stream socket with mode 0600, for processes of this user and of root. A connection
/// carries one line each way, or many as the answer to one. Owns its connections and the socket
/// file, which the destructor removes. Connections that exceed limits::control_* are closed. Runs
/// on the thread of `loop`, which must outlive it.
class ControlSocket {
 public:
  /// Returns the answer to one line. Neither includes its newline. Lines of an answer are dropped
  /// when the reader closes its end, or with the socket.
  using Answer = std::function<ControlAnswer(const std::string& line)>;

  /// Creates the socket and replaces a stale one. A permanent error names the path: another process
  /// listens there, the file is not a socket, or it cannot be created.
  [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> listen(boost::asio::io_context& loop,
                                                                     const std::string& path,
                                                                     const Answer& answer);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  class Impl;
  explicit ControlSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollcall::coordinator
