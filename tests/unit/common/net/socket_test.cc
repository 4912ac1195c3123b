#include "common/net/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>

#include "common/limits.h"
#include "common/net/zap.h"
#include "tests/support/net_fixture.h"
#include "tests/support/raw_peer.h"

namespace rollcall::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SocketTest : public ::testing::Test {
 protected:
  static constexpr const char* kAnyPort = "tcp://127.0.0.1:*";

  void start_coordinator(const std::string& endpoint = kAnyPort) {
    coordinator.bind(loop, {endpoint, {}});
  }
  void start_worker(Peer& worker) { worker.connect(loop, {coordinator.socket->endpoint(), {}}); }
  bool run_until(const std::function<bool()>& fact) { return net::run_until(loop, fact); }
  std::string bind_error(const std::string& endpoint, std::optional<KeyPair> keys = {}) {
    auto made = Socket::bind(loop, process_context(), {endpoint, std::move(keys)}, {});
    if (made) return "no error";
    EXPECT_EQ(made.error().kind, ErrorKind::permanent);
    return made.error().message;
  }
  std::string connect_error(const std::string& endpoint, std::optional<CurvePeer> keys = {}) {
    auto made = Socket::connect(loop, process_context(), {endpoint, std::move(keys)}, {});
    return made ? "no error" : made.error().message;
  }

  boost::asio::io_context loop;
  Peer coordinator;
};

class SocketTransportTest : public SocketTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SocketTransportTest, EveryMessageArrivesBothWays) {
  constexpr std::size_t kMessages = 10'000;
  std::string endpoint = GetParam();
  if (endpoint.starts_with("ipc")) endpoint += std::to_string(::getpid());
  std::vector<ConnectionId> to_answer;
  std::size_t returned = 0;
  std::size_t sent = 0;
  std::unique_ptr<Socket> router;
  std::unique_ptr<Socket> dealer;
  const auto send_more = [&] {
    for (; sent < std::min(kMessages, returned + 8); ++sent)
      ASSERT_EQ(dealer->send({}, "ask"), Sent::queued);
  };
  auto bound = Socket::bind(
      loop, process_context(), {endpoint, {}},
      {[&](ConnectionId from, std::span<const std::byte>) { to_answer.push_back(from); },
       [&](bool) {
         for (const ConnectionId to : to_answer)
           ASSERT_EQ(router->send(to, "answer"), Sent::queued);
         to_answer.clear();
       }});
  if (!bound && endpoint.find("::1") != std::string::npos) GTEST_SKIP() << bound.error().message;
  ASSERT_TRUE(bound.has_value()) << bound.error().message;
  router = std::move(*bound);
  dealer = *Socket::connect(
      loop, process_context(), {router->endpoint(), {}},
      {[&](ConnectionId, std::span<const std::byte>) { ++returned; }, [&](bool) { send_more(); }});
  send_more();
  EXPECT_TRUE(run_until([&] { return returned == kMessages; }));
  EXPECT_EQ(sent, kMessages);
  EXPECT_EQ(router->malformed() + dealer->malformed(), 0U);
  EXPECT_EQ(router->unroutable() + dealer->unroutable(), 0U);
}

std::string transport_name(const ::testing::TestParamInfo<const char*>& test) {
  constexpr std::array<const char*, 3> kNames = {"Ipv4", "Ipv6", "Ipc"};
  return kNames[test.index];
}

INSTANTIATE_TEST_SUITE_P(Transports, SocketTransportTest,
                         ::testing::Values("tcp://127.0.0.1:*", "tcp://[::1]:*",
                                           "ipc:///tmp/rollcall-socket-test-"),
                         transport_name);

TEST_F(SocketTest, PreservesOrderAndContent) {
  start_coordinator();
  Peer worker;
  start_worker(worker);
  ASSERT_TRUE(worker.send("first"));
  ASSERT_TRUE(worker.send(std::string_view("\0\xff", 2)));
  ASSERT_TRUE(worker.send(""));
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 3; }));
  EXPECT_EQ(coordinator.got[0].text, "first");
  EXPECT_EQ(coordinator.got[1].text, std::string("\0\xff", 2));
  EXPECT_EQ(coordinator.got[2].text, "");
  ASSERT_TRUE(coordinator.send("answer", coordinator.got[0].from));
  ASSERT_TRUE(run_until([&] { return worker.got.size() == 1; }));
  EXPECT_EQ(worker.got[0].text, "answer");
}

