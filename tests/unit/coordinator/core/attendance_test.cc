#include "coordinator/core/attendance.h"

#include "tests/support/times.h"

#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using Kind = Attendance::Kind;

Policy policy() {
  Policy policy;
  policy.wait_for_workers = 2;
  policy.join_timeout = 10s;
  return policy;
}

class AttendanceTest : public testing::Test {
 protected:
  AttendanceTest() { attendance.open(at(0s)); }
  void TearDown() override { attendance.check_invariants(); }
  Attendance attendance{policy(), /*is_resumed=*/false};
};

TEST_F(AttendanceTest, StartsWithTheWorkersThatItWaitsFor) {
  EXPECT_EQ(attendance.may_start(at(1s), 1, false).kind, Kind::wait);
  EXPECT_EQ(attendance.may_start(at(1s), 2, false).kind, Kind::go_on);
}

TEST_F(AttendanceTest, StartsWithFewerAfterTheTimeout) {
  const auto verdict = attendance.may_start(at(10s), 1, false);
  EXPECT_EQ(verdict.kind, Kind::go_on);
  EXPECT_EQ(verdict.warning,
            "starting with 1 of 2 workers: no more connected within --join-timeout");
  EXPECT_EQ(attendance.start_deadline(), at(10s));
}

TEST_F(AttendanceTest, FailsWithFewerAfterTheTimeoutIfAllAreRequired) {
  Policy strict = policy();
  strict.require_workers = true;
  Attendance all(strict, /*is_resumed=*/false);
  all.open(at(0s));
  EXPECT_EQ(all.may_start(at(9s), 1, false).kind, Kind::wait);
  const auto verdict = all.may_start(at(10s), 1, false);
  EXPECT_EQ(verdict.kind, Kind::fail);
  EXPECT_EQ(verdict.warning, "only 1 of 2 workers connected within --join-timeout");
  EXPECT_EQ(all.may_start(at(10s), 2, false).kind, Kind::go_on);
}

TEST_F(AttendanceTest, FailsWithoutAnyWorkerAfterTheTimeout) {
  EXPECT_EQ(attendance.may_start(at(9s), 0, false).kind, Kind::wait);
  EXPECT_EQ(attendance.may_start(at(10s), 0, false).kind, Kind::fail);
}

TEST_F(AttendanceTest, FailsEarlierIfNoWorkerCanCome) {
  EXPECT_EQ(attendance.may_start(at(1s), 0, true).kind, Kind::fail);
  Policy open = policy();
  open.others_may_join = true;
  Attendance others(open, false);
  others.open(at(0s));
  EXPECT_EQ(others.may_start(at(1s), 0, true).kind, Kind::wait);
}

TEST_F(AttendanceTest, AResumedRunStartsWithTheFirstWorker) {
  Attendance resumed(policy(), /*is_resumed=*/true);
  resumed.open(at(0s));
  EXPECT_EQ(resumed.may_start(at(1s), 1, false), (Attendance::Verdict{Kind::go_on, {}}));
}

TEST_F(AttendanceTest, ARunWithoutWorkersFailsAfterTheTimeout) {
  EXPECT_EQ(attendance.may_go_on(at(20s), 0, false).kind, Kind::wait);
  EXPECT_EQ(attendance.may_go_on(at(29s), 0, false).kind, Kind::wait);
  EXPECT_EQ(attendance.may_go_on(at(30s), 0, false).kind, Kind::fail);
}

TEST_F(AttendanceTest, AWorkerThatReturnsRestartsTheTimeout) {
  EXPECT_EQ(attendance.may_go_on(at(20s), 0, false).kind, Kind::wait);
  EXPECT_EQ(attendance.may_go_on(at(25s), 1, false).kind, Kind::go_on);
  EXPECT_EQ(attendance.may_go_on(at(30s), 0, false).kind, Kind::wait);
}

TEST_F(AttendanceTest, AStallDoesNotCount) {
  attendance.may_go_on(at(0s), 0, false);
  attendance.compensate_stall(5s);
  EXPECT_EQ(attendance.may_start(at(14s), 0, false).kind, Kind::wait);
  EXPECT_EQ(attendance.may_go_on(at(14s), 0, false).kind, Kind::wait);
  EXPECT_EQ(attendance.may_go_on(at(15s), 0, false).kind, Kind::fail);
}

TEST_F(AttendanceTest, AWaitThatBeganBeforeWorkersCouldJoinIsAnError) {
  attendance.may_go_on(at(1s), 0, false);
  attendance.check_invariants();
  Attendance early = attendance;
  early.open(at(2s));
  EXPECT_DEATH(early.check_invariants(), "empty_since_");
}

TEST_F(AttendanceTest, ARunFailsAtOnceIfNoWorkerIsLeft) {
  const auto verdict = attendance.may_go_on(at(1s), 0, true);
  EXPECT_EQ(verdict, (Attendance::Verdict{Kind::fail, "no worker is left"}));
}

}  // namespace
}  // namespace rollcall::coordinator
