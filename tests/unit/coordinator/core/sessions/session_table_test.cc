#include "coordinator/core/sessions/session_table.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/limits.h"
#include "tests/support/times.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

SessionId id(std::uint8_t n) {
  SessionId session;
  session.bytes.fill(n);
  return session;
}

TEST(SessionTable, FindsBySessionConnectionAndLaunchId) {
  SessionTable session_table(10s, 3s);
  const Session& session = session_table.add(at(0s), id(1), ConnectionId{7}, /*slots=*/0,
                                             /*launch_id=*/3);
  EXPECT_EQ(session_table.find(id(1)), &session);
  EXPECT_EQ(session_table.find(ConnectionId{7}), &session);
  EXPECT_EQ(session_table.find_launch(3), &session);
  EXPECT_EQ(session_table.find(id(2)), nullptr);
  EXPECT_EQ(session_table.find(ConnectionId{8}), nullptr);
}

TEST(SessionTable, ANewConnectionReplacesTheOld) {
  SessionTable session_table(10s, 3s);
  const Session& session = session_table.add(at(0s), id(1), ConnectionId{7});
  session_table.bind(session, ConnectionId{8});
  EXPECT_EQ(session_table.find(ConnectionId{7}), nullptr);
  EXPECT_EQ(session_table.find(ConnectionId{8}), &session);
}

TEST(SessionTable, ANewSessionOnAConnectionHidesTheOldButLeavesItsPlace) {
  SessionTable session_table(10s, 3s);
  const Session& old = session_table.add(at(0s), id(1), ConnectionId{7});
  session_table.end(old);
  const Session& young = session_table.add(at(1s), id(2), ConnectionId{7});
  EXPECT_EQ(session_table.find(ConnectionId{7}), &young);
  session_table.bind(old, ConnectionId{9});
  EXPECT_EQ(session_table.find(ConnectionId{7}), &young);
}

// A process has started a new session, and messages of its last one are still under way.
TEST(SessionTable, OfTwoSessionsOnOneConnectionTheLastToSayHelloHasIt) {
  SessionTable session_table(10s, 3s);
  const Session& young = session_table.add(at(0s), id(1), ConnectionId{7});
  const Session& old = session_table.add(at(0s), id(2), ConnectionId{8});
  session_table.bind(old, ConnectionId{7});
  EXPECT_EQ(session_table.find(ConnectionId{7}), &old);
  session_table.bind(young, ConnectionId{7});
  EXPECT_EQ(session_table.find(ConnectionId{7}), &young);
}

TEST(SessionTable, TheLongestSilentIsNamedFirst) {
  SessionTable session_table(10s, 3s);
  const Session& a = session_table.add(at(0s), id(1), ConnectionId{1});
  const Session& b = session_table.add(at(1s), id(2), ConnectionId{2});
  session_table.heard(at(5s), a);
  EXPECT_EQ(session_table.silent(at(10s)), nullptr);
  EXPECT_EQ(session_table.silent(at(11s)), &b);
  session_table.end(b);
  EXPECT_EQ(session_table.silent(at(14s)), nullptr);
  EXPECT_EQ(session_table.silent(at(15s)), &a);
}

TEST(SessionTable, AStallOfTheCoordinatorIsNotCountedAsSilence) {
  SessionTable session_table(10s, 3s);
  session_table.add(at(0s), id(1), ConnectionId{1});
  session_table.compensate_stall(20s);
  EXPECT_EQ(session_table.silent(at(29s)), nullptr);
  EXPECT_NE(session_table.silent(at(30s)), nullptr);
}

TEST(SessionTable, AStallBeforeTheLastMessageIsNotCompensated) {
  SessionTable session_table(10s, 3s);
  const Session& session = session_table.add(at(0s), id(1), ConnectionId{1});
  session_table.compensate_stall(20s);
  session_table.heard(at(25s), session);
  EXPECT_EQ(session_table.silent(at(34s)), nullptr);
  EXPECT_NE(session_table.silent(at(35s)), nullptr);
}

