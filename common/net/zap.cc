#include "common/net/zap.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "common/base/check.h"
#include "common/os/signals_blocked.h"

namespace rollcall::net {
namespace {

constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";
constexpr std::size_t kKeyBytes = 32;

// The frames of a request, in order (RFC 27).
enum Frame : std::size_t { version, request_id, domain, address, identity, mechanism, key, count };

std::string z85(const zmq::message_t& bytes) {
  std::array<char, kKeyBytes * 5 / 4 + 1> text{};
  CHECK(zmq_z85_encode(text.data(), bytes.data<std::uint8_t>(), bytes.size()) != nullptr);
  return text.data();
}

/// The User-Id of the peer, or an empty string if it is refused.
std::string admitted_as(const std::vector<zmq::message_t>& request,
                        const std::set<std::string>& admitted) {
  if (request.size() != Frame::count) return {};
  if (request[Frame::version].to_string_view() != "1.0") return {};
  if (request[Frame::domain].to_string_view() != kZapDomain) return {};
  if (request[Frame::mechanism].to_string_view() != "CURVE") return {};
  if (request[Frame::key].size() != kKeyBytes) return {};
  std::string name = z85(request[Frame::key]);
  return admitted.contains(name) ? name : std::string();
}

void reply(zmq::socket_t& socket, const std::vector<zmq::message_t>& request,
           const std::string& user_id) {
  const bool in = !user_id.empty();
  const std::string_view id =
      request.size() > Frame::request_id ? request[Frame::request_id].to_string_view() : "";
  const std::array<zmq::const_buffer, 6> frames = {
      zmq::buffer(std::string_view("1.0")),
      zmq::buffer(id),
      zmq::buffer(std::string_view(in ? "200" : "400")),
      zmq::buffer(std::string_view(in ? "OK" : "Not admitted")),
      zmq::buffer(user_id),
      zmq::buffer(std::string_view())};
  zmq::send_multipart(socket, frames);
}

}  // namespace

struct ZapHandler::Impl {
  Impl(zmq::context_t& context, std::set<std::string> keys)
      : socket(context, zmq::socket_type::rep), admitted(std::move(keys)) {
    socket.set(zmq::sockopt::linger, 0);
    socket.bind(kZapEndpoint);
    CHECK(stop_fd >= 0);
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    if (thread.joinable()) {
      const std::uint64_t one = 1;
      CHECK(::write(stop_fd, &one, sizeof one) == sizeof one);
      thread.join();
      // Unlike close, this frees the name immediately, so that the next handler can start.
      const os::SignalsBlocked blocked;
      socket.unbind(kZapEndpoint);
    }
    ::close(stop_fd);
  }

  void run() {
    std::array<zmq::pollitem_t, 2> items = {
        {{socket.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, stop_fd, ZMQ_POLLIN, 0}}};
    for (;;) {
      if (zmq_poll(items.data(), static_cast<int>(items.size()), -1) < 0) {
        CHECK(errno == EINTR);
        continue;
      }
      if (items[1].revents != 0) return;
      if (items[0].revents != 0) answer();
    }
  }

  void answer() {
    std::vector<zmq::message_t> request;
    if (!zmq::recv_multipart(socket, std::back_inserter(request), zmq::recv_flags::dontwait))
      return;
    const std::string user_id = admitted_as(request, admitted);
    if (user_id.empty()) refused.fetch_add(1, std::memory_order_relaxed);
    reply(socket, request, user_id);
  }

  zmq::socket_t socket;
  const std::set<std::string> admitted;
  std::atomic<std::uint64_t> refused = 0;
  const int stop_fd = ::eventfd(0, EFD_CLOEXEC);
  std::thread thread;
};

ZapHandler::ZapHandler(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZapHandler::~ZapHandler() = default;

std::uint64_t ZapHandler::refused() const {
  return impl_->refused.load(std::memory_order_relaxed);
}

Result<std::unique_ptr<ZapHandler>> ZapHandler::start(Context& context,
                                                      std::set<std::string> admitted) {
  const os::SignalsBlocked blocked;  // the thread inherits the mask: other threads handle signals
  try {
    auto impl = std::make_unique<Impl>(context.handle(), std::move(admitted));
    return std::unique_ptr<ZapHandler>(new ZapHandler(std::move(impl)));
  } catch (const std::exception& error) {
    return permanent(std::string("cannot start the authentication handler: ") + error.what());
  }
}

}  // namespace rollcall::net
