#include "common/net/socket.h"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <zmq.hpp>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/net/port_range.h"
#include "common/net/zap.h"
#include "common/os/signals_blocked.h"

namespace rollcall::net {
namespace {

/// Bytes that CURVE adds to a frame before its length is checked: command name, nonce, flags, MAC.
constexpr std::size_t kCurveBytes = 8 + 8 + 1 + 16;

/// The routing id that a ROUTER assigns: a zero byte, then 32 bits, big-endian.
using RoutingId = std::array<unsigned char, 5>;

RoutingId routing_id_of(ConnectionId connection) {
  const auto n = static_cast<std::uint32_t>(connection);
  const auto byte = [n](unsigned shift) {
    return static_cast<unsigned char>((n >> shift) & 0xffU);
  };
  return {0, byte(24), byte(16), byte(8), byte(0)};
}

std::optional<ConnectionId> connection_of(const zmq::message_t& frame) {
  RoutingId id{};
  if (frame.size() != id.size()) return std::nullopt;
  std::memcpy(id.data(), frame.data(), id.size());
  if (id[0] != 0) return std::nullopt;
  std::uint32_t n = 0;
  for (std::size_t i = 1; i < id.size(); ++i) n = (n << 8U) | id[i];
  return static_cast<ConnectionId>(n);
}

int to_ms(Duration d) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

int to_seconds(Duration d) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(d).count());
}

bool has_user_id(zmq::message_t& frame) {
  const char* name = zmq_msg_gets(frame.handle(), "User-Id");
  return name != nullptr && *name != '\0';
}

void set_common_options(zmq::socket_t& socket) {
  namespace opt = zmq::sockopt;
  socket.set(opt::ipv6, true);
  socket.set(opt::linger, to_ms(limits::linger));
  socket.set(opt::maxmsgsize, static_cast<std::int64_t>(limits::message_bytes + kCurveBytes));
  socket.set(opt::handshake_ivl, to_ms(limits::handshake));
  // Credit limits the messages in flight. A high-water mark would drop messages or block.
  socket.set(opt::sndhwm, 0);
  socket.set(opt::rcvhwm, 0);
}

void set_router_options(zmq::socket_t& socket) {
  namespace opt = zmq::sockopt;
  socket.set(opt::router_mandatory, true);
  // Not ZMTP heartbeats: to stop a timer, libzmq searches the timers of all connections, which
  // saturates its thread with thousands of connections.
  socket.set(opt::tcp_keepalive, 1);
  socket.set(opt::tcp_keepalive_idle, to_seconds(limits::keepalive_idle));
  socket.set(opt::tcp_keepalive_intvl, to_seconds(limits::ping_interval));
  socket.set(opt::tcp_keepalive_cnt, limits::keepalive_probes);
  socket.set(opt::backlog, limits::backlog);
}

void set_dealer_options(zmq::socket_t& socket) {
  namespace opt = zmq::sockopt;
  socket.set(opt::connect_timeout, to_ms(limits::handshake));
  socket.set(opt::heartbeat_ivl, to_ms(limits::ping_interval));
  socket.set(opt::heartbeat_timeout, to_ms(limits::ping_timeout));
  socket.set(opt::reconnect_ivl, to_ms(limits::reconnect_first));
  socket.set(opt::reconnect_ivl_max, to_ms(limits::reconnect_longest));
}

bool is_key(const std::string& key) {
  std::array<std::uint8_t, 32> bytes{};
  return key.size() == 40 && zmq_z85_decode(bytes.data(), key.c_str()) != nullptr;
}

bool are_keys(const KeyPair& keys) {
  return is_key(keys.public_key) && is_key(keys.secret_key);
}

void set_keys(zmq::socket_t& socket, const KeyPair& own) {
  socket.set(zmq::sockopt::curve_publickey, own.public_key);
  socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
}

void admit_by_key(zmq::socket_t& socket, const KeyPair& own) {
  // ZMQ_ZAP_ENFORCE_DOMAIN, whose name is still a draft. Without it, a socket without a handler
  // admits every peer.
  constexpr int kZapEnforceDomain = 93;
  const int on = 1;
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::zap_domain, std::string(kZapDomain));
  if (zmq_setsockopt(socket.handle(), kZapEnforceDomain, &on, sizeof on) != 0) {
    throw zmq::error_t();
  }
  set_keys(socket, own);
}

std::string reason_of(int error) {
  switch (error) {
    case EADDRINUSE:
      return "the address is in use";
    case EADDRNOTAVAIL:
      return "this machine has no such address";
    case ENODEV:
      return "no such network interface or host";
    case EINVAL:
      return "not of the form tcp://HOST:PORT or ipc://PATH";
    case ENAMETOOLONG:
      return "the path is too long";
    default:
      return zmq_strerror(error);
  }
}

