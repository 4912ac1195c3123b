#include "common/net/connect_probe.h"

#include <fmt/core.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "common/limits.h"

namespace rollcall::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct HostAndPort {
  std::string host;
  std::string port;
};

std::optional<HostAndPort> host_and_port(std::string_view endpoint) {
  constexpr std::string_view kScheme = "tcp://";
  if (!endpoint.starts_with(kScheme)) return std::nullopt;
  endpoint.remove_prefix(kScheme.size());
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = endpoint.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return HostAndPort{std::string(host), std::string(endpoint.substr(colon + 1))};
}

std::string cause_of(const boost::system::error_code& error) {
  if (!error) return {};
  if (error == asio::error::connection_refused) return "connection refused";
  if (error == asio::error::timed_out) return "no answer";
  if (error == asio::error::host_unreachable) return "no route to the host";
  if (error == asio::error::network_unreachable) return "the network is unreachable";
  return error.message();
}

}  // namespace

class ConnectProbe::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(asio::io_context& loop) : resolver_(loop), socket_(loop), timer_(loop) {}

  void start(const std::string& endpoint, Done done) {
    const std::optional<HostAndPort> place = host_and_port(endpoint);
    if (done_ || !place) return;
    done_ = std::move(done);
    resolver_.async_resolve(place->host, place->port,
                            [weak = weak_from_this()](boost::system::error_code error,
                                                      const tcp::resolver::results_type& found) {
                              const auto self = weak.lock();
                              if (!self || error == asio::error::operation_aborted) return;
                              if (!error) return self->connect(found);
                              self->end("the host name does not resolve: " + error.message());
                            });
  }

  void stop() {
    done_ = nullptr;
    resolver_.cancel();
    close();
  }

 private:
  void connect(const tcp::resolver::results_type& addresses) {
    asio::async_connect(
        socket_, addresses,
        [weak = weak_from_this()](boost::system::error_code error, const tcp::endpoint&) {
          const auto self = weak.lock();
          if (self && error != asio::error::operation_aborted) self->end(cause_of(error));
        });
    timer_.expires_after(limits::handshake);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!self || error) return;
      const auto limit = std::chrono::duration_cast<std::chrono::seconds>(limits::handshake);
      self->end(fmt::format("no answer within {} s", limit.count()));
    });
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
  }

  void end(const std::string& cause) {
    close();
    if (const Done done = std::exchange(done_, nullptr)) done(cause);
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  Done done_;  ///< null: it does not run
};

ConnectProbe::ConnectProbe(boost::asio::io_context& loop) : impl_(std::make_shared<Impl>(loop)) {}

ConnectProbe::~ConnectProbe() {
  impl_->stop();
}

void ConnectProbe::start(const std::string& endpoint, Done done) {
  impl_->start(endpoint, std::move(done));
}

}  // namespace rollcall::net