// libzmq reads its mailbox while it sends (once a millisecond) and with it takes the wake-up.
TEST_F(SocketTest, SendDoesNotLoseWakeUps) {
  start_coordinator();
  Peer worker;
  start_worker(worker);
  ASSERT_TRUE(worker.send("hello"));
  ASSERT_TRUE(run_until([&] { return !coordinator.got.empty(); }));
  for (std::size_t round = 2; round <= 50; ++round) {
    ASSERT_TRUE(worker.send("comes while the coordinator is busy"));
    for (const Instant until = os::now() + std::chrono::milliseconds(3); os::now() < until;) {
    }
    ASSERT_TRUE(coordinator.send("answer", coordinator.got[0].from));
    ASSERT_TRUE(run_until([&] { return coordinator.got.size() == round; })) << round;
  }
}

TEST_F(SocketTest, DistinguishesConnections) {
  start_coordinator();
  Peer one;
  Peer two;
  start_worker(one);
  start_worker(two);
  ASSERT_TRUE(one.send("one"));
  ASSERT_TRUE(two.send("two"));
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 2; }));
  for (const auto& message : coordinator.got) {
    ASSERT_TRUE(coordinator.send("to " + message.text, message.from));
  }
  ASSERT_TRUE(run_until([&] { return one.got.size() == 1 && two.got.size() == 1; }));
  EXPECT_EQ(one.got[0].text, "to one");
  EXPECT_EQ(two.got[0].text, "to two");
}

TEST_F(SocketTest, TurnsEndWithAnEmptyInbox) {
  constexpr std::size_t kMessages = 5 * limits::messages_per_turn;
  start_coordinator();
  Peer worker;
  start_worker(worker);
  for (std::size_t i = 0; i < kMessages; ++i) ASSERT_TRUE(worker.send("x"));
  ASSERT_TRUE(run_until([&] {
    return coordinator.got.size() == kMessages && !coordinator.turns.empty() &&
           coordinator.turns.back();
  }));
  EXPECT_GE(coordinator.turns.size(), kMessages / limits::messages_per_turn);
}

TEST_F(SocketTest, TimersRunDuringAFlood) {
  constexpr std::size_t kMessages = 20'000;
  std::size_t received = 0;
  std::size_t received_at_timer = 0;
  boost::asio::steady_timer timer(loop);
  std::string work(4096, 'w');
  auto router = *Socket::bind(
      loop, process_context(), {kAnyPort, {}},
      {[&](ConnectionId, std::span<const std::byte>) {
         if (++received == 1) {
           timer.expires_after(std::chrono::nanoseconds(0));
           timer.async_wait([&](boost::system::error_code) { received_at_timer = received; });
         }
         // Slower than messages come, so that the inbox is never
         // empty before the end.
         for (char& c : work) c = static_cast<char>(c * 31 + 7);
       },
       [](bool) {}});
  Peer worker;
  worker.connect(loop, {router->endpoint(), {}});
  for (std::size_t i = 0; i < kMessages; ++i) ASSERT_TRUE(worker.send("flood"));
  ASSERT_TRUE(run_until([&] { return received == kMessages; }));
  EXPECT_GT(received_at_timer, 0U);
  EXPECT_LE(received_at_timer, 8 * limits::messages_per_turn);
}

TEST_F(SocketTest, WorkerReconnectsAfterACoordinatorRestart) {
  start_coordinator();
  const std::string endpoint = coordinator.socket->endpoint();
  Peer worker;
  start_worker(worker);
  ASSERT_TRUE(worker.send("to the first"));
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 1; }));
  coordinator.socket.reset();

  Peer next;
  ASSERT_TRUE(run_until([&] {
    auto made = Socket::bind(loop, process_context(), {endpoint, {}}, next.handlers());
    if (made) next.socket = std::move(*made);
    return made.has_value();
  }));
  ASSERT_TRUE(run_until([&] { return worker.send("to the next") && !next.got.empty(); }));
  ASSERT_TRUE(next.send("welcome", next.got[0].from));
  EXPECT_TRUE(run_until([&] { return !worker.got.empty(); }));
}

TEST_F(SocketTest, WorkerMayStartBeforeTheCoordinator) {
  const std::string endpoint = free_endpoint(loop);
  Peer worker;
  worker.connect(loop, {endpoint, {}});
  ASSERT_TRUE(worker.send("early"));
  ASSERT_TRUE(run_until([&] {
    auto made = Socket::bind(loop, process_context(), {endpoint, {}}, coordinator.handlers());
    if (made) coordinator.socket = std::move(*made);
    return made.has_value();
  }));
  ASSERT_TRUE(run_until([&] { return !coordinator.got.empty(); }));
  EXPECT_EQ(coordinator.got[0].text, "early");
}

TEST_F(SocketTest, SendToAClosedConnectionReturnsFalse) {
  start_coordinator();
  Peer worker;
  start_worker(worker);
  ASSERT_TRUE(worker.send("hello"));
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 1; }));
  const ConnectionId connection = coordinator.got[0].from;
  ASSERT_TRUE(coordinator.send("still there", connection));
  EXPECT_EQ(coordinator.socket->unroutable(), 0U);
  worker.socket.reset();
  ASSERT_TRUE(run_until([&] { return !coordinator.send("lost", connection); }));
  EXPECT_EQ(coordinator.socket->unroutable(), 1U);
  EXPECT_FALSE(coordinator.send("never seen", static_cast<ConnectionId>(12345)));
}

