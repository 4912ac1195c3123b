#include "coordinator/core/commits/commit.h"

#include <gtest/gtest.h>

#include "coordinator/core/tasks/task_table.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

Instant in_run(Duration since) {
  return Instant(1h + since);
}

RunSpec ten_tasks() {
  RunSpec spec;
  spec.task_count = 10;
  spec.pause_min = spec.pause_max = 1s;
  return spec;
}

/// A run in which session 0 was given tasks 0 to 7 in two assignments and has done some.
class CommitTest : public testing::Test {
 protected:
  CommitTest() : backlog_(ten_tasks()), tasks_(ten_tasks()) {
    SessionRecord record;
    record.id.bytes[0] = 7;
    record.name = "one";
    record.host = "here";
    record.pid = 42;
    record.is_local = true;
    record.welcomed = in_run(0s);
    tasks_.add_session(record);
    assign(1s, 4);
    assign(2s, 4);
  }

  void assign(Duration when, std::size_t count) {
    AttemptColumns sent;
    const Batch batch = backlog_.take(count, [](TaskId) { return true; });
    tasks_.assign(in_run(when), SessionIndex{0}, batch, sent);
    tasks_.attempts_began(SessionIndex{0}, static_cast<std::int64_t>(count));
  }

  void report(Duration when, std::initializer_list<std::size_t> tasks) {
    OutcomeColumns outcomes;
    for (const std::size_t t : tasks) {
      outcomes.push_back(task_at(t), 1, Outcome::succeeded, in_run(when - 1s), 1s, 1s);
    }
    ASSERT_TRUE(tasks_.receive_report(SessionIndex{0}, ++reports_));
    tasks_.accept(in_run(when), SessionIndex{0}, outcomes, {});
  }

  /// Everything since `first`.
  Commit commit_since(std::size_t first, bool with_session) {
    Commit commit;
    add_outcomes(records(), first, commit);
    if (with_session) commit.sessions.push_back(committed_session(records(), SessionIndex{0}));
    commit.progress.push_back(committed_progress(records(), SessionIndex{0}));
    commit.counters = committed_counters(records(), 0);
    return commit;
  }

  const RunRecords& records() { return tasks_.records(); }

  Backlog backlog_;
  TaskTable tasks_;
  std::uint64_t reports_ = 0;
};

TEST_F(CommitTest, CommitsRestoreTheRecords) {
  Replay replay(ten_tasks());
  report(3s, {4, 0});
  ASSERT_TRUE(replay.apply(commit_since(0, true)));
  report(4s, {1, 5});
  report(5s, {7});
  tasks_.session_lost(SessionIndex{0}, "no heartbeat");
  ASSERT_TRUE(replay.apply(commit_since(2, false)));

  const RunRecords& again = replay.records();
  EXPECT_EQ(again.task, records().task);
  EXPECT_EQ(again.started, records().started);
  EXPECT_EQ(again.elapsed, records().elapsed);
  EXPECT_EQ(again.first_dispatch, records().first_dispatch);
  EXPECT_EQ(again.last_accepted, records().last_accepted);
  EXPECT_EQ(again.attempts_total, 8U);
  ASSERT_EQ(again.batches.size(), 3U);
  for (std::size_t b = 0; b < 3; ++b) {
    EXPECT_EQ(again.batches[b].first_record, records().batches[b].first_record);
    EXPECT_EQ(again.batches[b].arrived, records().batches[b].arrived);
  }
  for (const TaskId task : again.task) {
    EXPECT_EQ(again.outcome_of(task), Outcome::succeeded);
    EXPECT_EQ(again.dispatches[again.dispatch[index(task)]].at,
              records().dispatches[records().dispatch[index(task)]].at);
    EXPECT_EQ(again.attempt[index(task)], 1);
  }
  EXPECT_EQ(again.state_of(task_at(2)), TaskState::pending) << "workers report running attempts";
  const SessionRecord& session = again.sessions.at(0);
  EXPECT_EQ(session.id, records().sessions[0].id);
  EXPECT_EQ(session.name, "one");
  EXPECT_TRUE(session.is_local);
  EXPECT_EQ(session.tasks_done, 5U);
  EXPECT_EQ(session.begun, 8U);
  EXPECT_EQ(session.ended, 5U);
  EXPECT_EQ(session.last_report, 3U);
  EXPECT_EQ(session.end, SessionEnd::lost);
  EXPECT_EQ(session.end_reason, "no heartbeat");
}

TEST_F(CommitTest, TheHistoryOfATaskGoesOn) {
  Replay replay(ten_tasks());
  Commit commit = commit_since(0, true);
  commit.history.push_back({task_at(2), {.attempts = 2, .unstarted = 1, .losses = 1}});
  ASSERT_TRUE(replay.apply(commit));
  TaskTable resumed(replay.take());
  AttemptColumns sent;
  Batch batch;
  batch.count = 1;
  batch.listed = {task_at(2)};
  resumed.assign(in_run(5s), SessionIndex{0}, batch, sent);
  EXPECT_EQ(sent.attempt[0], 4);
  EXPECT_EQ(sent.number[0], 3);
}

TEST_F(CommitTest, DispatchesAreNotMultipliedByTheOrderOfOutcomes) {
  report(3s, {0, 4, 1, 5, 2, 6});
  Replay replay(ten_tasks());
  ASSERT_TRUE(replay.apply(commit_since(0, true)));
  EXPECT_EQ(replay.records().dispatches.size(), 2U);
}

TEST_F(CommitTest, ACommitMayBeginInTheMiddleOfABatch) {
  report(3s, {0, 4, 1});
  Commit tail;
  add_outcomes(records(), 1, tail);
  ASSERT_EQ(tail.outcomes.size(), 1U);
  EXPECT_EQ(tail.outcomes[0].task, (std::vector{task_at(4), task_at(1)}));
}

TEST_F(CommitTest, ACommitThatDoesNotFollowIsRefused) {
  report(3s, {0});
  const Commit first = commit_since(0, true);
  {
    Replay replay(ten_tasks());
    ASSERT_TRUE(replay.apply(first));
    EXPECT_FALSE(replay.apply(first)) << "twice";
  }
  {
    Commit again = first;
    again.sessions.clear();
    again.first_record = 1;
    Replay replay(ten_tasks());
    ASSERT_TRUE(replay.apply(first));
    EXPECT_FALSE(replay.apply(again)) << "a task that is done";
  }
  {
    Commit unknown = first;
    unknown.sessions.clear();
    Replay replay(ten_tasks());
    EXPECT_FALSE(replay.apply(unknown)) << "a session that never joined";
  }
  {
    Commit unassigned = first;
    unassigned.outcomes[0].task[0] = task_at(10);
    Replay replay(ten_tasks());
    EXPECT_FALSE(replay.apply(unassigned)) << "no such task";
  }
}

TEST_F(CommitTest, OutcomesDecidedByTheCoordinatorAreCommitted) {
  tasks_.decide(in_run(6s), task_at(9), Outcome::cancelled);
  Replay replay(ten_tasks());
  ASSERT_TRUE(replay.apply(commit_since(0, true)));
  EXPECT_EQ(replay.records().outcome_of(task_at(9)), Outcome::cancelled);
  EXPECT_FALSE(replay.records().batches.at(0).session.has_value());
  EXPECT_EQ(replay.records().dispatch[9], kNoDispatch);
}

}  // namespace
}  // namespace rollcall::coordinator
