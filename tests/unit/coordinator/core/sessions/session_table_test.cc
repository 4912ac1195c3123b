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

TEST(Roster, FindsBySessionConnectionAndLaunchId) {
  Roster roster(10s);
  Session& session = roster.add(at(0s), id(1), ConnectionId{7});
  session.launch_id = 3;
  EXPECT_EQ(roster.find(id(1)), &session);
  EXPECT_EQ(roster.find(ConnectionId{7}), &session);
  EXPECT_EQ(roster.find_launch(3), &session);
  EXPECT_EQ(roster.find(id(2)), nullptr);
  EXPECT_EQ(roster.find(ConnectionId{8}), nullptr);
}

TEST(Roster, ANewConnectionReplacesTheOld) {
  Roster roster(10s);
  Session& session = roster.add(at(0s), id(1), ConnectionId{7});
  roster.bind(session, ConnectionId{8});
  EXPECT_EQ(roster.find(ConnectionId{7}), nullptr);
  EXPECT_EQ(roster.find(ConnectionId{8}), &session);
}

TEST(Roster, ANewSessionOnAConnectionHidesTheOldButLeavesItsPlace) {
  Roster roster(10s);
  Session& old = roster.add(at(0s), id(1), ConnectionId{7});
  roster.end(old);
  Session& young = roster.add(at(1s), id(2), ConnectionId{7});
  EXPECT_EQ(roster.find(ConnectionId{7}), &young);
  roster.bind(old, ConnectionId{9});
  EXPECT_EQ(roster.find(ConnectionId{7}), &young);
}

// A process that started over, and what its last session had said is still under way.
TEST(Roster, OfTwoSessionsOnOneConnectionTheLastToSayHelloHasIt) {
  Roster roster(10s);
  Session& young = roster.add(at(0s), id(1), ConnectionId{7});
  Session& old = roster.add(at(0s), id(2), ConnectionId{8});
  roster.bind(old, ConnectionId{7});
  EXPECT_EQ(roster.find(ConnectionId{7}), &old);
  roster.bind(young, ConnectionId{7});
  EXPECT_EQ(roster.find(ConnectionId{7}), &young);
}

TEST(Roster, TheLongestSilentIsNamedFirst) {
  Roster roster(10s);
  Session& a = roster.add(at(0s), id(1), ConnectionId{1});
  Session& b = roster.add(at(1s), id(2), ConnectionId{2});
  roster.heard(at(5s), a);
  EXPECT_EQ(roster.silent(at(10s)), nullptr);
  EXPECT_EQ(roster.silent(at(11s)), &b);
  roster.end(b);
  EXPECT_EQ(roster.silent(at(14s)), nullptr);
  EXPECT_EQ(roster.silent(at(15s)), &a);
}

TEST(Roster, AStallOfTheCoordinatorIsNotCountedAsSilence) {
  Roster roster(10s);
  roster.add(at(0s), id(1), ConnectionId{1});
  roster.compensate_stall(20s);
  EXPECT_EQ(roster.silent(at(29s)), nullptr);
  EXPECT_NE(roster.silent(at(30s)), nullptr);
}

TEST(Roster, AStallBeforeTheLastMessageIsNotCompensated) {
  Roster roster(10s);
  Session& session = roster.add(at(0s), id(1), ConnectionId{1});
  roster.compensate_stall(20s);
  roster.heard(at(25s), session);
  EXPECT_EQ(roster.silent(at(34s)), nullptr);
  EXPECT_NE(roster.silent(at(35s)), nullptr);
}

TEST(Roster, CountsTheLiveAndTheActive) {
  Roster roster(10s);
  Session& a = roster.add(at(0s), id(1), ConnectionId{1});
  Session& b = roster.add(at(0s), id(2), ConnectionId{2});
  roster.activate(a);
  EXPECT_EQ(roster.live(), 2U);
  EXPECT_EQ(roster.active(), 1U);
  roster.end(a);
  roster.end(b);
  EXPECT_EQ(roster.live(), 0U);
  EXPECT_EQ(roster.active(), 0U);
  EXPECT_EQ(roster.size(), 2U);
}

}  // namespace
}  // namespace rollcall::coordinator
