#include "common/net/http_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <list>
#include <string>

#include "common/limits.h"
#include "tests/support/net_fixture.h"

namespace rollcall::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// One that asks: what it got, and whether it is over.
struct Asker {
  Asker(asio::io_context& loop, const std::string& port) : socket(loop) {
    asio::connect(socket, tcp::resolver(loop).resolve("127.0.0.1", port));
  }
  void send(const std::string& text) {
    boost::system::error_code gone;
    asio::write(socket, asio::buffer(text), gone);
  }
  void listen() {
    asio::async_read(socket, asio::dynamic_buffer(got),
                     [this](boost::system::error_code, std::size_t) { is_over = true; });
  }

  tcp::socket socket;
  std::string got;
  bool is_over = false;
};

class HttpHealthTest : public ::testing::Test {
 protected:
  void SetUp() override { open("127.0.0.1:0"); }
  void open(const std::string& address) {
    auto made = HttpHealth::listen(loop, address, [this] { return is_ready; });
    ASSERT_TRUE(made.has_value()) << made.error().message;
    health = std::move(*made);
  }
  std::string port() const { return health->url().substr(health->url().rfind(':') + 1); }
  Asker& asker() { return askers.emplace_back(loop, port()); }
  std::string reply_to(const std::string& request) {
    Asker& one = asker();
    one.send(request);
    one.listen();
    EXPECT_TRUE(run_until(loop, [&] { return one.is_over; })) << request;
    return one.got;
  }
  std::string get(const std::string& target) {
    return reply_to("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }

  asio::io_context loop;
  bool is_ready = false;
  std::unique_ptr<HttpHealth> health;
  std::list<Asker> askers;
};

TEST_F(HttpHealthTest, IsHealthyWhileTheLoopTurns) {
  const std::string reply = get("/healthz");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, testing::EndsWith("\r\n\r\nok\n"));
  EXPECT_THAT(reply, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(get("/healthz?verbose"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpHealthTest, ReadinessFollowsItsOwner) {
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 503 "));
  is_ready = true;
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200 "));
  is_ready = false;
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpHealthTest, OtherTargetsAndMethodsAreErrors) {
  for (const char* target : {"/", "/healthz/", "/healthzz", "/../healthz"}) {
    EXPECT_THAT(get(target), StartsWith("HTTP/1.1 404 ")) << target;
  }
  for (const char* method : {"POST", "HEAD", "PUT", "DELETE"}) {
    const std::string reply = reply_to(std::string(method) + " /healthz HTTP/1.1\r\n\r\n");
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 405 ")) << method;
    EXPECT_THAT(reply, HasSubstr("Allow: GET\r\n"));
  }
}

TEST_F(HttpHealthTest, RejectsMalformedHttp) {
  EXPECT_THAT(reply_to("hello, how are you?\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpHealthTest, RejectsLongHeaders) {
  const std::string much(limits::http_header_bytes, 'x');
  EXPECT_THAT(reply_to("GET /healthz HTTP/1.1\r\nX: " + much), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpHealthTest, ClosesIdleConnections) {
  Asker& silent = asker();
  Asker& slow = asker();
  slow.send("GET /hea");
  silent.listen();
  slow.listen();
  EXPECT_TRUE(run_until(loop, [&] { return silent.is_over && slow.is_over; }));
  EXPECT_EQ(silent.got + slow.got, "");
}

TEST_F(HttpHealthTest, AnswersDespiteIdleConnections) {
  for (int i = 0; i < 3 * limits::http_connections; ++i) {
    asker().listen();
    loop.poll();
  }
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 "));
  const auto open =
      std::count_if(askers.begin(), askers.end(), [](const Asker& one) { return !one.is_over; });
  EXPECT_LE(open, limits::http_connections);
}

TEST_F(HttpHealthTest, ReportsAPortInUse) {
  const auto second = HttpHealth::listen(loop, "127.0.0.1:" + port(), [] { return true; });
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message,
            "cannot listen at 127.0.0.1:" + port() + ": Address already in use");
  const auto nowhere = HttpHealth::listen(loop, "no.such.host.invalid:0", [] { return true; });
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_THAT(nowhere.error().message, HasSubstr("no.such.host.invalid"));
}

TEST_F(HttpHealthTest, ListensOnEveryAddressForAWildcard) {
  open("*:0");
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpHealthTest, MayBeDestroyedDuringARequest) {
  Asker& slow = asker();
  slow.send("GET /hea");
  slow.listen();
  loop.poll();
  health.reset();
  EXPECT_TRUE(run_until(loop, [&] { return slow.is_over; }));
}

}  // namespace
}  // namespace rollcall::net