TEST(SessionTable, AClosedConnectionIsAnEarlyHintOfLoss) {
  SessionTable session_table(10s, 3s);
  const Session& one = session_table.add(kNow, SessionId{}, ConnectionId{1});
  SessionId id;
  id.bytes[0] = 1;
  const Session& two = session_table.add(kNow, id, ConnectionId{2});
  session_table.heard(kNow + 1s, one);
  session_table.heard(kNow + 1s, two);
  session_table.connection_closed(kNow + 2s, two);
  EXPECT_EQ(session_table.silent(kNow + 5s - 1ns), nullptr);
  ASSERT_EQ(session_table.silent(kNow + 5s), &two) << "though the other is not heard either";
  EXPECT_TRUE(two.is_cut);
  session_table.heard(kNow + 5s, two);
  EXPECT_FALSE(two.is_cut) << "it has connected again";
  EXPECT_EQ(session_table.silent(kNow + 11s), &one);
}

TEST(SessionTable, TheNetworkMayCloseASilentConnection) {
  SessionTable session_table(10s, 1s);
  const Session& one = session_table.add(kNow, SessionId{}, ConnectionId{1});
  session_table.connection_closed(kNow + limits::silent_connection, one);
  EXPECT_EQ(session_table.silent(kNow + 9s), nullptr);
  EXPECT_EQ(session_table.silent(kNow + 10s), &one);
}

TEST(SessionTable, NoHintDelaysALoss) {
  SessionTable session_table(2s, 60s);
  const Session& one = session_table.add(kNow, SessionId{}, ConnectionId{1});
  session_table.connection_closed(kNow + 1s, one);
  EXPECT_EQ(session_table.silent(kNow + 2s), &one);
}

TEST(SessionTable, CountsTheLiveAndTheActive) {
  SessionTable session_table(10s, 3s);
  const Session& a = session_table.add(at(0s), id(1), ConnectionId{1});
  const Session& b = session_table.add(at(0s), id(2), ConnectionId{2});
  session_table.activate(a);
  EXPECT_EQ(session_table.live(), 2U);
  EXPECT_EQ(session_table.active(), 1U);
  session_table.end(a);
  session_table.end(b);
  EXPECT_EQ(session_table.live(), 0U);
  EXPECT_EQ(session_table.active(), 0U);
  EXPECT_EQ(session_table.size(), 2U);
}

TEST(SessionTable, CountsTheSlotsOfActiveSessions) {
  SessionTable session_table(10s, 3s);
  const Session& a = session_table.add(at(0s), id(1), ConnectionId{1}, /*slots=*/4);
  const Session& b = session_table.add(at(0s), id(2), ConnectionId{2}, /*slots=*/2);
  session_table.activate(a);
  session_table.activate(b);
  EXPECT_EQ(session_table.slots(), 6U);
  session_table.end(a);
  EXPECT_EQ(session_table.slots(), 2U);
  session_table.check_invariants();
}

TEST(SessionTable, ADrainMayOnlyBecomeMoreUrgent) {
  SessionTable session_table(10s, 3s);
  const Session& session = session_table.add(at(0s), id(1), ConnectionId{1});
  EXPECT_FALSE(session.leaves());
  session_table.ask_to_drain(session, DrainMode::return_running);
  session_table.ask_to_drain(session, DrainMode::finish);
  EXPECT_EQ(session.drain, DrainMode::return_running);
  EXPECT_TRUE(session.leaves());
}

TEST(SessionTable, FailedStartsCountInARow) {
  SessionTable session_table(10s, 3s);
  const Session& session = session_table.add(at(0s), id(1), ConnectionId{1});
  const std::vector<Outcome> almost(limits::failed_starts - 1, Outcome::not_started);
  EXPECT_FALSE(session_table.count_failed_starts(session, almost));
  EXPECT_FALSE(session_table.count_failed_starts(session, {Outcome::succeeded}));
  EXPECT_FALSE(session_table.count_failed_starts(session, almost));
  EXPECT_FALSE(session_table.count_failed_starts(session, {Outcome::returned}));
  EXPECT_TRUE(session_table.count_failed_starts(session, {Outcome::not_started}));
}

TEST(SessionTable, AnExitedWorkerMayStillSayGoodbye) {
  SessionTable session_table(10s, 3s);
  const Session& a = session_table.add(at(0s), id(1), ConnectionId{1});
  const Session& b = session_table.add(at(0s), id(2), ConnectionId{2});
  session_table.note_process_end(at(1s), a);
  session_table.note_process_end(at(2s), b);
  EXPECT_TRUE(session_table.take_without_goodbye(at(0s)).empty());
  session_table.end(a);  // its Goodbye has arrived
  EXPECT_EQ(session_table.take_without_goodbye(at(2s)), std::vector{b.index});
  EXPECT_TRUE(session_table.take_without_goodbye(at(9s)).empty());
}

}  // namespace
}  // namespace rollcall::coordinator