TEST_F(SocketTest, LongestMessageArrives) {
  start_coordinator();
  Peer worker;
  start_worker(worker);
  const std::string longest(limits::message_bytes, 'L');
  ASSERT_TRUE(worker.send(longest));
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 1; }));
  EXPECT_TRUE(coordinator.got[0].text == longest);
}

/// The header of a frame with this many bytes.
std::string long_frame(std::uint64_t size) {
  std::string header = "\x02";
  for (int shift = 56; shift >= 0; shift -= 8) header += static_cast<char>(size >> shift & 0xffU);
  return header;
}

TEST_F(SocketTest, TooLongMessageIsDropped) {
  start_coordinator();
  RawPeer raw(loop, coordinator.socket->endpoint());
  raw.say_hello();
  ASSERT_TRUE(run_until([&] { return raw.ready(); }));
  raw.write(long_frame(limits::message_bytes + 1) + std::string(limits::message_bytes + 1, 'x'));
  raw.frame(0, "goes on");
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 1; }));
  EXPECT_EQ(coordinator.got[0].text, "goes on");
  ASSERT_EQ(coordinator.dropped.size(), 1U);
  EXPECT_THAT(coordinator.dropped[0], ::testing::HasSubstr("16777217 bytes"));
}

TEST_F(SocketTest, AFullQueueIsReportedAndReadingEmptiesIt) {
  start_coordinator();
  auto raw = std::make_unique<RawPeer>(loop, coordinator.socket->endpoint());
  raw->say_hello();
  ASSERT_TRUE(run_until([&] { return raw->ready(); }));
  raw->frame(0, "short");
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 1; }));
  const ConnectionId peer = coordinator.got[0].from;
  const std::string text(100'000, 'x');
  // The loop does not run, so the peer does not read.
  std::size_t sent = 0;
  Sent last = Sent::queued;
  for (; last == Sent::queued && sent < 100'000; ++sent) {
    last = coordinator.socket->send(peer, text);
  }
  EXPECT_EQ(last, Sent::full);
  ASSERT_TRUE(run_until([&] { return coordinator.socket->send(peer, text) == Sent::queued; }));
}

TEST_F(SocketTest, MuchTooLongMessageClosesOnlyItsConnection) {
  start_coordinator();
  Peer worker;
  start_worker(worker);
  RawPeer raw(loop, coordinator.socket->endpoint());
  raw.say_hello();
  ASSERT_TRUE(run_until([&] { return raw.ready(); }));
  raw.frame(0, "short");
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 1; }));
  const std::size_t size = 2 * limits::message_bytes + 256;
  raw.write(long_frame(size) + std::string(size, 'x'));
  ASSERT_TRUE(run_until([&] { return raw.closed(); }));
  ASSERT_TRUE(worker.send("goes on"));
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 2; }));
  EXPECT_EQ(coordinator.got[1].text, "goes on");
}

TEST_F(SocketTest, MessagesOfSeveralFramesAreDropped) {
  start_coordinator();
  RawPeer raw(loop, coordinator.socket->endpoint());
  raw.say_hello();
  ASSERT_TRUE(run_until([&] { return raw.ready(); }));
  raw.frame(1, "a");
  raw.frame(0, "b");
  for (int i = 0; i < 9; ++i) raw.frame(1, "c");
  raw.frame(0, "d");
  raw.frame(0, "whole");
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 1; }));
  EXPECT_EQ(coordinator.got[0].text, "whole");
  EXPECT_EQ(coordinator.socket->malformed(), 2U);
  EXPECT_THAT(coordinator.dropped, ::testing::ElementsAre("it has 2 frames instead of one",
                                                          "it has 10 frames instead of one"));
}

TEST_F(SocketTest, PeersThatChooseTheirRoutingIdAreDropped) {
  start_coordinator();
  std::uint64_t dropped = 0;
  for (const char* name : {"chosen", "abcde"}) {
    RawPeer raw(loop, coordinator.socket->endpoint());
    raw.say_hello(name);
    ASSERT_TRUE(run_until([&] { return raw.ready(); }));
    raw.frame(0, "x");
    ++dropped;
    EXPECT_TRUE(run_until([&] { return coordinator.socket->malformed() == dropped; })) << name;
  }
  EXPECT_TRUE(coordinator.got.empty());
}

