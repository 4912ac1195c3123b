#include "common/cli/command_line.h"

#include <gtest/gtest.h>

#include "common/cli/endpoint_text.h"

namespace rollcall {
namespace {

std::string bound(std::string_view text) {
  const Result<std::string> parsed = parse_bind_endpoint(text);
  return parsed ? *parsed : parsed.error().message;
}

std::string connected(std::string_view text) {
  const Result<std::string> parsed = parse_connect_endpoint(text);
  return parsed ? *parsed : parsed.error().message;
}

TEST(BindEndpoint, ParsesEveryForm) {
  EXPECT_EQ(bound("tcp://127.0.0.1:5555"), "tcp://127.0.0.1:5555");
  EXPECT_EQ(bound("*:5555"), "tcp://*:5555");
  EXPECT_EQ(bound("node-1.example.org:*"), "tcp://node-1.example.org:*");
  EXPECT_EQ(bound("127.0.0.1:0"), "tcp://127.0.0.1:*");
  EXPECT_EQ(bound("[::1]:65535"), "tcp://[::1]:65535");
  EXPECT_EQ(bound("*:7000-7010"), "tcp://*:7000-7010");
  EXPECT_EQ(bound("tcp://[::1]:7000-7000"), "tcp://[::1]:7000-7000");
  EXPECT_EQ(bound("ipc:///run/rollcall.sock"), "ipc:///run/rollcall.sock");
}

TEST(BindEndpoint, ErrorsStateTheValidForms) {
  for (const char* text : {"",           "5555",         ":5555",
                           "host",       "host:",        "host:65536",
                           "host:-1",    "h st:1",       "udp://host:1",
                           "::1:5555",   "[::1]",        "[]:1",
                           "tcp://",     "host:1x",      "host:2-1",
                           "host:0-5",   "host:1-65536", "host:1-",
                           "host:-",     "host:1-2-3",   "tcp://host:1/path",
                           "[1.2.3.4]:5"}) {
    EXPECT_EQ(bound(text), "expected tcp://HOST:PORT (* for any, N-M), HOST:PORT or ipc://PATH")
        << text;
  }
  const std::string path(101, 'p');
  EXPECT_EQ(bound("ipc://1234567" + path), "expected ipc:// and a path of 1 to 107 bytes");
  EXPECT_EQ(bound("ipc://123456" + path), "ipc://123456" + path);
  EXPECT_EQ(bound("ipc://"), "expected ipc:// and a path of 1 to 107 bytes");
}

TEST(ConnectEndpoint, HasNoWildcards) {
  EXPECT_EQ(connected("node1:5555"), "tcp://node1:5555");
  for (const char* text : {"*:5555", "node1:*", "node1:0", "node1"}) {
    EXPECT_EQ(connected(text), "expected tcp://HOST:PORT, HOST:PORT or ipc://PATH") << text;
  }
}

TEST(Advertised, ParsesHostAndOptionalPort) {
  for (const char* text : {"node1", "node1:5555", "[fd00::1]", "[fd00::1]:5555"}) {
    EXPECT_TRUE(parse_advertised(text)) << text;
  }
  for (const char* text : {"", "tcp://node1:5", "node1:", "node1:0", "*", "fd00::1", "a b"}) {
    EXPECT_FALSE(parse_advertised(text)) << text;
  }
}

TEST(Loopback, RecognizesLocalEndpoints) {
  for (const char* text : {"tcp://127.0.0.1:*", "tcp://127.8.9.1:5", "tcp://localhost:5",
                           "tcp://[::1]:5", "ipc:///tmp/x"}) {
    EXPECT_TRUE(is_loopback(text)) << text;
  }
  for (const char* text : {"tcp://*:5", "tcp://0.0.0.0:5", "tcp://[::]:5", "tcp://10.0.0.1:5",
                           "tcp://127.example.org:5", "tcp://localhost.example.org:5"}) {
    EXPECT_FALSE(is_loopback(text)) << text;
  }
}

TEST(Quote, QuotesOnOneLine) {
  EXPECT_EQ(cli::quote("a b"), R"("a b")");
  EXPECT_EQ(cli::quote("a\nb\x1b\"\\"), R"("a\x0ab\x1b\"\\")");
  EXPECT_EQ(cli::quote("a\u202e\\é\xff"), "\"a\\u202e\\\\é\\xff\"");
  EXPECT_EQ(cli::quote(std::string(101, 'x')), '"' + std::string(100, 'x') + "...\"");
}

TEST(Closest, FindsTypingErrors) {
  const std::vector<std::string> names{"--task-count", "--task-lines", "--seed"};
  EXPECT_EQ(cli::closest("--task-cuont", names), "--task-count");
  EXPECT_EQ(cli::closest("--task-l", names), "--task-lines");
  EXPECT_EQ(cli::closest("--sed", names), "--seed");
  EXPECT_EQ(cli::closest("--verbose", names), "");
  EXPECT_EQ(cli::closest(std::string(100'000, '-'), names), "");
}

}  // namespace
}  // namespace rollcall
