// A session whose coordinator was replaced: which of their messages it accepts.
#include "tests/support/session_fixture.h"

namespace rollcall::worker {
namespace {

class SessionEpochsTest : public SessionTest {
 protected:
  Header of_epoch(Epoch epoch) const { return {kProtocolVersion, run_, epoch, session.id()}; }
  void receive_in(Epoch epoch, CoordinatorBody body) { receive_as(of_epoch(epoch), body); }
  /// Holds task 0 when the connection breaks, and handshakes again.
  Hello say_hello_again() {
    join();
    run_all(1, {0});
    handle(Reconnected{});
    return sent<Hello>();
  }
  /// The coordinator of this epoch welcomes it and requests a list of the attempts it holds.
  Inventory go_on_in(Epoch epoch, const Hello& hello) {
    Welcome terms = welcome(hello.nonce);
    terms.list_held = true;
    receive_in(epoch, terms);
    take<ListRunning>();
    handle(RunningListed{{tasks({0}), {1}}});
    const auto send = take<Send>();
    EXPECT_EQ(send.message->header, of_epoch(epoch));
    return std::get<Inventory>(send.message->body);
  }
};

// The last messages of the dead coordinator still arrive; the new one does not know their numbers.
TEST_F(SessionEpochsTest, IgnoresAnAssignmentOfTheOldEpochBeforeTheWelcome) {
  const Hello hello = say_hello_again();
  receive_in(kEpoch, assignment(2, {1}));
  EXPECT_EQ(session.dropped().not_handshaking, 1U);
  EXPECT_EQ(session.running(), 1U);
  const Inventory inventory = go_on_in(kEpoch + 1, hello);
  EXPECT_EQ(inventory.assignments_received, 1U);
  EXPECT_EQ(inventory.held.task, tasks({0}));
}

TEST_F(SessionEpochsTest, IgnoresAnAssignmentOfTheOldEpochAfterTheWelcome) {
  go_on_in(kEpoch + 1, say_hello_again());
  receive_in(kEpoch, assignment(2, {1}));
  EXPECT_EQ(session.dropped().unassigned, 1U);
  EXPECT_EQ(session.running(), 1U);
  receive_in(kEpoch + 1, assignment(2, {2}));
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({2}));
}

// The new coordinator uses the numbers of assignments that have not arrived again.
TEST_F(SessionEpochsTest, RevokeAndCancelOfAnOlderEpochAreIgnored) {
  join();
  run_all(1, {0});
  receive(Revoke{2, 1});
  receive(Cancel{2});
  take<CancelAttempts>();
  end_turn();
  sent<Heartbeat>();
  handle(Reconnected{});
  go_on_in(kEpoch + 1, sent<Hello>());
  receive_in(kEpoch + 1, assignment(2, {2}));
  EXPECT_EQ(take<StartAttempts>().attempts.task, tasks({2}));
}

// With a fresh nonce for every Hello, every Welcome would answer an older Hello and be dropped.
TEST_F(SessionEpochsTest, JoinsEvenIfTheRoundTripIsLongerThanTheRetry) {
  const Hello hello = begin();
  for (int i = 0; i < 5; ++i) {
    pass_to_deadline();
    sent<Hello>();
    receive(Reject{RejectReason::say_hello, "unknown connection"});
  }
  receive(welcome(hello.nonce));
  EXPECT_EQ(sent<Inventory>().nonce, hello.nonce);
}

TEST_F(SessionEpochsTest, AnOlderEpochIsNotFollowedAgain) {
  go_on_in(kEpoch + 1, say_hello_again());
  handle(Reconnected{});
  const Hello hello = sent<Hello>();
  receive_in(kEpoch, welcome(hello.nonce));
  EXPECT_FALSE(session.welcomed());
  receive_in(kEpoch + 1, welcome(hello.nonce));
  EXPECT_TRUE(session.welcomed());
  take<Send>();
}

}  // namespace
}  // namespace rollcall::worker
