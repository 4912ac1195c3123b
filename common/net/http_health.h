// The answers to an engine's health checks, over HTTP, on the event loop that they ask about.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"

namespace rollcall::net {

/// Answers GET /healthz with 200 as long as the loop turns, and GET /readyz with 200 or 503 as
/// `ready` says; other targets get 404 and other methods 405. One request a connection. Owns its
/// listening socket and connections; those that are too many, too slow or say too much are closed
/// (limits::http_*). One thread, that of `loop`, which outlives it.
class HttpHealth {
 public:
  using Ready = std::function<bool()>;

  /// `address`: HOST:PORT as parse_http_address() takes it. Error: permanent, naming the address:
  /// in use, no such host, no right to it. Blocks while a host name is looked up.
  [[nodiscard]] static Result<std::unique_ptr<HttpHealth>> listen(boost::asio::io_context& loop,
                                                                  const std::string& address,
                                                                  Ready ready);
  /// Closes all connections.
  ~HttpHealth();
  HttpHealth(const HttpHealth&) = delete;
  HttpHealth& operator=(const HttpHealth&) = delete;

  /// "http://127.0.0.1:8080": where it listens, with the real port.
  const std::string& url() const;

 private:
  class Impl;
  explicit HttpHealth(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rollcall::net
