#include "coordinator/core/workload.h"

#include "tests/support/times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// Two sessions with two slots each; the scheduler's share of the work is done by hand.
class WorkloadTest : public testing::Test {
 protected:
  WorkloadTest() {
    spec.task_count = 6;
    spec.kind = KindId::exec;
    spec.traits = traits_of(spec.kind);
    policy.prefetch = 2;
    workload = std::make_unique<Workload>(spec, policy);
    tasks = std::make_unique<TaskTable>(spec);
    commits = std::make_unique<CommitLog>(false, tasks->records(), 0);
    for (std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
      SessionId id;
      id.bytes.fill(number);
      const Session& session = sessions.add(kNow, id, ConnectionId{number}, /*slots=*/2);
      tasks->add_session({});
      commits->add_session(session.index);
      workload->add_session();
    }
  }
  void TearDown() override { workload->check_invariants(view()); }

  Workload::View view() { return {now, *tasks, sessions, *commits}; }
  const Session& session(std::uint32_t number) { return sessions.at(SessionIndex{number - 1}); }
  /// The session may be given work.
  void join(std::uint32_t number) {
    sessions.activate(session(number));
    workload->progress(view(), session(number), 0, 0);
  }
  /// Deals what can be dealt. Returns the tasks of each session, by number.
  std::map<std::size_t, std::vector<std::size_t>> deal() {
    std::map<std::size_t, std::vector<std::size_t>> dealt;
    workload->deal(view(), [&](const Session& to, Batch batch, std::uint64_t credit) {
      AttemptColumns sent;
      const std::uint32_t dispatch = tasks->assign(now, to.index, batch, sent);
      workload->add(now, to, dispatch, std::move(batch), credit, sent);
      for (const TaskId task : sent.task) dealt[index(to.index) + 1].push_back(index(task));
    });
    return dealt;
  }
  Begun report(std::uint32_t number, std::uint32_t task, Outcome outcome, std::uint64_t started) {
    Report report;
    report.assignments_received = workload->of(session(number)).sent();
    report.started_count = started;
    report.outcomes.push_back(task_at(task), tasks->records().attempt[task], outcome, now, 1s,
                              Duration::zero());
    Acceptance acceptance = tasks->accept(now, session(number).index, report.outcomes,
                                          workload->of(session(number)).expired(), /*retries=*/3);
    auto starts = workload->take(view(), session(number), report, acceptance);
    workload->put_back(now, std::move(acceptance.returned));
    return starts;
  }

  RunSpec spec;
  Policy policy;
  Instant now = kNow;
  SessionTable sessions{10s, 10s};
  std::unique_ptr<Workload> workload;
  std::unique_ptr<TaskTable> tasks;
  std::unique_ptr<CommitLog> commits;
};

TEST_F(WorkloadTest, OnlyActiveSessionsGetWork) {
  workload->make_ready(view(), session(1));
  EXPECT_THAT(deal(), IsEmpty());
  join(1);
  EXPECT_EQ(deal().at(1).size(), 4U) << "two slots, and two tasks in advance";
  EXPECT_EQ(workload->of(session(1)).held(), 4U);
}

/// Tasks are added later.
class GrowingWorkloadTest : public WorkloadTest {
 protected:
  void begin() {
    spec.task_count = 0;
    spec.is_open = true;
    tasks = std::make_unique<TaskTable>(spec);
    workload = std::make_unique<Workload>(spec, policy);
    for (int session = 0; session < 2; ++session) {
      tasks->add_session({});
      workload->add_session();
    }
  }
  void add(std::uint32_t count) {
    tasks->add_tasks(count, now);
    workload->add_tasks(view(), count);
  }
};

TEST_F(GrowingWorkloadTest, ASessionThatWaitedGetsTasksThatAreAdded) {
  begin();
  join(1);
  EXPECT_THAT(deal(), IsEmpty());
  add(2);
  const auto dealt = deal();
  ASSERT_THAT(dealt, testing::SizeIs(1)) << "the second session has not joined";
  EXPECT_THAT(dealt.at(1), ElementsAre(0U, 1U));
}

TEST_F(WorkloadTest, AReturnedTaskIsDealtAgain) {
  join(1);
  deal();
  report(1, 3, Outcome::returned, 2);
  EXPECT_THAT(deal().at(1), ElementsAre(3U)) << "before tasks that were never dealt";
}

TEST_F(WorkloadTest, AFailedTaskIsDealtWhenItsRetryIsDue) {
  join(1);
  deal();
  report(1, 0, Outcome::failed, 2);
  EXPECT_THAT(deal()[1], testing::Not(testing::Contains(0U)));
  ASSERT_TRUE(workload->next_retry());
  now = *workload->next_retry();
  workload->put_back_due(now);
  join(2);
  EXPECT_THAT(deal().at(2), testing::Contains(0U));
}

TEST_F(WorkloadTest, StartsArePublishedOnce) {
  join(1);
  deal();
  const Begun begun = workload->progress(view(), session(1), 1, 2);
  EXPECT_THAT(begun.tasks, ElementsAre(task_at(0), task_at(1)));
  EXPECT_EQ(begun.count, 2);
  EXPECT_EQ(workload->progress(view(), session(1), 1, 2).count, 0);
}

TEST_F(WorkloadTest, AnUnacknowledgedAssignmentIsRepeatedWithTheSameAttempts) {
  join(1);
  deal();
  EXPECT_THAT(workload->take_overdue(view(), session(1), workload->patience()), IsEmpty());
  now += workload->patience();
  const auto again = workload->take_overdue(view(), session(1), workload->patience());
  ASSERT_FALSE(again.empty());
  EXPECT_EQ(again.front().number, 1U);
  EXPECT_EQ(again.front().attempts.attempt.front(), 1);
}

TEST_F(WorkloadTest, AttemptsThatWaitAreRevokedForASessionWithFreeSlots) {
  join(1);
  deal();
  report(1, 0, Outcome::succeeded, 3);
  report(1, 1, Outcome::succeeded, 4);
  deal();  // it holds all that is left
  EXPECT_FALSE(workload->rebalance(view()));
  join(2);
  const auto revocation = workload->rebalance(view());
  ASSERT_TRUE(revocation);
  EXPECT_EQ(revocation->session, session(1).index);
}

TEST_F(WorkloadTest, AReleasedSessionHoldsNothingAndItsTasksArePending) {
  join(1);
  deal();
  std::vector<TakenBack> taken;
  std::uint64_t running = 2;
  for (const HeldAssignment& held : workload->of(session(1)).all_held()) {
    tasks->take_back(now, held.dispatch, held.batch, /*turns=*/0, running,
                     /*max_losses=*/1, taken);
  }
  EXPECT_EQ(workload->release(session(1), taken).size(), 4U);
  EXPECT_EQ(workload->of(session(1)).held(), 0U);
  EXPECT_EQ(workload->of(session(1)).expired().size(), 4U);
}

TEST_F(WorkloadTest, AnAssignmentThatTheTaskTableDoesNotKnowIsAnError) {
  join(1);
  AttemptColumns sent;
  Batch batch;
  batch.count = 1;
  const std::uint32_t dispatch = tasks->assign(now, session(1).index, batch, sent);
  EXPECT_DEATH(workload->check_invariants(view()), "assigned");
  workload->add(now, session(1), dispatch, batch, 1, sent);
}

}  // namespace
}  // namespace rollcall::coordinator
