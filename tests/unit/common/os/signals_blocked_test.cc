#include "common/os/signals_blocked.h"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <boost/asio/io_context.hpp>
#include <csignal>

#include "common/net/context.h"
#include "common/net/socket.h"
#include "common/net/zap.h"

namespace rollcall::net {
namespace {

volatile std::sig_atomic_t alarms = 0;

/// A signal every 20 us, whose handler does nothing, while it lives.
class SignalStorm {
 public:
  SignalStorm() {
    struct sigaction action {};
    action.sa_handler = [](int) { alarms = alarms + 1; };  // no SA_RESTART: calls are interrupted
    ::sigaction(SIGALRM, &action, &before_);
    blow(20);
  }
  ~SignalStorm() {
    blow(0);
    ::sigaction(SIGALRM, &before_, nullptr);
  }
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;

 private:
  static void blow(int microseconds) {
    const itimerval timer{{0, microseconds}, {0, microseconds}};
    ::setitimer(ITIMER_REAL, &timer, nullptr);
  }

  struct sigaction before_ {};
};

TEST(SignalsBlocked, DelaysSignalsUntilDestroyed) {
  const SignalStorm storm;
  {
    const os::SignalsBlocked blocked;
    const auto before = alarms;
    sigset_t pending;
    do {
      ::sigpending(&pending);
    } while (::sigismember(&pending, SIGALRM) == 0);
    EXPECT_EQ(alarms, before);
  }
  EXPECT_GT(alarms, 0);
}

TEST(SignalsBlocked, SocketsStartAndStopDuringAStormOfSignals) {
  const SignalStorm storm;
  boost::asio::io_context loop;
  Context context;
  const KeyPair keys = make_key_pair();
  for (int i = 0; i < 300; ++i) {
    auto zap = ZapHandler::start(context, {keys.public_key});
    ASSERT_TRUE(zap) << zap.error().message;
    auto coordinator = Socket::bind(loop, context, {"tcp://127.0.0.1:*", keys}, {});
    ASSERT_TRUE(coordinator) << coordinator.error().message;
    auto worker = Socket::connect(
        loop, context, {(*coordinator)->endpoint(), CurvePeer{keys.public_key, keys}}, {});
    ASSERT_TRUE(worker) << worker.error().message;
    ASSERT_EQ((*worker)->send(ConnectionId{}, "hello"), Sent::queued);
  }
  EXPECT_GT(alarms, 0);
}

}  // namespace
}  // namespace rollcall::net
