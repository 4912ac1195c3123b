#include "coordinator/core/commits/commit_log.h"

#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr SessionIndex kOne{0};

class CommitLogTest : public testing::Test {
 protected:
  CommitLogTest() : records(spec()) {}
  static RunSpec spec() {
    RunSpec spec;
    spec.task_count = 10;
    return spec;
  }
  void accept(std::uint32_t task) {
    records.batches.push_back(
        {static_cast<std::uint32_t>(records.accepted()), std::nullopt, Instant(1s), 0ns});
    records.task.push_back(task_at(task));
    records.started.push_back(Instant(1s));
    records.elapsed.push_back(0ns);
    records.set_done(task_at(task), Outcome::succeeded);
  }
  void join() {
    records.sessions.emplace_back();
    log.add_session(static_cast<SessionIndex>(records.sessions.size() - 1));
  }
  std::shared_ptr<Commit> hand_over() {
    std::shared_ptr<Commit> commit = log.hand_over(records);
    log.check_invariants(records);
    return commit;
  }

  RunRecords records;
  CommitLog log{/*has_journal=*/true, records, 0};
};

TEST_F(CommitLogTest, NothingIsCommittedWithoutAChange) {
  EXPECT_FALSE(log.has_changes(records));
  EXPECT_TRUE(log.is_all_durable(records));
  accept(3);
  EXPECT_TRUE(log.has_changes(records));
  EXPECT_FALSE(log.is_all_durable(records));
}

TEST_F(CommitLogTest, WhatWasPublishedIsCommittedOnRequest) {
  accept(3);
  EXPECT_EQ(hand_over()->counters.published, 0U);
  log.note_progress(records);
  EXPECT_FALSE(log.has_changes(records)) << "nothing is durable yet";
  log.next_durable();
  EXPECT_FALSE(log.has_changes(records)) << "it was not requested";
  log.note_progress(records);
  EXPECT_TRUE(log.has_changes(records));
  EXPECT_EQ(hand_over()->counters.published, 1U);
  log.note_progress(records);
  EXPECT_FALSE(log.has_changes(records));
}

TEST_F(CommitLogTest, WhatIsPrintedLaterThanPublishedIsCommitted) {
  accept(3);
  hand_over();
  log.next_durable();
  log.note_printed(0, /*is_awaited=*/true);
  log.note_progress(records);
  EXPECT_FALSE(log.has_changes(records)) << "nothing is printed yet";
  log.note_printed(1, /*is_awaited=*/false);
  EXPECT_FALSE(log.has_changes(records)) << "it is not awaited";
  log.note_printed(1, /*is_awaited=*/true);
  ASSERT_TRUE(log.has_changes(records));
  EXPECT_EQ(hand_over()->counters.published, 1U);
  EXPECT_FALSE(log.is_all_printed(records)) << "it is not durable";
  log.next_durable();
  EXPECT_TRUE(log.is_all_printed(records));
  log.note_printed(1, /*is_awaited=*/true);
  EXPECT_FALSE(log.has_changes(records));
}

TEST_F(CommitLogTest, WhatHasBegunIsCommittedOnRequest) {
  join();
  hand_over();
  records.sessions[0].begun = 3;
  EXPECT_FALSE(log.has_changes(records)) << "it was not requested";
  log.note_progress(records);
  ASSERT_TRUE(log.has_changes(records));
  EXPECT_EQ(hand_over()->progress.at(0).begun, 3U);
  log.note_progress(records);
  EXPECT_FALSE(log.has_changes(records));
}

TEST_F(CommitLogTest, TheHistoryOfATaskIsCommittedOnceItChanges) {
  records.history[task_at(2)].losses = 1;
  log.task_changed(task_at(2));
  ASSERT_TRUE(log.has_changes(records));
  const auto commit = hand_over();
  ASSERT_EQ(commit->history.size(), 1U);
  EXPECT_EQ(commit->history[0].first, task_at(2));
  EXPECT_EQ(commit->history[0].second.losses, 1U);
  EXPECT_FALSE(log.has_changes(records));
}

TEST_F(CommitLogTest, EachOutcomeIsPartOfOneCommit) {
  accept(3);
  EXPECT_EQ(hand_over()->outcome_count(), 1U);
  accept(4);
  accept(5);
  const auto second = hand_over();
  EXPECT_EQ(second->first_record, 1U);
  EXPECT_EQ(second->outcome_count(), 2U);
  EXPECT_EQ(log.handed_over(), 2U);
}

