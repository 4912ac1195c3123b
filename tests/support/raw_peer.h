// Bare TCP for the tests of common/net: a peer that writes what it likes, and a proxy.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace rollcall::net {

using Tcp = boost::asio::ip::tcp;

/// A loopback port that is not in use.
inline std::string free_endpoint(boost::asio::io_context& loop) {
  Tcp::acceptor acceptor(loop, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  return "tcp://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
}

inline Tcp::endpoint tcp_endpoint(const std::string& endpoint) {
  const auto port =
      static_cast<unsigned short>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
  return {boost::asio::ip::address_v4::loopback(), port};
}

/// A peer that writes what it likes. Speaks ZMTP 3.0 (ZeroMQ RFC 23) without security if asked to.
class RawPeer {
 public:
  RawPeer(boost::asio::io_context& loop, const std::string& endpoint) : socket_(loop) {
    socket_.connect(tcp_endpoint(endpoint));
    read();
  }

  /// Returns false if the peer has closed the connection.
  bool write(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(bytes), error);
    return !error;
  }
  void say_hello(std::string_view identity = {}) {
    using namespace std::string_literals;
    write("\xff"s + std::string(8, '\0') + "\x7f\x03\0"s + "NULL" + std::string(16 + 32, '\0'));
    std::string ready = "\x05READY" + property("Socket-Type", "DEALER");
    if (!identity.empty()) ready += property("Identity", identity);
    frame('\x04', ready);
  }
  /// flags: 0 last frame, 1 more follow, 4 command.
  void frame(char flags, std::string_view body) {
    write(std::string{flags, static_cast<char>(body.size())} + std::string(body));
  }
  /// The other side has sent more than its handshake: the handshake is over, messages may follow.
  bool ready() const { return received_ > 64; }
  /// The other side has closed the connection.
  bool closed() const { return closed_; }

 private:
  static std::string property(const std::string& name, std::string_view value) {
    return std::string(1, static_cast<char>(name.size())) + name + std::string(3, '\0') +
           static_cast<char>(value.size()) + std::string(value);
  }
  void read() {
    socket_.async_read_some(boost::asio::buffer(chunk_),
                            [this](boost::system::error_code error, std::size_t n) {
                              if (error == boost::asio::error::operation_aborted) return;
                              received_ += n;
                              closed_ = static_cast<bool>(error);
                              if (!error) read();
                            });
  }

  Tcp::socket socket_;
  std::array<char, 4096> chunk_{};
  std::size_t received_ = 0;
  bool closed_ = false;
};

/// Stands between workers and a coordinator, and counts the connections that either closes.
/// Outlives the runs of its loop.
class Proxy {
 public:
  Proxy(boost::asio::io_context& loop, const std::string& target)
      : loop_(loop),
        target_(tcp_endpoint(target)),
        acceptor_(loop, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    accept();
  }
  std::string endpoint() const {
    return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  int ended() const { return ended_; }

 private:
  struct Link {
    explicit Link(boost::asio::io_context& loop) : inner(loop), outer(loop) {}
    Tcp::socket inner;
    Tcp::socket outer;
    std::array<char, 4096> from_inner{};
    std::array<char, 4096> from_outer{};
  };
  void accept() {
    auto link = std::make_shared<Link>(loop_);
    acceptor_.async_accept(link->outer, [this, link](boost::system::error_code error) {
      if (error) return;
      link->inner.connect(target_);
      pump(link, link->outer, link->inner, link->from_outer);
      pump(link, link->inner, link->outer, link->from_inner);
      accept();
    });
  }
  void pump(const std::shared_ptr<Link>& link, Tcp::socket& from, Tcp::socket& to,
            std::array<char, 4096>& chunk) {
    from.async_read_some(
        boost::asio::buffer(chunk),
        [this, link, &from, &to, &chunk](boost::system::error_code error, std::size_t n) {
          if (error == boost::asio::error::operation_aborted) return;
          boost::system::error_code ignored;
          if (error) {
            ++ended_;  // the other direction is aborted
            from.close(ignored);
            to.close(ignored);
            return;
          }
          boost::asio::write(to, boost::asio::buffer(chunk, n), ignored);
          pump(link, from, to, chunk);
        });
  }

  boost::asio::io_context& loop_;
  Tcp::endpoint target_;
  Tcp::acceptor acceptor_;
  int ended_ = 0;
};

}  // namespace rollcall::net
