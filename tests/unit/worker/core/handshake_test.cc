// Rounds of Hello and Welcome, and which messages are accepted between them.
#include "worker/core/handshake.h"

#include <gtest/gtest.h>

#include <variant>

#include "common/limits.h"

namespace rollcall::worker {
namespace {

using Verdict = Handshake::Verdict;

class HandshakeTest : public testing::Test {
 protected:
  HandshakeTest() {
    run_.bytes[0] = 7;
    SessionSecret secret;
    secret.bytes.fill(1);
    handshake_.begin(secret, 5);
    start();
  }

  void start() {
    handshake_.start();
    hello_ = hello();
  }
  Hello hello() {
    const WorkerMessage message = handshake_.hello(now_, {"host", "name", 42, 3, 2, 9, 4});
    EXPECT_EQ(message.header, (Header{kProtocolVersion, {}, 0, handshake_.session()}));
    handshake_.check_invariants();
    return std::get<Hello>(message.body);
  }
  Header from(Epoch epoch) const { return {kProtocolVersion, run_, epoch, handshake_.session()}; }
  Verdict judge(const Header& header, CoordinatorBody body) const {
    return handshake_.judge({header, std::move(body)});
  }
  Welcome welcome() const {
    Welcome made;
    made.nonce = hello_.nonce;
    return made;
  }
  void join(Epoch epoch = 3) {
    EXPECT_EQ(judge(from(epoch), welcome()), Verdict::accepted);
    handshake_.join(from(epoch));
    handshake_.check_invariants();
  }

  Handshake handshake_;
  Instant now_ = instant_from_ns(1'000'000'000);
  RunId run_;
  Hello hello_;
};

TEST_F(HandshakeTest, HelloCarriesTheIdentity) {
  EXPECT_EQ(handshake_.session(), session_of(hello_.secret));
  EXPECT_EQ(hello_.name, "name");
  EXPECT_EQ(hello_.slots, 3U);
  EXPECT_EQ(hello_.launch_id, 9U);
  EXPECT_EQ(hello_.command_slots, 4U);
}

TEST_F(HandshakeTest, RepeatsTheSameHelloLessAndLessOften) {
  Duration last{};
  for (int i = 0; i < 9; ++i) {
    const Duration wait = handshake_.due() - now_;
    EXPECT_GE(wait, std::min(limits::hello_retry_first * (1 << i), limits::hello_retry_longest));
    EXPECT_LE(wait, limits::hello_retry_longest * 3 / 2);
    EXPECT_GE(2 * wait, last);
    last = wait;
    now_ = handshake_.due();
    EXPECT_EQ(hello().nonce, hello_.nonce);
  }
}

TEST_F(HandshakeTest, AcceptsOnlyTheWelcomeOfThisRound) {
  const Welcome old = welcome();
  start();
  EXPECT_EQ(judge(from(3), old), Verdict::old_welcome);
  EXPECT_EQ(judge(from(3), Assignment{1, {}}), Verdict::not_handshaking);
  EXPECT_EQ(judge(from(3), Shutdown{}), Verdict::not_handshaking);
  Header other = from(3);
  other.session.bytes[0] ^= 1U;
  EXPECT_EQ(judge(other, welcome()), Verdict::unassigned);
  EXPECT_EQ(judge(from(3), welcome()), Verdict::accepted);
}

TEST_F(HandshakeTest, AcceptsMessagesOfTheJoinedRunAndEpochAlone) {
  join();
  EXPECT_EQ(handshake_.header(), from(3));
  EXPECT_EQ(handshake_.due(), kNever);
  EXPECT_EQ(judge(from(3), Assignment{1, {}}), Verdict::accepted);
  EXPECT_EQ(judge(from(2), Assignment{1, {}}), Verdict::unassigned);
  EXPECT_EQ(judge(from(4), Assignment{1, {}}), Verdict::unassigned);
  run_.bytes[1] = 9;
  EXPECT_EQ(judge(from(3), Assignment{1, {}}), Verdict::unassigned);
}

TEST_F(HandshakeTest, FollowsANewerEpochAndNoOlderOne) {
  join(3);
  start();
  EXPECT_TRUE(handshake_.has_run());
  EXPECT_EQ(judge(from(2), welcome()), Verdict::unassigned);
  EXPECT_EQ(judge(from(3), welcome()), Verdict::accepted);
  join(4);
  EXPECT_EQ(handshake_.epoch(), 4U);
}

TEST_F(HandshakeTest, ALostSessionMustBeNamed) {
  const Reject lost{RejectReason::session_lost, ""};
  EXPECT_EQ(judge({kProtocolVersion, {}, 0, {}}, lost), Verdict::unassigned);
  EXPECT_EQ(judge(from(3), lost), Verdict::accepted);
  join(3);
  EXPECT_EQ(judge(from(2), lost), Verdict::unassigned);
  EXPECT_EQ(judge({kProtocolVersion, {}, 0, {}}, Reject{RejectReason::say_hello, ""}),
            Verdict::accepted);
}

TEST_F(HandshakeTest, ASessionThatHasEndedAcceptsNothing) {
  join();
  handshake_.end();
  handshake_.check_invariants();
  EXPECT_FALSE(handshake_.has_session());
  EXPECT_FALSE(handshake_.has_run());
  EXPECT_EQ(judge(from(3), Shutdown{}), Verdict::not_handshaking);
}

}  // namespace
}  // namespace rollcall::worker
