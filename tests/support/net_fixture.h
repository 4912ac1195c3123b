// Sockets and a loop for the tests of common/net. Everything waits for facts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/net/context.h"
#include "common/net/socket.h"
#include "common/os/clock.h"

namespace rollcall::net {

inline Context& process_context() {
  static Context context;
  return context;
}

/// Runs the loop until `fact` holds. False: it did not within a minute.
inline bool run_until(boost::asio::io_context& loop, const std::function<bool()>& fact) {
  const Instant deadline = os::now() + std::chrono::minutes(1);
  while (!fact()) {
    if (os::now() > deadline) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

/// A Socket that records its callbacks.
struct Peer {
  struct Message {
    ConnectionId from;
    std::string text;
  };
  std::vector<Message> got;
  std::vector<bool> turns;
  std::vector<std::string> dropped;  ///< why
  std::vector<std::string> refused;  ///< "ADDRESS: why"
  std::unique_ptr<Socket> socket;

  Handlers handlers() {
    return {[this](ConnectionId from, std::span<const std::byte> bytes) {
              std::string text(bytes.size(), '\0');
              std::transform(bytes.begin(), bytes.end(), text.begin(),
                             [](std::byte b) { return static_cast<char>(b); });
              got.push_back({from, std::move(text)});
            },
            [this](bool empty) { turns.push_back(empty); },
            [this](std::optional<ConnectionId>, const std::string& why) { dropped.push_back(why); },
            [this](const std::string& address, const std::string& why) {
              refused.push_back(address + ": " + why);
            }};
  }
  void bind(boost::asio::io_context& loop, const BindOptions& options) {
    auto made = Socket::bind(loop, process_context(), options, handlers());
    ASSERT_TRUE(made.has_value()) << made.error().message;
    socket = std::move(*made);
  }
  void connect(boost::asio::io_context& loop, const ConnectOptions& options) {
    auto made = Socket::connect(loop, process_context(), options, handlers());
    ASSERT_TRUE(made.has_value()) << made.error().message;
    socket = std::move(*made);
  }
  bool send(std::string_view text, ConnectionId to = {}) {
    return socket->send(to, text) == Sent::queued;
  }
};

}  // namespace rollcall::net