TEST_F(SocketTest, HandlerMayDestroyItsSocket) {
  start_coordinator();
  Peer worker;
  start_worker(worker);
  int calls = 0;
  std::unique_ptr<Socket> victim;
  victim = *Socket::bind(loop, process_context(), {kAnyPort, {}},
                         {[&](ConnectionId, std::span<const std::byte>) {
                            ++calls;
                            victim.reset();
                          },
                          [&](bool) { ++calls; }});
  Peer sender;
  sender.connect(loop, {victim->endpoint(), {}});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(sender.send("x"));
  ASSERT_TRUE(run_until([&] { return victim == nullptr; }));
  ASSERT_TRUE(worker.send("a later message"));
  ASSERT_TRUE(run_until([&] { return !coordinator.got.empty(); }));
  EXPECT_EQ(calls, 1);
}

TEST_F(SocketTest, MessagesSentBeforeCloseArrive) {
  start_coordinator();
  Peer worker;
  start_worker(worker);
  ASSERT_TRUE(worker.send("hello"));
  ASSERT_TRUE(run_until([&] { return !coordinator.got.empty(); }));
  ASSERT_TRUE(worker.send("goodbye"));
  worker.socket->close();
  worker.socket->close();
  EXPECT_FALSE(worker.send("after close"));
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 2; }));
  EXPECT_EQ(coordinator.got[1].text, "goodbye");
}

TEST_F(SocketTest, EndpointHasTheActualPort) {
  start_coordinator();
  EXPECT_THAT(coordinator.socket->endpoint(), ::testing::MatchesRegex("tcp://127.0.0.1:[0-9]+"));
  Peer zero;
  zero.bind(loop, {"tcp://127.0.0.1:0", {}});
  EXPECT_THAT(zero.socket->endpoint(), ::testing::Not(::testing::EndsWith(":0")));
}

TEST_F(SocketTest, BindsTheFirstFreePortOfARange) {
  start_coordinator();
  const std::string taken = coordinator.socket->endpoint();
  const std::size_t colon = taken.rfind(':') + 1;
  const int port = std::stoi(taken.substr(colon));
  const std::string host = taken.substr(0, colon);
  const std::string last = std::to_string(std::min(port + 50, 65535));
  Peer next;  // the one after it, unless another program has that
  next.bind(loop, {host + std::to_string(port) + "-" + last, {}});
  EXPECT_GT(std::stoi(next.socket->endpoint().substr(colon)), port);
  const std::string full = host + std::to_string(port) + "-" + std::to_string(port);
  EXPECT_THAT(bind_error(full), AllOf(HasSubstr(full), HasSubstr("all these ports are in use")));
  for (const char* bad : {"tcp://127.0.0.1:0-5", "tcp://127.0.0.1:6-5", "tcp://127.0.0.1:5-",
                          "tcp://127.0.0.1:5-65536", "tcp://127.0.0.1:-"}) {
    EXPECT_THAT(bind_error(bad), HasSubstr("not of the form")) << bad;
  }
}

TEST_F(SocketTest, BindErrorsNameTheEndpointAndTheReason) {
  start_coordinator();
  const std::string taken = coordinator.socket->endpoint();
  EXPECT_THAT(bind_error(taken), AllOf(HasSubstr(taken), HasSubstr("in use")));
  EXPECT_THAT(bind_error("tcp://192.0.2.1:5555"),
              AllOf(HasSubstr("192.0.2.1"), HasSubstr("no such address")));
  EXPECT_THAT(bind_error("tcp://nosuchif0:5555"),
              AllOf(HasSubstr("nosuchif0"), HasSubstr("no such network interface")));
  for (const char* bad : {"", "5555", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:99999",
                          "udp://127.0.0.1:5555", "inproc://x"}) {
    EXPECT_THAT(bind_error(bad), HasSubstr("not of the form")) << bad;
  }
  EXPECT_THAT(bind_error("ipc:///nonexistent/directory/socket"),
              HasSubstr("/nonexistent/directory"));
  EXPECT_THAT(bind_error("ipc:///tmp/" + std::string(200, 'x')), HasSubstr("too long"));
}

TEST_F(SocketTest, ConnectErrorsNameTheEndpoint) {
  for (const char* bad : {"", "tcp://host", "udp://127.0.0.1:5555", "tcp://127.0.0.1:port"}) {
    EXPECT_THAT(connect_error(bad), HasSubstr("not of the form")) << bad;
  }
}

TEST_F(SocketTest, MalformedKeysAreAnError) {
  EXPECT_THAT(bind_error(kAnyPort, KeyPair{"short", make_key_pair().secret_key}),
              HasSubstr("CURVE keys"));
  EXPECT_THAT(
      connect_error("tcp://127.0.0.1:5555", CurvePeer{std::string(40, ' '), make_key_pair()}),
      HasSubstr("CURVE keys"));
}

}  // namespace
}  // namespace rollcall::net
