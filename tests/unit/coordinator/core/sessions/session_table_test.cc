#include "coordinator/core/sessions/session_table.h"

#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

Instant at(Duration d) {
  return Instant(d);
}

SessionId id(std::uint8_t n) {
  SessionId session;
  session.bytes.fill(n);
  return session;
}

TEST(SessionTable, FindsBySessionConnectionAndLaunchId) {
  SessionTable session_table(10s);
  Session& session = session_table.add(at(0s), id(1), ConnectionId{7});
  session.launch_id = 3;
  EXPECT_EQ(session_table.find(id(1)), &session);
  EXPECT_EQ(session_table.find(ConnectionId{7}), &session);
  EXPECT_EQ(session_table.find_launch(3), &session);
  EXPECT_EQ(session_table.find(id(2)), nullptr);
  EXPECT_EQ(session_table.find(ConnectionId{8}), nullptr);
}

TEST(SessionTable, ANewConnectionReplacesTheOld) {
  SessionTable session_table(10s);
  Session& session = session_table.add(at(0s), id(1), ConnectionId{7});
  session_table.bind(session, ConnectionId{8});
  EXPECT_EQ(session_table.find(ConnectionId{7}), nullptr);
  EXPECT_EQ(session_table.find(ConnectionId{8}), &session);
}

TEST(SessionTable, ANewSessionOnAConnectionHidesTheOldButLeavesItsPlace) {
  SessionTable session_table(10s);
  Session& old = session_table.add(at(0s), id(1), ConnectionId{7});
  session_table.end(old);
  Session& young = session_table.add(at(1s), id(2), ConnectionId{7});
  EXPECT_EQ(session_table.find(ConnectionId{7}), &young);
  session_table.bind(old, ConnectionId{9});
  EXPECT_EQ(session_table.find(ConnectionId{7}), &young);
}

// A process that started over, and what its last session had said is still under way.
TEST(SessionTable, OfTwoSessionsOnOneConnectionTheLastToSayHelloHasIt) {
  SessionTable session_table(10s);
  Session& young = session_table.add(at(0s), id(1), ConnectionId{7});
  Session& old = session_table.add(at(0s), id(2), ConnectionId{8});
  session_table.bind(old, ConnectionId{7});
  EXPECT_EQ(session_table.find(ConnectionId{7}), &old);
  session_table.bind(young, ConnectionId{7});
  EXPECT_EQ(session_table.find(ConnectionId{7}), &young);
}

TEST(SessionTable, TheLongestSilentIsNamedFirst) {
  SessionTable session_table(10s);
  Session& a = session_table.add(at(0s), id(1), ConnectionId{1});
  Session& b = session_table.add(at(1s), id(2), ConnectionId{2});
  session_table.heard(at(5s), a);
  EXPECT_EQ(session_table.silent(at(10s)), nullptr);
  EXPECT_EQ(session_table.silent(at(11s)), &b);
  session_table.end(b);
  EXPECT_EQ(session_table.silent(at(14s)), nullptr);
  EXPECT_EQ(session_table.silent(at(15s)), &a);
}

TEST(SessionTable, AStallOfTheCoordinatorIsNotCountedAsSilence) {
  SessionTable session_table(10s);
  session_table.add(at(0s), id(1), ConnectionId{1});
  session_table.compensate_stall(20s);
  EXPECT_EQ(session_table.silent(at(29s)), nullptr);
  EXPECT_NE(session_table.silent(at(30s)), nullptr);
}

TEST(SessionTable, AStallBeforeTheLastMessageIsNotCompensated) {
  SessionTable session_table(10s);
  Session& session = session_table.add(at(0s), id(1), ConnectionId{1});
  session_table.compensate_stall(20s);
  session_table.heard(at(25s), session);
  EXPECT_EQ(session_table.silent(at(34s)), nullptr);
  EXPECT_NE(session_table.silent(at(35s)), nullptr);
}

TEST(SessionTable, CountsTheLiveAndTheActive) {
  SessionTable session_table(10s);
  Session& a = session_table.add(at(0s), id(1), ConnectionId{1});
  Session& b = session_table.add(at(0s), id(2), ConnectionId{2});
  session_table.activate(a);
  EXPECT_EQ(session_table.live(), 2U);
  EXPECT_EQ(session_table.active(), 1U);
  session_table.end(a);
  session_table.end(b);
  EXPECT_EQ(session_table.live(), 0U);
  EXPECT_EQ(session_table.active(), 0U);
  EXPECT_EQ(session_table.size(), 2U);
}

}  // namespace
}  // namespace rollcall::coordinator
