#include "common/net/http_health.h"

#include <fmt/core.h>
#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/net/listener.h"

namespace rollcall::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Code = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Response = http::response<http::string_body>;

/// The target without its query.
std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

Response answer(http::verb method, std::string_view target, const HttpHealth::Ready& ready) {
  const std::string_view path = path_of(target);
  const bool is_health = path == "/healthz";
  const bool is_known = is_health || path == "/readyz";
  Response response;
  if (!is_known) {
    response.result(http::status::not_found);
    response.body() = "not found\n";
  } else if (method != http::verb::get) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET");
    response.body() = "method not allowed\n";
  } else if (is_health || ready()) {
    response.body() = "ok\n";
  } else {
    response.result(http::status::service_unavailable);
    response.body() = "not ready\n";
  }
  response.set(http::field::content_type, "text/plain");
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(false);
  response.prepare_payload();
  return response;
}

/// One request and its response.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, HttpHealth::Ready ready)
      : stream_(std::move(socket)), buffer_(limits::http_header_bytes), ready_(std::move(ready)) {
    parser_.header_limit(limits::http_header_bytes);
  }

  /// `done` is called once, when the connection is finished.
  void start(std::function<void()> done) {
    done_ = std::move(done);
    stream_.expires_after(limits::http_request);
    http::async_read_header(
        stream_, buffer_, parser_,
        [self = shared_from_this()](Code error, std::size_t) { self->on_header(error); });
  }

  /// Closes it now; `done` will be called.
  void close() { stream_.close(); }

 private:
  void on_header(Code error) {
    if (error == http::error::end_of_stream || (error && !is_bad_request(error))) return done_();
    const auto& request = parser_.get();
    response_ = answer(request.method(), request.target(), ready_);
    if (error) response_.result(http::status::bad_request);
    http::async_write(stream_, response_, [self = shared_from_this()](Code failed, std::size_t) {
      self->on_written(failed);
    });
  }

  void on_written(Code error) {
    Code ignored;
    if (!error) stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    stream_.close();
    done_();
  }

  /// Whether the client sent malformed or oversized HTTP.
  static bool is_bad_request(Code error) {
    return error.category() == make_error_code(http::error::bad_method).category();
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  Response response_;
  HttpHealth::Ready ready_;
  std::function<void()> done_;
};

using HttpListener = Listener<Tcp, Connection>;

/// The endpoints of an address, best first; empty if the host is unknown.
std::vector<Tcp::endpoint> resolve(asio::io_context& loop, const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  std::string port = address.substr(colon + 1);
  if (port == "*") port = "0";
  if (host == "*") host = "[::]";  // accepts IPv4 too
  const bool is_any = host == "[::]";
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  Code error;
  std::vector<Tcp::endpoint> endpoints;
  for (const auto& entry : Tcp::resolver(loop).resolve(host, port, Tcp::resolver::passive, error)) {
    endpoints.push_back(entry.endpoint());
  }
  // If a name has addresses of both families, most clients use IPv4.
  std::ranges::stable_sort(endpoints, {}, [](const auto& e) { return e.address().is_v6(); });
  if (is_any && !endpoints.empty()) {
    endpoints.emplace_back(Tcp::v4(), endpoints.front().port());
  }
  return endpoints;
}

/// Whether this host lacks the address, so that the next one should be tried.
bool is_missing(Code error) {
  return error == asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

std::string url_of(const Tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const bool is_v6 = endpoint.address().is_v6();
  return fmt::format("http://{}:{}", is_v6 ? "[" + host + "]" : host, endpoint.port());
}

}  // namespace

class HttpHealth::Impl {
 public:
  Impl(asio::io_context& loop, Ready ready)
      : ready_(std::make_shared<Ready>(std::move(ready))),
        listener_(std::make_shared<HttpListener>(
            loop, limits::http_connections, limits::http_accept_retry,
            [weak = std::weak_ptr<Ready>(ready_)](Tcp::socket socket) {
              // A request may be pending when the owner, which the function uses, is destroyed.
              return std::make_shared<Connection>(std::move(socket), [weak] {
                const auto alive = weak.lock();
                return alive && (*alive)();
              });
            })) {}
  ~Impl() { listener_->close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Code open(const Tcp::endpoint& endpoint) {
    Tcp::acceptor& acceptor = listener_->acceptor();
    Code error;
    if (acceptor.is_open()) acceptor.close(error);
    if (acceptor.open(endpoint.protocol(), error)) return error;
    if (acceptor.set_option(Tcp::acceptor::reuse_address(true), error)) return error;
    if (acceptor.bind(endpoint, error)) return error;
    if (acceptor.listen(limits::http_connections, error)) return error;
    url_ = url_of(acceptor.local_endpoint(error));
    return error;
  }
  void accept() { listener_->accept(); }

  const std::string& url() const { return url_; }

 private:
  std::shared_ptr<Ready> ready_;
  std::shared_ptr<HttpListener> listener_;
  std::string url_;
};

Result<std::unique_ptr<HttpHealth>> HttpHealth::listen(asio::io_context& loop,
                                                       const std::string& address, Ready ready) {
  auto impl = std::make_unique<Impl>(loop, std::move(ready));
  Code error = asio::error::host_not_found;
  for (const Tcp::endpoint& endpoint : resolve(loop, address)) {
    error = impl->open(endpoint);
    if (!is_missing(error)) break;
  }
  if (error) return permanent("cannot listen at " + address + ": " + error.message());
  impl->accept();
  return std::unique_ptr<HttpHealth>(new HttpHealth(std::move(impl)));
}

HttpHealth::HttpHealth(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpHealth::~HttpHealth() = default;

const std::string& HttpHealth::url() const {
  return impl_->url();
}

}  // namespace rollcall::net