Error key_error(const std::string& endpoint) {
  return permanent("cannot use these CURVE keys for " + endpoint + ": not 40 characters of Z85");
}

Error endpoint_error(const char* verb, const std::string& endpoint, int error) {
  return permanent(std::string("cannot ") + verb + " " + endpoint + ": " + reason_of(error));
}

/// Throws like libzmq; EADDRINUSE if all ports of a range are in use.
void bind_to_first_free(zmq::socket_t& socket, const PortRange& range) {
  for (unsigned port = range.first;; ++port) {
    try {
      return socket.bind(fmt::format("{}{}", range.before_port, port));
    } catch (const zmq::error_t& error) {
      if (error.num() != EADDRINUSE || port == range.last) throw;
    }
  }
}

/// Converts an IPv4-mapped IPv6 address, as libzmq reports it, to IPv4.
std::string without_mapping(const std::string& endpoint) {
  constexpr std::string_view kMapped = "tcp://[::ffff:";
  const std::size_t bracket = endpoint.find(']');
  if (!endpoint.starts_with(kMapped) || bracket == std::string::npos) return endpoint;
  return "tcp://" + endpoint.substr(kMapped.size(), bracket - kMapped.size()) +
         endpoint.substr(bracket + 1);
}

}  // namespace

class Socket::Impl : public std::enable_shared_from_this<Socket::Impl> {
 public:
  Impl(boost::asio::io_context& loop, zmq::socket_t socket, std::string endpoint, bool router,
       bool admits_by_key, Handlers handlers)
      : loop_(loop),
        socket_(std::move(socket)),
        wake_up_(loop, socket_.get(zmq::sockopt::fd)),
        endpoint_(std::move(endpoint)),
        router_(router),
        admits_by_key_(admits_by_key),
        handlers_(std::move(handlers)) {}

  ~Impl() { close(limits::linger); }

  bool open() const { return wake_up_.is_open(); }

  /// Schedules one poll of the socket before the loop waits, however often it is called.
  void look_again() {
    if (look_again_posted_) return;
    look_again_posted_ = true;
    boost::asio::post(loop_, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->look_again_posted_ = false;
      self->turn();
    });
  }

  void drain() {
    inbox_left_ = true;
    look_again();
  }

  bool send(ConnectionId to, std::string_view bytes) {
    CHECK(bytes.size() <= limits::message_bytes);
    const RoutingId id = routing_id_of(to);
    const bool sent = open() && (!router_ || send_frame(id.data(), id.size(), ZMQ_SNDMORE)) &&
                      send_frame(bytes.data(), bytes.size(), 0);
    if (!sent) ++unroutable_;
    if (open()) look_again();
    return sent;
  }

  void close(Duration linger) {
    if (!open()) return;
    // ZeroMQ owns the descriptor, and aborts if other code closes it.
    wake_up_.release();
    socket_.set(zmq::sockopt::linger, to_ms(linger));
    socket_.close();
  }

  const std::string& endpoint() const { return endpoint_; }
  std::uint64_t malformed() const { return malformed_; }
  std::uint64_t unroutable() const { return unroutable_; }

 private:
  void wait() {
    if (waiting_) return;
    waiting_ = true;
    wake_up_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [weak = weak_from_this()](boost::system::error_code error) {
                          const auto self = weak.lock();
                          if (!self || error) return;
                          self->waiting_ = false;
                          self->turn();
                        });
  }

  /// Receives pending messages within the budget, and schedules the rest.
  void turn() {
    std::size_t taken = 0;
    while (open() && taken < limits::messages_per_turn && take_one()) ++taken;
    if (!open()) return;
    const bool empty = taken < limits::messages_per_turn;
    if (taken > 0 || inbox_left_) {
      inbox_left_ = !empty;
      handlers_.on_turn(empty);
    }
    if (!open()) return;
    if (!empty) look_again();
    wait();
  }

  /// Receives one message and delivers it if it is well-formed. Returns false if none is pending.
  bool take_one() {
    if (!receive(frames_[0])) return false;
    std::size_t count = 1;
    bool more = frames_[0].more();
    while (more) {
      // All frames of a message arrive together. Frames after the second share one buffer.
      zmq::message_t& frame = frames_[std::min(count, frames_.size() - 1)];
      CHECK(receive(frame));
      more = frame.more();
      ++count;
    }
    hand_over(count);
    return true;
  }

  void hand_over(std::size_t frame_count) {
    const bool whole = frame_count == (router_ ? 2U : 1U);
    const auto from = router_ ? connection_of(frames_[0]) : ConnectionId{};
    zmq::message_t& payload = frames_[router_ ? 1 : 0];
    if (!whole || !from || (admits_by_key_ && !has_user_id(payload))) {
      ++malformed_;
      return;
    }
    handlers_.on_message(*from, {payload.data<const std::byte>(), payload.size()});
  }

  /// Returns false if no message is pending; then all wake-ups so far are consumed.
  bool receive(zmq::message_t& frame) {
    while (zmq_msg_recv(frame.handle(), socket_.handle(), ZMQ_DONTWAIT) < 0) {
      if (errno == EAGAIN) return false;
      CHECK(errno == EINTR);
    }
    return true;
  }

  bool send_frame(const void* bytes, std::size_t size, int flags) {
    while (zmq_send(socket_.handle(), bytes, size, flags | ZMQ_DONTWAIT) < 0) {
      if (errno == EHOSTUNREACH || errno == EAGAIN) return false;
      CHECK(errno == EINTR);
    }
    return true;
  }

  boost::asio::io_context& loop_;
  zmq::socket_t socket_;
  boost::asio::posix::stream_descriptor wake_up_;
  const std::string endpoint_;
  const bool router_;
  const bool admits_by_key_;
  const Handlers handlers_;
  /// Routing id and payload (ROUTER) or payload (DEALER), and one for excess frames.
  std::array<zmq::message_t, 3> frames_;
  bool look_again_posted_ = false;
  bool waiting_ = false;
  bool inbox_left_ = false;  ///< on_turn is due: the budget was used up, or drain() was called
  std::uint64_t malformed_ = 0;
  std::uint64_t unroutable_ = 0;
};

