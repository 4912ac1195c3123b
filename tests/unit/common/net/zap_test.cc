#include "common/net/zap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/rng.h"
#include "common/limits.h"
#include "tests/support/net_fixture.h"
#include "tests/support/raw_peer.h"

namespace rollcall::net {
namespace {

/// A coordinator with CURVE behind a proxy that sees connections end.
class ZapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    coordinator.bind(loop, {"tcp://127.0.0.1:*", server});
    proxy = std::make_unique<Proxy>(loop, coordinator.socket->endpoint());
  }
  void admit(const std::set<std::string>& keys) {
    zap = std::move(ZapHandler::start(process_context(), keys).value());
  }
  void join(Peer& peer, std::optional<CurvePeer> keys) {
    peer.connect(loop, {proxy->endpoint(), std::move(keys)});
    ASSERT_TRUE(peer.send("let me in"));
  }
  CurvePeer with_key(const KeyPair& own) const { return {server.public_key, own}; }
  bool run_until(const std::function<bool()>& fact) { return net::run_until(loop, fact); }
  /// Either side may be the first to close, whichever sees that the handshake failed.
  bool turned_away() {
    return run_until([this] { return proxy->ended() > 0; });
  }
  /// Whoever else tried: the one who may enter does, and is the only one who did.
  void expect_only_the_worker_gets_in() {
    Peer good;
    join(good, with_key(worker));
    ASSERT_TRUE(run_until([&] { return !coordinator.got.empty(); }));
    ASSERT_TRUE(good.send("last"));
    ASSERT_TRUE(run_until([&] { return coordinator.got.back().text == "last"; }));
    EXPECT_EQ(coordinator.got.size(), 2U);
  }

  boost::asio::io_context loop;
  const KeyPair server = make_key_pair();
  const KeyPair worker = make_key_pair();
  std::unique_ptr<ZapHandler> zap;
  Peer coordinator;
  std::unique_ptr<Proxy> proxy;
};

TEST_F(ZapTest, AdmittedKeyConnects) {
  admit({worker.public_key});
  expect_only_the_worker_gets_in();
  ASSERT_TRUE(coordinator.send("welcome", coordinator.got[0].from));
  EXPECT_EQ(zap->refused(), 0U);
  EXPECT_EQ(coordinator.socket->malformed(), 0U);
}

TEST_F(ZapTest, LongestMessageArrivesEncrypted) {
  admit({worker.public_key});
  Peer good;
  join(good, with_key(worker));
  ASSERT_TRUE(good.send(std::string(limits::message_bytes, 'L')));
  ASSERT_TRUE(run_until([&] { return coordinator.got.size() == 2; }));
  EXPECT_EQ(coordinator.got[1].text.size(), limits::message_bytes);
}

TEST_F(ZapTest, OtherKeyIsRefused) {
  admit({worker.public_key});
  Peer other;
  join(other, with_key(make_key_pair()));
  ASSERT_TRUE(run_until([this] { return zap->refused() > 0 && !coordinator.refused.empty(); }));
  EXPECT_THAT(coordinator.refused[0], testing::HasSubstr("its key is not admitted"));
  expect_only_the_worker_gets_in();
}

TEST_F(ZapTest, KeysOfAnotherRunAreReportedWithTheAddress) {
  admit({worker.public_key});
  Peer stale;
  join(stale, CurvePeer{make_key_pair().public_key, worker});
  ASSERT_TRUE(run_until([this] { return !coordinator.refused.empty(); }));
  EXPECT_EQ(coordinator.refused[0],
            "127.0.0.1: it does not use the keys of this run, or is not a worker");
  expect_only_the_worker_gets_in();
}

TEST_F(ZapTest, SecretKeyOfAnotherPairIsRefused) {
  admit({worker.public_key});
  Peer thief;
  join(thief, with_key({worker.public_key, make_key_pair().secret_key}));
  ASSERT_TRUE(turned_away());
  expect_only_the_worker_gets_in();
}

TEST_F(ZapTest, PeerWithoutCurveIsRefused) {
  admit({worker.public_key});
  Peer plain;
  join(plain, std::nullopt);
  ASSERT_TRUE(turned_away());
  expect_only_the_worker_gets_in();
}

TEST_F(ZapTest, NoPeerIsAdmittedWithoutAHandler) {
  Peer good;
  join(good, with_key(worker));
  Peer plain;
  join(plain, std::nullopt);
  ASSERT_TRUE(run_until([this] { return proxy->ended() > 2; }));
  EXPECT_TRUE(coordinator.got.empty());
}

TEST_F(ZapTest, PeerIsAdmittedAfterTheHandlerStarts) {
  Peer good;
  join(good, with_key(worker));
  ASSERT_TRUE(turned_away());
  admit({worker.public_key});
  EXPECT_TRUE(run_until([&] { return !coordinator.got.empty(); }));
}

TEST_F(ZapTest, RefusedWorkerCannotSend) {
  admit({worker.public_key});
  Peer other;
  join(other, with_key(make_key_pair()));
  EXPECT_TRUE(run_until([&] { return !other.send("again"); }));
}

TEST_F(ZapTest, GarbageIsHarmless) {
  admit({worker.public_key});
  Rng rng(20240229);
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (std::size_t i = 0; i < 50; ++i) {
    std::string bytes(1 + rng.below(2000), '\0');
    for (char& c : bytes) c = static_cast<char>(rng.next());
    // Some begin as ZMTP 3, some as the unversioned ZMTP 1.0, the rest as nothing at all.
    if (i % 3 == 0)
      bytes.replace(0, std::min<std::size_t>(bytes.size(), 10), "\xff\0\0\0\0\0\0\0\x01\x7f", 10);
    if (i % 3 == 1)
      bytes.insert(0, std::string("\x01\0\x06"
                                  "\0hello",
                                  9));
    peers.push_back(std::make_unique<RawPeer>(loop, coordinator.socket->endpoint()));
    peers.back()->write(bytes);
  }
  auto plain = std::make_unique<RawPeer>(loop, coordinator.socket->endpoint());
  plain->say_hello();
  plain->frame(0, "junk");
  ASSERT_TRUE(run_until([&] { return plain->closed(); }));
  expect_only_the_worker_gets_in();
  // Those that sent too little for a handshake are closed when the time for a handshake is over.
  ASSERT_TRUE(run_until([&] {
    return std::all_of(peers.begin(), peers.end(), [](const auto& peer) { return peer->closed(); });
  }));
  EXPECT_EQ(coordinator.got.size(), 2U);
}

TEST_F(ZapTest, OneHandlerPerContext) {
  admit({worker.public_key});
  EXPECT_FALSE(ZapHandler::start(process_context(), {}).has_value());
  zap.reset();
  admit({worker.public_key});
  expect_only_the_worker_gets_in();
}

}  // namespace
}  // namespace rollcall::net
