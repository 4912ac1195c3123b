// An HTTP server for health checks, on the event loop whose health it reports.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"

namespace rollcall::net {

/// Answers GET /healthz with 200 while the loop runs, and GET /readyz with 200 or 503 depending on
/// `ready`; other targets get 404 and other methods 405. One request per connection. Owns its
/// listening socket and connections, and closes those that exceed limits::http_*. Runs on the
/// thread of `loop`, which must outlive it.
class HttpHealth {
 public:
  using Ready = std::function<bool()>;

  /// `address` is a result of parse_http_address(). Fails if the address is in use, unknown or not
  /// permitted. Blocks while a host name is resolved.
  [[nodiscard]] static Result<std::unique_ptr<HttpHealth>> listen(boost::asio::io_context& loop,
                                                                  const std::string& address,
                                                                  Ready ready);
  /// Closes all connections.
  ~HttpHealth();
  HttpHealth(const HttpHealth&) = delete;
  HttpHealth& operator=(const HttpHealth&) = delete;

  /// Its URL with the actual port: "http://127.0.0.1:8080".
  const std::string& url() const;

 private:
  class Impl;
  explicit HttpHealth(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollcall::net
