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
#include "common/net/connection_monitor.h"
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
  socket.set(opt::handshake_ivl, to_ms(limits::handshake));
}

/// Sets the longest message that ZeroMQ receives: it closes the connection of a longer one.
void set_longest_message(zmq::socket_t& socket, std::size_t bytes) {
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(bytes + kCurveBytes));
}

void set_router_options(zmq::socket_t& socket) {
  namespace opt = zmq::sockopt;
  // Twice as long: a message over the limit can be refused by name, and the connection continues.
  set_longest_message(socket, 2 * limits::message_bytes);
  // Not bounded: if a peer whose input is stopped vanishes, libzmq 4.3 may abort the process (its
  // issue 4841). The receiver must read quickly, and drop a flood without looking at it.
  socket.set(opt::rcvhwm, 0);
  socket.set(opt::sndhwm, limits::peer_outbox);
  // A full queue is an error, and no message is dropped silently.
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
  set_longest_message(socket, limits::message_bytes);
  // Credit limits the messages in flight. A high-water mark would drop messages or block.
  socket.set(opt::sndhwm, 0);
  socket.set(opt::rcvhwm, 0);
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

  Sent send(ConnectionId to, std::string_view bytes) {
    CHECK(bytes.size() <= limits::message_bytes);
    const RoutingId id = routing_id_of(to);
    Sent sent = open() ? Sent::queued : Sent::closed;
    if (sent == Sent::queued && router_) sent = send_frame(id.data(), id.size(), ZMQ_SNDMORE);
    if (sent == Sent::queued) sent = send_frame(bytes.data(), bytes.size(), 0);
    if (sent != Sent::queued) ++unroutable_;
    if (open()) look_again();
    return sent;
  }

  std::string peer_address() {
    const char* address = zmq_msg_gets(frames_[router_ ? 1 : 0].handle(), "Peer-Address");
    if (address == nullptr) return {};
    std::string_view text = address;
    constexpr std::string_view kMapped = "::ffff:";  // an IPv4 address on an IPv6 socket
    if (text.starts_with(kMapped)) text.remove_prefix(kMapped.size());
    return std::string(text);
  }

  void close(Duration linger) {
    if (!open()) return;
    // ZeroMQ owns the descriptor, and aborts if other code closes it.
    wake_up_.release();
    monitor_.reset();
    socket_.set(zmq::sockopt::linger, to_ms(linger));
    socket_.close();
  }

  void connect(Context& context) {
    if (handlers_.on_connect_event) watch_attempts(context);
    socket_.connect(endpoint_);
  }

  void watch_attempts(Context& context) {
    monitor_ = std::make_unique<ConnectionMonitor>(loop_, context, socket_,
                                                   [weak = weak_from_this()](ConnectEvent event) {
                                                     if (const auto self = weak.lock())
                                                       self->handlers_.on_connect_event(event);
                                                   });
  }

  void watch_connections(Context& context) {
    if (!handlers_.on_refused && !handlers_.on_closed) return;
    monitor_ = std::make_unique<ConnectionMonitor>(
        loop_, context, socket_,
        [weak = weak_from_this()](const std::string& address, const char* why) {
          const auto self = weak.lock();
          if (self && self->handlers_.on_refused) self->handlers_.on_refused(address, why);
        },
        [weak = weak_from_this()](int descriptor) {
          if (const auto self = weak.lock()) self->closed(descriptor);
        });
  }

  void watch(ConnectionId from) {
    const int descriptor = zmq_msg_get(frames_[1].handle(), ZMQ_SRCFD);
    if (descriptor >= 0) watched_[descriptor] = from;
  }

  const std::string& endpoint() const { return endpoint_; }
  std::uint64_t malformed() const { return malformed_; }
  std::uint64_t unroutable() const { return unroutable_; }

 private:
  void closed(int descriptor) {
    const auto watched = watched_.extract(descriptor);
    if (!watched.empty() && handlers_.on_closed) handlers_.on_closed(watched.mapped());
  }

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
    taken_bytes_ = 0;
    bool empty = false;
    while (open() && !empty && taken < limits::messages_per_turn &&
           taken_bytes_ < limits::bytes_per_turn) {
      empty = !take_one();
      taken += empty ? 0 : 1;
    }
    if (!open()) return;
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
    const std::size_t own_frames = router_ ? 1 : 0;
    const auto from = router_ ? connection_of(frames_[0]) : ConnectionId{};
    zmq::message_t& payload = frames_[own_frames];
    if (!from) return drop(from, "it chose its own routing id");
    if (frame_count != own_frames + 1) {
      return drop(from, fmt::format("it has {} frames instead of one", frame_count - own_frames));
    }
    if (payload.size() > limits::message_bytes) {
      return drop(from, fmt::format("it has {} bytes, and at most {} are allowed", payload.size(),
                                    limits::message_bytes));
    }
    if (admits_by_key_ && !has_user_id(payload)) return drop(from, "its peer was not admitted");
    taken_bytes_ += payload.size();
    handlers_.on_message(*from, {payload.data<const std::byte>(), payload.size()});
  }

  void drop(std::optional<ConnectionId> from, const std::string& why) {
    ++malformed_;
    if (handlers_.on_dropped) handlers_.on_dropped(from, why);
  }

  /// Returns false if no message is pending; then all wake-ups so far are consumed.
  bool receive(zmq::message_t& frame) {
    while (zmq_msg_recv(frame.handle(), socket_.handle(), ZMQ_DONTWAIT) < 0) {
      if (errno == EAGAIN) return false;
      CHECK(errno == EINTR);
    }
    return true;
  }

  Sent send_frame(const void* bytes, std::size_t size, int flags) {
    while (zmq_send(socket_.handle(), bytes, size, flags | ZMQ_DONTWAIT) < 0) {
      // A worker has no mark: its queue is only "full" after its connection was given up.
      if (errno == EAGAIN) return router_ ? Sent::full : Sent::closed;
      if (errno == EHOSTUNREACH) return Sent::closed;
      CHECK(errno == EINTR);
    }
    return Sent::queued;
  }

  boost::asio::io_context& loop_;
  zmq::socket_t socket_;
  std::unique_ptr<ConnectionMonitor> monitor_;     ///< null: its events are not wanted
  std::unordered_map<int, ConnectionId> watched_;  ///< by descriptor
  boost::asio::posix::stream_descriptor wake_up_;
  const std::string endpoint_;
  const bool router_;
  const bool admits_by_key_;
  const Handlers handlers_;
  /// Routing id and payload (ROUTER) or payload (DEALER), and one for excess frames.
  std::array<zmq::message_t, 3> frames_;
  bool look_again_posted_ = false;
  bool waiting_ = false;
  bool inbox_left_ = false;      ///< on_turn is due: the budget was used up, or drain() was called
  std::size_t taken_bytes_ = 0;  ///< in this turn
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
    auto impl = std::make_shared<Impl>(loop, std::move(socket), std::move(endpoint), true,
                                       options.curve.has_value(), std::move(handlers));
    impl->watch_connections(context);
    return std::unique_ptr<Socket>(new Socket(std::move(impl)));
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
    auto impl = std::make_shared<Impl>(loop, std::move(socket), options.endpoint, false, false,
                                       std::move(handlers));
    impl->connect(context);
    return std::unique_ptr<Socket>(new Socket(std::move(impl)));
  } catch (const zmq::error_t& error) {
    return endpoint_error("connect to", options.endpoint, error.num());
  }
}

const std::string& Socket::endpoint() const {
  return impl_->endpoint();
}
Sent Socket::send(ConnectionId to, std::string_view bytes) {
  return impl_->send(to, bytes);
}
void Socket::watch(ConnectionId from) {
  impl_->watch(from);
}

std::string Socket::peer_address() const {
  return impl_->peer_address();
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
