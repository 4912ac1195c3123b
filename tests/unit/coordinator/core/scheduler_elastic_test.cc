// Workers that join and leave: revocation of unstarted attempts, and drain.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class SchedulerElasticTest : public SchedulerTest {
 protected:
  /// w1 has one slot and holds all six tasks; it has begun task 0.
  void begin_with_one_who_holds_all() {
    spec.task_count = 6;
    policy.prefetch = 5;
    begin_with({1}, /*slots=*/1);
  }
};

TEST_F(SchedulerElasticTest, HalfOfTheWaitingAttemptsAreRevokedForALateWorker) {
  begin_with_one_who_holds_all();
  join(2, /*slots=*/8);
  expect(
      {"w2 <- Welcome: slots 8", "w2 has joined", "w1 <- Revoke: assignments through 1, keep 3"});
  stage->report(1, 1, {{{3, 4, 5}, Outcome::returned}});
  expect({"w2 <- Assignment 1: 3 (attempt 2) for 1 s, 4 (attempt 2) for 1 s, 5 (attempt 2) for 1 s",
          "w1 <- Revoke: assignments through 1, keep 2",  // w2 has room for more
          "w1 <- Ack: reports committed through 1"});
}

TEST_F(SchedulerElasticTest, NoMoreIsRevokedThanFitsIntoFreeSlots) {
  begin_with_one_who_holds_all();
  join(2, /*slots=*/1);
  expect(
      {"w2 <- Welcome: slots 1", "w2 has joined", "w1 <- Revoke: assignments through 1, keep 5"});
}

TEST_F(SchedulerElasticTest, NothingIsRevokedWhereNothingWaits) {
  spec.task_count = 2;
  begin_with({1}, /*slots=*/2);
  join(2, /*slots=*/2);
  expect({"w2 <- Welcome: slots 2", "w2 has joined"});
}

TEST_F(SchedulerElasticTest, WithoutASlotLimitNothingIsRevoked) {
  begin_with({1});
  join(2);
  expect({"w2 <- Welcome: slots 0", "w2 has joined"});
}

TEST_F(SchedulerElasticTest, ALostRevokeIsResentAfterATimeout) {
  begin_with_one_who_holds_all();
  join(2, /*slots=*/8);
  stage->ignore();
  stage->at(1'999);
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Revoke"))));
  stage->at(2'000);
  EXPECT_THAT(stage->take(), Contains("w1 <- Revoke: assignments through 1, keep 3"));
}

TEST_F(SchedulerElasticTest, AReturnedTaskCountsNeitherAsAnAttemptNorAsAFailedStart) {
  begin_with_one_who_holds_all();
  join(2, /*slots=*/3);
  stage->report(1, 1, {{{3, 4, 5}, Outcome::returned}});
  stage->ignore();
  EXPECT_EQ(records().attempts_total, 1U) << "task 0 has begun";
  stage->report(1, 2, {{{0}}});
  EXPECT_THAT(stage->take(), Not(Contains(HasSubstr("Drain"))));
}

TEST_F(SchedulerElasticTest, AReturnedTaskIsNotReportedAsStarted) {
  begin_with_one_who_holds_all();
  join(2, /*slots=*/3);
  stage->report(1, 1, {{{3, 4, 5}, Outcome::returned}});
  stage->ignore();
  stage->report(1, 2, {{{0, 1}}});  // 2 has begun, and the places behind it are passed
  const std::vector<std::string> lines = stage->take();
  EXPECT_THAT(lines, Contains("w1 has started 1-2"));
}

TEST_F(SchedulerElasticTest, ReturnedAttemptsOfALostSessionAreNotCharged) {
  policy.max_losses = 1;
  begin_with_one_who_holds_all();
  join(2, /*slots=*/3);
  stage->report(1, 1, {{{3, 4, 5}, Outcome::returned}});
  stage->heartbeat(2);
  stage->ignore();
  stage->report(1, 2, {{{0, 1}}});
  stage->at(10'500);  // both are silent
  std::vector<TaskId> lost;
  for (std::size_t i = 2; i < records().accepted(); ++i) lost.push_back(records().task[i]);
  EXPECT_THAT(lost, testing::UnorderedElementsAre(task_at(2), task_at(3), task_at(4), task_at(5)));
  stage->ignore();
}

TEST_F(SchedulerElasticTest, ADrainedSessionGetsNothingMore) {
  spec.task_count = 3;
  begin_with({1, 2}, /*slots=*/1);
  stage->drain({0});
  expect({"w1 <- Drain: finish"});
  stage->heartbeat(1, /*draining=*/true);
  expect({"w1 <- Ack: reports committed through 0"});
  stage->report(1, 1, {{{0}}});
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1"});
}

TEST_F(SchedulerElasticTest, AWorkerThatAnnouncesADrainGetsNothingMore) {
  spec.task_count = 3;
  begin_with({1, 2}, /*slots=*/1);
  stage->heartbeat(1, /*draining=*/true);
  stage->report(1, 1, {{{0}}});
  expect({"w1 <- Ack: reports committed through 0", "results: 0 succeeded",
          "w1 <- Ack: reports committed through 1"});
}

TEST_F(SchedulerElasticTest, ADrainIsRepeatedAndMayOnlyBecomeMoreUrgent) {
  begin_with({1});
  stage->drain({0}, DrainMode::return_running);
  expect({"w1 <- Drain: return"});
  stage->drain({0}, DrainMode::finish);
  expect({"w1 <- Drain: return"});
  stage->at(1'000);
  expect({"w1 <- Drain: return"});
}

TEST_F(SchedulerElasticTest, ADrainWaitsForTheInventory) {
  begin();
  stage->hello(1);
  stage->ignore();
  stage->drain({0});
  expect({});
  stage->inventory(1);
  expect({"w1 has joined", "w1 <- Drain: finish"});
}

TEST_F(SchedulerElasticTest, ADrainedLocalWorkerIsNotRestarted) {
  policy.local_workers = 1;
  policy.others_may_join = false;
  begin();
  join(1, 0, /*launch id=*/1);
  stage->drain({0}, DrainMode::return_running);
  stage->ignore();
  stage->goodbye(1, 0, 0);
  stage->exited(1, "exit status 0");
  const std::vector<std::string> lines = stage->take();
  EXPECT_THAT(lines, Not(Contains(HasSubstr("start local worker"))));
  EXPECT_THAT(lines, Contains("log: no worker is left"));
}

TEST_F(SchedulerElasticTest, WhenAllAreDrainedTheRunWaitsForOthers) {
  policy.join_timeout = 30s;
  begin_with({1});
  stage->drain({0}, DrainMode::return_running);
  stage->goodbye(1, 0, 0);
  stage->ignore();
  stage->at(29'000);
  EXPECT_EQ(records().accepted(), 0U);
  join(2);
  EXPECT_EQ(stage->scheduler().assigned(), 4U);
  stage->ignore();
}

}  // namespace
}  // namespace rollcall::coordinator