TEST_F(CommitLogTest, OutcomesArePublishedOnceTheirCommitIsDurable) {
  accept(3);
  hand_over();
  accept(4);
  hand_over();
  EXPECT_EQ(log.unpublished(records), 2U);
  ASSERT_TRUE(log.awaits(1));
  const Durable first = log.next_durable();
  EXPECT_EQ(first.first_record, 0U);
  EXPECT_EQ(first.end_record, 1U);
  EXPECT_FALSE(log.awaits(1));
  EXPECT_TRUE(log.awaits(2));
  EXPECT_EQ(log.next_durable().end_record, 2U);
  EXPECT_EQ(log.unpublished(records), 0U);
  EXPECT_TRUE(log.is_all_durable(records));
}

TEST_F(CommitLogTest, ASessionIsKnownOnceItIsDurable) {
  join();
  EXPECT_FALSE(log.knows(kOne));
  EXPECT_EQ(hand_over()->sessions.size(), 1U);
  EXPECT_FALSE(log.knows(kOne));
  EXPECT_EQ(log.next_durable().sessions.size(), 1U);
  EXPECT_TRUE(log.knows(kOne));
}

TEST_F(CommitLogTest, ReportsAreDurableUpToTheOneThatWasHandedOver) {
  join();
  records.sessions[0].last_report = 5;
  log.session_changed(kOne);
  const auto commit = hand_over();
  EXPECT_EQ(commit->progress.size(), 1U) << "each session once";
  records.sessions[0].last_report = 6;
  EXPECT_EQ(log.next_durable().sessions.at(0).last_report, 5U);
}

TEST_F(CommitLogTest, TheReasonToCancelIsPartOfTheNextCommitAlone) {
  log.cancel_requested();
  EXPECT_TRUE(log.has_changes(records));
  hand_over();
  accept(1);
  hand_over();
  EXPECT_TRUE(log.next_durable().cancel);
  EXPECT_FALSE(log.next_durable().cancel);
}

TEST_F(CommitLogTest, DeparturesArePublishedWithTheirCommit) {
  join();
  log.session_left({kOne, 4});
  hand_over();
  const Durable durable = log.next_durable();
  ASSERT_EQ(durable.left.size(), 1U);
  EXPECT_EQ(durable.left[0].returned, 4U);
}

TEST_F(CommitLogTest, TasksThatWereAddedAreCommittedTogether) {
  log.tasks_added(Instant(1s), 2);
  log.tasks_added(Instant(2s), 3);
  ASSERT_TRUE(log.has_changes(records));
  const auto commit = hand_over();
  ASSERT_TRUE(commit->tasks);
  EXPECT_EQ(commit->tasks->count, 5U);
  EXPECT_EQ(commit->tasks->at, Instant(2s));
  EXPECT_FALSE(commit->tasks->is_last);
  EXPECT_FALSE(log.has_changes(records));
}

TEST_F(CommitLogTest, TasksAreUncommittedUntilTheyAreDurable) {
  log.tasks_added(Instant(1s), 2);
  EXPECT_EQ(log.uncommitted_tasks(), 2U);
  hand_over();
  log.tasks_added(Instant(2s), 3);
  EXPECT_EQ(log.uncommitted_tasks(), 5U);
  const Durable first = log.next_durable();
  ASSERT_TRUE(first.tasks);
  EXPECT_EQ(first.tasks->count, 2U);
  EXPECT_EQ(log.uncommitted_tasks(), 3U);
}

TEST_F(CommitLogTest, TheEndOfTheInputIsCommittedWithItsLastTasks) {
  log.tasks_added(Instant(1s), 2);
  log.input_ended("read error");
  const auto commit = hand_over();
  EXPECT_EQ(commit->tasks->count, 2U);
  EXPECT_TRUE(commit->tasks->is_last);
  EXPECT_EQ(commit->tasks->error, "read error");
}

TEST_F(CommitLogTest, TasksThatWereDroppedAreNotCommitted) {
  log.tasks_added(Instant(1s), 2);
  log.drop_tasks();
  EXPECT_FALSE(log.has_changes(records));
  EXPECT_EQ(log.uncommitted_tasks(), 0U);
}

TEST_F(CommitLogTest, WithoutAJournalThereIsNothingToWrite) {
  log = CommitLog(/*has_journal=*/false, records, 0);
  join();
  EXPECT_TRUE(log.knows(kOne));
  accept(1);
  EXPECT_EQ(hand_over(), nullptr);
  EXPECT_EQ(log.next_durable().end_record, 1U);
}

TEST_F(CommitLogTest, AResumedRunPublishesOutcomesThatMayNotHaveBeenPrinted) {
  accept(1);
  accept(2);
  accept(3);
  log = CommitLog(/*has_journal=*/true, records, 1);
  EXPECT_FALSE(log.has_changes(records));
  const Durable again = log.take_unpublished();
  EXPECT_EQ(again.first_record, 1U);
  EXPECT_EQ(again.end_record, 3U);
  EXPECT_EQ(log.unpublished(records), 0U);
  log.check_invariants(records);
}

}  // namespace
}  // namespace rollcall::coordinator