Socket::Socket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->look_again();
}

Socket::~Socket() {
  close();
}

Result<std::unique_ptr<Socket>> Socket::bind(boost::asio::io_context& loop, Context& context,
                                             const BindOptions& options, Handlers handlers) {
  const PortRange range = port_range_of(options.endpoint);
  if (!range.exists() && !well_formed(options.endpoint)) {
    return endpoint_error("bind", options.endpoint, EINVAL);
  }
  if (options.curve && !are_keys(*options.curve)) return key_error(options.endpoint);
  const os::SignalsBlocked blocked;
  try {
    zmq::socket_t socket(context.handle(), zmq::socket_type::router);
    set_common_options(socket);
    set_router_options(socket);
    if (options.curve) admit_by_key(socket, *options.curve);
    if (range.exists()) {
      bind_to_first_free(socket, range);
    } else {
      socket.bind(options.endpoint);
    }
    std::string endpoint = without_mapping(socket.get(zmq::sockopt::last_endpoint));
    return std::unique_ptr<Socket>(
        new Socket(std::make_shared<Impl>(loop, std::move(socket), std::move(endpoint), true,
                                          options.curve.has_value(), std::move(handlers))));
  } catch (const zmq::error_t& error) {
    if (range.exists() && error.num() == EADDRINUSE) {
      return permanent("cannot bind " + options.endpoint + ": all these ports are in use");
    }
    return endpoint_error("bind", options.endpoint, error.num());
  }
}

Result<std::unique_ptr<Socket>> Socket::connect(boost::asio::io_context& loop, Context& context,
                                                const ConnectOptions& options, Handlers handlers) {
  if (!well_formed(options.endpoint)) {
    return endpoint_error("connect to", options.endpoint, EINVAL);
  }
  if (options.curve && !(is_key(options.curve->server_key) && are_keys(options.curve->own))) {
    return key_error(options.endpoint);
  }
  const os::SignalsBlocked blocked;
  try {
    zmq::socket_t socket(context.handle(), zmq::socket_type::dealer);
    set_common_options(socket);
    set_dealer_options(socket);
    if (options.curve) {
      socket.set(zmq::sockopt::curve_serverkey, options.curve->server_key);
      set_keys(socket, options.curve->own);
    }
    socket.connect(options.endpoint);
    return std::unique_ptr<Socket>(new Socket(std::make_shared<Impl>(
        loop, std::move(socket), options.endpoint, false, false, std::move(handlers))));
  } catch (const zmq::error_t& error) {
    return endpoint_error("connect to", options.endpoint, error.num());
  }
}

const std::string& Socket::endpoint() const {
  return impl_->endpoint();
}
bool Socket::send(ConnectionId to, std::string_view bytes) {
  return impl_->send(to, bytes);
}
void Socket::drain() {
  impl_->drain();
}
void Socket::close(Duration linger) {
  impl_->close(linger);
}
std::uint64_t Socket::malformed() const {
  return impl_->malformed();
}
std::uint64_t Socket::unroutable() const {
  return impl_->unroutable();
}

}  // namespace rollcall::net
