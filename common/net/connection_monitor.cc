#include "common/net/connection_monitor.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <zmq.hpp>

#include "common/base/check.h"

namespace rollcall::net {
namespace {

constexpr int kAccepting = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                           ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
constexpr int kConnecting = ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;

std::optional<ConnectEvent> connect_event(std::uint16_t number) {
  switch (number) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      return ConnectEvent::connected;
    case ZMQ_EVENT_CONNECT_RETRIED:
      return ConnectEvent::not_connected;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return ConnectEvent::key_refused;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      return ConnectEvent::handshake_failed;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      return ConnectEvent::handshake_closed;
    default:
      return std::nullopt;
  }
}

/// The IP address of the other end; empty if it is not known.
std::string address_of(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&peer);
    ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (peer.ss_family == AF_INET6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(&peer)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      ::inet_ntop(AF_INET, &v6.s6_addr[12], text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &v6, text.data(), text.size());
    }
  }
  return text.data();
}

}  // namespace

class ConnectionMonitor::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, Context& context, zmq::socket_t& watched, Failed failed,
       Closed closed, Connecting connecting)
      : watched_(watched.handle()),
        events_(context.handle(), zmq::socket_type::pair),
        wake_up_(loop, events_.get(zmq::sockopt::fd)),
        failed_(std::move(failed)),
        closed_(std::move(closed)),
        connecting_(std::move(connecting)) {
    // Without a mark: ZeroMQ's thread would wait at it.
    events_.set(zmq::sockopt::rcvhwm, 0);
    events_.set(zmq::sockopt::linger, 0);
    const std::string endpoint =
        fmt::format("inproc://rollcall.connections.{}", fmt::ptr(watched.handle()));
    if (zmq_socket_monitor(watched.handle(), endpoint.c_str(),
                           connecting_ ? kConnecting : kAccepting) != 0)
      throw zmq::error_t();
    events_.connect(endpoint);
  }

  ~Impl() { close(); }

  /// Takes all events, so that the next one wakes the loop.
  void take_events() {
    while (wake_up_.is_open() && take_one()) {
    }
    if (!wake_up_.is_open()) return;
    wake_up_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [weak = weak_from_this()](boost::system::error_code error) {
                          const auto self = weak.lock();
                          if (self && !error) self->take_events();
                        });
  }

  void close() {
    if (!wake_up_.is_open()) return;
    wake_up_.release();  // ZeroMQ owns the descriptor
    // First: ZeroMQ's thread would wait for a receiver of the next event.
    zmq_socket_monitor(watched_, nullptr, 0);
    events_.close();
  }

 private:
  /// An event is two frames: its number with a value, and the endpoint.
  bool take_one() {
    zmq::message_t event;
    zmq::message_t endpoint;
    if (!receive(event)) return false;
    if (event.more()) CHECK(receive(endpoint));
    std::uint16_t number = 0;
    std::uint32_t value = 0;
    CHECK(event.size() == sizeof number + sizeof value);
    std::memcpy(&number, event.data(), sizeof number);
    std::memcpy(&value, event.data<char>() + sizeof number, sizeof value);
    if (!connecting_) {
      handle(number, static_cast<int>(value));
    } else if (const auto happened = connect_event(number)) {
      connecting_(*happened);
    }
    return true;
  }

  /// The event of a failed handshake does not name its connection. The next one usually does: that
  /// the connection was closed.
  void handle(std::uint16_t number, int value) {
    switch (number) {
      case ZMQ_EVENT_ACCEPTED:
        addresses_[value] = address_of(value);
        break;
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        note_failure("its key is not admitted");
        break;
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        note_failure("it does not use the keys of this run, or is not a worker");
        break;
      case ZMQ_EVENT_DISCONNECTED: {
        const std::string address = std::move(addresses_[value]);
        addresses_.erase(value);
        if (why_ != nullptr) failed_(address, std::exchange(why_, nullptr));
        closed_(value);
        break;
      }
      default:
        break;
    }
  }

  void note_failure(const char* why) {
    if (why_ != nullptr) failed_({}, why_);  // its connection is not closed yet
    why_ = why;
  }

  bool receive(zmq::message_t& frame) {
    while (zmq_msg_recv(frame.handle(), events_.handle(), ZMQ_DONTWAIT) < 0) {
      if (errno == EAGAIN) return false;
      CHECK(errno == EINTR);
    }
    return true;
  }

  void* watched_;
  zmq::socket_t events_;
  boost::asio::posix::stream_descriptor wake_up_;
  Failed failed_;
  Closed closed_;
  Connecting connecting_;                 ///< null: the socket is bound
  std::map<int, std::string> addresses_;  ///< of the open connections, by descriptor
  const char* why_ = nullptr;             ///< a handshake has failed; DISCONNECTED follows
};

ConnectionMonitor::ConnectionMonitor(boost::asio::io_context& loop, Context& context,
                                     zmq::socket_t& socket, Failed failed, Closed closed)
    : impl_(std::make_shared<Impl>(loop, context, socket, std::move(failed), std::move(closed),
                                   nullptr)) {
  impl_->take_events();
}

ConnectionMonitor::ConnectionMonitor(boost::asio::io_context& loop, Context& context,
                                     zmq::socket_t& socket, Connecting connecting)
    : impl_(
          std::make_shared<Impl>(loop, context, socket, nullptr, nullptr, std::move(connecting))) {
  impl_->take_events();
}

ConnectionMonitor::~ConnectionMonitor() {
  impl_->close();
}

}  // namespace rollcall::net
