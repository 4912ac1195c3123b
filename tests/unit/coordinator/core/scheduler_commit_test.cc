// Commit before publish.
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::Contains;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

using SchedulerCommitTest = JournaledSchedulerTest;

TEST_F(SchedulerCommitTest, ASessionGetsNoWorkBeforeItIsDurable) {
  begin();
  stage->hello(1);
  stage->inventory(1);
  expect({"w1 <- Welcome: slots 0", "commit 1: 0 outcomes, 1 new sessions", "w1 has joined"});
  stage->committed(1);
  EXPECT_THAT(stage->take(), Contains(StartsWith("w1 <- Assignment 1")));
}

TEST_F(SchedulerCommitTest, AnOutcomeIsDurableBeforeItIsPublished) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  expect({"commit 3: 1 outcomes, 0 new sessions"});
  stage->heartbeat(1);
  expect({"w1 <- Ack: reports committed through 0"});
  stage->committed(3);
  expect({"results: 0 succeeded", "w1 <- Ack: reports committed through 1"});
  EXPECT_EQ(records().reports_repeated, 0U);
  stage->report(1, 1, {{{0}}});
  expect({"w1 <- Ack: reports committed through 1"});
  EXPECT_EQ(records().reports_repeated, 1U);
}

TEST_F(SchedulerCommitTest, TheRunEndsOnlyWhenItsLastOutcomeIsDurable) {
  begin_with_two();
  stage->report(1, 1, {{{0, 1}}});
  stage->report(2, 1, {{{2, 3}}});
  expect({"commit 3: 2 outcomes, 0 new sessions", "commit 4: 2 outcomes, 0 new sessions"});
  stage->committed(3);
  EXPECT_THAT(stage->take(), Not(Contains("the run is finished")));
  stage->committed(4);
  EXPECT_THAT(stage->take(), Contains("the run is finished"));
}

TEST_F(SchedulerCommitTest, WorkersCancelOnceTheReasonIsDurable) {
  spec.wait_timeout = 5s;
  begin_with_two();
  stage->wait(5'001);
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Cancel"))));
  crash();
  stage->hello(1, 0, 2);
  stage->inventory_of(1, 2, {0, 1}, 2);
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  EXPECT_THAT(stage->take(), Not(Contains(testing::HasSubstr("Cancel"))));
  stage->committed(1);
  EXPECT_THAT(stage->take(), Contains(StartsWith("w2 <- Cancel")));
}

TEST_F(SchedulerCommitTest, ASignalLeavesTheRunAsItIs) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  stage->stop();
  expect({});
  stage->committed(3);
  expect({"results: 0 succeeded", "the end"});
  EXPECT_TRUE(stage->scheduler().suspended());
  EXPECT_EQ(stage->scheduler().done(), 1U);
}

/// Else the next coordinator would wait for it.
TEST_F(SchedulerCommitTest, AGoodbyeDuringTheLastCommitCounts) {
  begin_with_two();
  stage->report(1, 1, {{{0}}});
  stage->goodbye(1, 1, 1);
  stage->stop();
  stage->ignore();
  stage->committed(3);
  EXPECT_THAT(stage->take(), Not(Contains("the end")));
  stage->committed(4);
  EXPECT_THAT(stage->take(), Contains("the end"));
  crash();
  stage->hello(2, 0, 2);
  stage->inventory_of(2, 2, {2, 3}, 2);
  EXPECT_THAT(stage->take(), Contains(testing::HasSubstr("Assignment")));
}

/// Whether it asks to be woken for what it cannot do anything about: its shell would spin.
TEST_F(SchedulerCommitTest, AFullDiskAtTheEndIsWaitedForWithoutHaste) {
  begin_with_two();
  stage->report(1, 1, {{{0, 1}}});
  stage->report(2, 1, {{{2, 3}}});
  stage->committed(4);
  stage->goodbye(1, 1, 2);  // the disk is full now
  stage->wait(60'000);
  stage->ignore();
  EXPECT_GT(*stage->scheduler().next_deadline(), stage_now());
  stage->committed(5);
  EXPECT_THAT(stage->take(), Contains("the end"));
}

TEST_F(SchedulerCommitTest, AFullDiskAtTheWaitTimeoutIsWaitedForWithoutHaste) {
  spec.method = CollectionMethod::wait;
  spec.wait_timeout = std::chrono::seconds(5);
  begin_with_two();
  stage->report(1, 1, {{{0, 1}}});
  stage->report(2, 1, {{{2, 3}}});
  stage->wait(60'000);
  stage->ignore();
  EXPECT_GT(*stage->scheduler().next_deadline(), stage_now());
}

TEST_F(SchedulerCommitTest, ALeavingLocalWorkerIsWaitedForUntilItsLastReportIsDurable) {
  begin_with_two();
  stage->report(1, 1, {{{0, 1}}});
  stage->goodbye(1, 1, 2);
  expect({"commit 3: 2 outcomes, 0 new sessions"});
  stage->committed(3);
  EXPECT_THAT(stage->take(), Contains("w1 <- Shutdown"));
  ASSERT_TRUE(records().sessions[0].goodbye);
}

}  // namespace
}  // namespace rollcall::coordinator
