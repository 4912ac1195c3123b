// Batched acknowledgements, and attempts sent ahead of slots.
#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/limits.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/core/scheduler.h"
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

class SchedulerBatchingTest : public SchedulerTest {
 protected:
  static constexpr std::int64_t kAckWaitMs = limits::ack_wait / 1ms;

  /// The next `count` tasks, each in a report of its own, all at one moment.
  void report_each(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i, ++reported_) {
      stage->report(1, reported_ + 1, {{{reported_}}});
    }
  }
  /// The Acks that were sent since the last look.
  std::vector<std::string> acks() {
    std::vector<std::string> lines = stage->take();
    std::erase_if(lines, [](const std::string& line) { return line.find("Ack") == line.npos; });
    return lines;
  }
  std::uint32_t reported_ = 0;
};

TEST_F(SchedulerBatchingTest, FewReportsAreAcknowledgedAtOnce) {
  spec.task_count = 100;
  begin_with({1});
  report_each(limits::busy_reports);
  EXPECT_EQ(acks().size(), limits::busy_reports);
}

TEST_F(SchedulerBatchingTest, UnderLoadOneAckStandsForMany) {
  spec.task_count = 100;
  begin_with({1});
  report_each(limits::busy_reports + 1);  // the first that may wait has nothing to wait for
  EXPECT_EQ(acks().size(), limits::busy_reports + 1);
  report_each(5);
  EXPECT_TRUE(acks().empty());
  stage->wait(kAckWaitMs);
  EXPECT_THAT(acks(), testing::ElementsAre("w1 <- Ack: reports committed through 10"));
}

TEST_F(SchedulerBatchingTest, AnAckStandsForNoMoreThanTheWindowAllows) {
  spec.task_count = 100;
  begin_with({1});
  report_each(limits::busy_reports + 1);
  acks();
  report_each(limits::reports_per_ack);
  EXPECT_EQ(acks().size(), 1U);
}

TEST_F(SchedulerBatchingTest, TheAckOfALeavingWorkerDoesNotWait) {
  spec.task_count = 100;
  begin_with({1});
  report_each(limits::busy_reports + 1);
  acks();
  stage->heartbeat(1, /*draining=*/true);
  acks();
  report_each(1);
  EXPECT_EQ(acks().size(), 1U);
}

// 10 ms of work would be none at all here, and below.
TEST_F(SchedulerBatchingTest, TasksThatEndTogetherAreSentAheadTogether) {
  spec.task_count = 100;
  policy.prefetch = std::nullopt;
  begin_with({1}, /*slots=*/8);
  EXPECT_EQ(stage->scheduler().assigned(), 16U);
}

class UnequalPausesTest : public SchedulerBatchingTest {
 protected:
  std::uint64_t held_by(std::size_t session) const {
    return stage->scheduler().held_by(stage->scheduler().sessions()[session]);
  }
  UnequalPausesTest() {
    spec.pause_max = 10 * spec.pause_min;
    policy.prefetch = std::nullopt;
  }
  /// The first that the worker was sent.
  void report_first(int worker, std::size_t count) {
    Ended ended;
    for (std::size_t i = 0; i < count; ++i) {
      ended.tasks.push_back(static_cast<std::uint32_t>(index(stage->worker(worker).places[i])));
    }
    stage->report(worker, 1, {ended});
  }
};

TEST_F(UnequalPausesTest, WhatHasEndedTogetherIsSentAheadTogether) {
  spec.task_count = 100;
  begin_with({1}, /*slots=*/8);
  EXPECT_EQ(stage->scheduler().assigned(), 8U);
  report_first(1, 8);
  EXPECT_EQ(stage->scheduler().assigned(), 16U);
  stage->ignore();
}

TEST_F(UnequalPausesTest, TheLastTasksAreSentAheadInFairParts) {
  spec.task_count = 18;
  begin_with({1, 2}, /*slots=*/4);
  report_first(1, 4);  // fourteen are left, six more than there are slots
  EXPECT_EQ(held_by(0), 7U);
  report_first(2, 4);  // ten are left
  EXPECT_EQ(held_by(1), 3U);
  stage->ignore();
}

// More outcomes in one turn than may be uncommitted: without a journal none waits.
TEST(SchedulerTurn, TakesEveryWaitingReport) {
  constexpr std::uint32_t kWorkers = 64;
  constexpr std::uint32_t kTasks =
      kWorkers * limits::assignments_in_flight * limits::assignment_attempts;
  static_assert(kTasks > limits::uncommitted_outcomes);
  RunSpec spec;
  spec.id.bytes.fill(1);
  spec.task_count = kTasks;
  Policy policy;
  policy.others_may_join = true;
  policy.wait_for_workers = kWorkers;
  Scheduler scheduler(spec, policy, 1);
  Actions actions;
  const auto tell = [&](const Event& event) { scheduler.step(instant_from_ns(1), event, actions); };
  const auto secret = [](std::uint32_t worker) {
    SessionSecret made;
    made.bytes.fill(static_cast<std::uint8_t>(worker));
    return made;
  };
  tell(ListeningStarted{});
  for (std::uint32_t w = 1; w <= kWorkers; ++w) {
    const Header handshake{kProtocolVersion, {}, 0, session_of(secret(w))};
    const Header header{kProtocolVersion, spec.id, 1, handshake.session};
    Hello hello;
    hello.secret = secret(w);
    hello.kinds = all_kinds();
    tell(MessageReceived{ConnectionId{w}, {handshake, hello}});
    tell(MessageReceived{ConnectionId{w}, {header, Inventory{}}});
  }
  tell(TurnEnded{});
  for (const Action& action : std::exchange(actions, {})) {
    const auto* send = std::get_if<Send>(&action);
    const auto* sent = send ? std::get_if<Assignment>(&send->message.body) : nullptr;
    if (sent == nullptr) continue;
    Report report{sent->number, sent->number, 0, {}, false};
    for (const TaskId task : sent->attempts.task) {
      report.outcomes.push_back(task, 1, Outcome::succeeded, instant_from_ns(1), 0ns, 0ns);
    }
    tell(MessageReceived{send->to, {send->message.header, std::move(report)}});
  }
  tell(TurnEnded{});
  EXPECT_EQ(scheduler.done(), kTasks);
}

}  // namespace
}  // namespace rollcall::coordinator
