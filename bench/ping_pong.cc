// The bare reference of a round trip: one message to a DEALER process and back to the ROUTER, again
// and again, with nothing else going on.
//
//   ping_pong [--rounds 20000] [--bytes 64] [--curve] [--on-loop]
//
// Without --on-loop both sides wait inside ZeroMQ; with it both use Rollcall's own socket class on
// an event loop. Prints one JSON object.
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "bench/arguments.h"
#include "bench/children.h"
#include "bench/statistics.h"
#include "common/base/check.h"
#include "common/net/socket.h"
#include "common/net/zap.h"
#include "common/os/clock.h"

namespace rollcall::bench {
namespace {

struct Settings {
  std::size_t rounds = 0;
  std::size_t bytes = 0;
  bool curve = false;
  bool on_loop = false;
};

/// Both pairs of keys, as one line of text: endpoint, then the keys if there are any.
struct WayIn {
  std::string endpoint;
  net::KeyPair coordinator;
  net::KeyPair worker;

  std::string text() const {
    return endpoint + ' ' + coordinator.public_key + ' ' + worker.public_key + ' ' +
           worker.secret_key;
  }
  static WayIn from(const std::string& text) {
    WayIn way;
    std::istringstream in(text);
    in >> way.endpoint >> way.coordinator.public_key >> way.worker.public_key >>
        way.worker.secret_key;
    return way;
  }
};

/// How long each round took, in seconds, the first tenth (warming up) left out.
class Rounds {
 public:
  explicit Rounds(std::size_t wanted) : wanted_(wanted) { seconds_.reserve(wanted); }
  void begin() { began_ = os::now(); }
  void end() {
    ++count_;
    if (count_ > wanted_ / 10) seconds_.push_back(to_seconds(os::now() - began_));
  }
  bool enough() const { return count_ >= wanted_; }
  std::vector<double>& seconds() { return seconds_; }

 private:
  std::size_t wanted_;
  std::size_t count_ = 0;
  Instant began_;
  std::vector<double> seconds_;
};

void echo_bare(const WayIn& way) {
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  if (!way.coordinator.public_key.empty()) {
    socket.set(zmq::sockopt::curve_serverkey, way.coordinator.public_key);
    socket.set(zmq::sockopt::curve_publickey, way.worker.public_key);
    socket.set(zmq::sockopt::curve_secretkey, way.worker.secret_key);
  }
  socket.connect(way.endpoint);
  socket.send(zmq::str_buffer("hello"), zmq::send_flags::none);
  zmq::message_t frame;
  for (;;) {
    CHECK(socket.recv(frame));
    if (frame.size() == 0) return;
    socket.send(frame, zmq::send_flags::none);
  }
}

void echo_on_loop(const WayIn& way) {
  boost::asio::io_context loop;
  net::Context context;
  net::ConnectOptions options{way.endpoint, std::nullopt};
  if (!way.coordinator.public_key.empty()) {
    options.curve = net::CurvePeer{way.coordinator.public_key, way.worker};
  }
  std::unique_ptr<net::Socket> socket;
  const auto on_message = [&](ConnectionId, std::span<const std::byte> bytes) {
    if (bytes.empty()) return loop.stop();
    CHECK(socket->send({}, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}) ==
          net::Sent::queued);
  };
  auto made = net::Socket::connect(loop, context, options, {on_message, [](bool) {}});
  CHECK(made.has_value());
  socket = std::move(*made);
  CHECK(socket->send({}, "hello") == net::Sent::queued);
  loop.run();
}

void ping_bare(const Settings& settings, WayIn way, Children& children, Rounds& rounds) {
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::router);
  if (settings.curve) {
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_publickey, way.coordinator.public_key);
    socket.set(zmq::sockopt::curve_secretkey, way.coordinator.secret_key);
  }
  socket.bind("tcp://127.0.0.1:*");
  way.endpoint = socket.get(zmq::sockopt::last_endpoint);
  children.tell(way.text());
  zmq::message_t name;
  zmq::message_t frame;
  const auto receive = [&] { CHECK(socket.recv(name) && socket.recv(frame)); };
  const auto send = [&](const std::string& payload) {
    socket.send(zmq::buffer(name.data(), name.size()), zmq::send_flags::sndmore);
    socket.send(zmq::buffer(payload), zmq::send_flags::none);
  };
  receive();
  const std::string payload(settings.bytes, 'x');
  while (!rounds.enough()) {
    rounds.begin();
    send(payload);
    receive();
    rounds.end();
  }
  send("");
}

void ping_on_loop(const Settings& settings, WayIn way, Children& children, Rounds& rounds) {
  boost::asio::io_context loop;
  net::Context context;
  net::BindOptions options{"tcp://127.0.0.1:*", std::nullopt};
  std::unique_ptr<net::ZapHandler> zap;
  if (settings.curve) {
    options.curve = way.coordinator;
    auto started = net::ZapHandler::start(context, {way.worker.public_key});
    CHECK(started.has_value());
    zap = std::move(*started);
  }
  const std::string payload(settings.bytes, 'x');
  std::unique_ptr<net::Socket> socket;
  bool is_first = true;
  const auto on_message = [&](ConnectionId from, std::span<const std::byte>) {
    if (!std::exchange(is_first, false)) rounds.end();
    if (rounds.enough()) {
      CHECK(socket->send(from, "") == net::Sent::queued);
      return loop.stop();
    }
    rounds.begin();
    CHECK(socket->send(from, payload) == net::Sent::queued);
  };
  auto made = net::Socket::bind(loop, context, options, {on_message, [](bool) {}});
  CHECK(made.has_value());
  socket = std::move(*made);
  way.endpoint = socket->endpoint();
  children.tell(way.text());
  loop.run();
}

int run(const Settings& settings) {
  Children echo(1, [&](const std::string& text) {
    (settings.on_loop ? echo_on_loop : echo_bare)(WayIn::from(text));
  });
  WayIn way;
  if (settings.curve) {
    way.coordinator = net::make_key_pair();
    way.worker = net::make_key_pair();
  }
  Rounds rounds(settings.rounds);
  (settings.on_loop ? ping_on_loop : ping_bare)(settings, way, echo, rounds);
  if (!echo.wait()) return 1;
  std::printf(
      "{\"rounds\": %zu, \"bytes\": %zu, \"curve\": %s, \"on_loop\": %s, "
      "\"p50_seconds\": %.9f, \"p99_seconds\": %.9f}\n",
      settings.rounds, settings.bytes, settings.curve ? "true" : "false",
      settings.on_loop ? "true" : "false", percentile(rounds.seconds(), 0.5),
      percentile(rounds.seconds(), 0.99));
  return 0;
}

}  // namespace
}  // namespace rollcall::bench

int main(int argc, char** argv) {
  rollcall::bench::Arguments arguments(argc, argv);
  rollcall::bench::Settings settings;
  settings.rounds = static_cast<std::size_t>(arguments.number("rounds", 20'000));
  settings.bytes = static_cast<std::size_t>(arguments.number("bytes", 64));
  settings.curve = arguments.flag("curve");
  settings.on_loop = arguments.flag("on-loop");
  arguments.check();
  return rollcall::bench::run(settings);
}
