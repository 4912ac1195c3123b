#include "coordinator/core/sessions/assignments.h"

#include "tests/support/times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const AttemptFilter kEvery = [](std::uint32_t, TaskId) { return true; };

class AssignmentsTest : public testing::Test {
 protected:
  /// An assignment of these tasks, whose dispatch has the same number.
  std::uint32_t add(std::vector<TaskId> tasks) {
    const auto dispatch = static_cast<std::uint32_t>(work.sent() + 1);
    Batch batch;
    batch.count = static_cast<std::uint32_t>(tasks.size());
    batch.listed = std::move(tasks);
    work.add(kNow, dispatch, std::move(batch), 100, {});
    work.check_invariants();
    return dispatch;
  }
  Begun progress(std::uint64_t received, std::uint64_t started) {
    Begun begun = work.progress(received, started, /*with_tasks=*/true);
    work.check_invariants();
    return begun;
  }
  std::vector<std::uint64_t> overdue(Instant now, Duration older_than) {
    std::vector<std::uint64_t> numbers;
    for (const HeldAssignment* held : work.take_overdue(now, older_than)) {
      numbers.push_back(held->number);
    }
    return numbers;
  }
  Assignments work;
};

TEST_F(AssignmentsTest, CountsAssignmentsAndAttempts) {
  add({task_at(0), task_at(1)});
  add({task_at(2)});
  EXPECT_EQ(work.sent(), 2U);
  EXPECT_EQ(work.in_flight(), 2U);
  EXPECT_EQ(work.held(), 3U);
  work.attempts_ended(kNow, 2, {});
  EXPECT_EQ(work.held(), 1U);
}

TEST_F(AssignmentsTest, ProgressNeverGoesBackNorBeyondWhatWasSent) {
  add({task_at(0), task_at(1)});
  EXPECT_THAT(progress(1, 1).tasks, ElementsAre(task_at(0)));
  EXPECT_THAT(progress(0, 0).tasks, IsEmpty());
  EXPECT_THAT(progress(9, 9).tasks, ElementsAre(task_at(1)));
  EXPECT_EQ(work.in_flight(), 0U);
}

TEST_F(AssignmentsTest, PlacesRunThroughAllAssignments) {
  add({task_at(5), task_at(6)});
  add({task_at(7), task_at(8)});
  EXPECT_EQ(progress(1, 1).count, 1);
  const Begun begun = progress(2, 3);
  EXPECT_EQ(begun.count, 2);
  EXPECT_THAT(begun.tasks, ElementsAre(task_at(6), task_at(7)));
}

TEST_F(AssignmentsTest, AttemptsThatNeverBeganAreNotCounted) {
  const std::uint32_t first = add({task_at(5), task_at(6)});
  const std::uint32_t second = add({task_at(7), task_at(8)});
  EXPECT_EQ(progress(2, 1).count, 1);
  EXPECT_EQ(work.never_began({{task_at(8), second}, {task_at(6), first}}), 0U);
  const Begun begun = progress(2, 4);
  EXPECT_EQ(begun.count, 1);
  EXPECT_THAT(begun.tasks, ElementsAre(task_at(7)));
}

TEST_F(AssignmentsTest, AnAttemptMayTurnOutToHaveNeverBegun) {
  const std::uint32_t dispatch = add({task_at(5), task_at(6)});
  EXPECT_EQ(progress(1, 2).count, 2);
  EXPECT_EQ(work.never_began({{task_at(6), dispatch}}), 1U) << "it waited for a slot";
  EXPECT_EQ(work.never_began({{task_at(6), dispatch + 1}}), 0U) << "of another assignment";
}

TEST_F(AssignmentsTest, AssignmentsAfterAnOverdueOneAreSentAgainToo) {
  add({task_at(0)});
  add({task_at(1)});
  EXPECT_THAT(overdue(kNow + 1s, 2s), IsEmpty());
  EXPECT_THAT(overdue(kNow + 2s, 2s), ElementsAre(1, 2));
  EXPECT_THAT(overdue(kNow + 3s, 2s), IsEmpty()) << "it was sent a second ago";
  progress(1, 0);
  EXPECT_THAT(overdue(kNow + 9s, 2s), ElementsAre(2));
}

TEST_F(AssignmentsTest, AnsweredAssignmentsAreDroppedInOrder) {
  add({task_at(0)});
  add({task_at(1)});
  add({task_at(2)});
  progress(2, 0);
  work.drop_answered([](std::uint32_t dispatch) { return dispatch != 2; });
  EXPECT_EQ(work.all_held().size(), 2U) << "the second has not ended";
  work.drop_answered([](std::uint32_t) { return true; });
  EXPECT_EQ(work.all_held().size(), 1U) << "the third was not acknowledged";
}

TEST_F(AssignmentsTest, TheLastUnstartedAttemptsAreRevoked) {
  add({task_at(0), task_at(1), task_at(2)});
  add({task_at(3)});
  progress(2, 1);
  const auto revoke = work.revoke_last(kNow, 2, kEvery);
  ASSERT_TRUE(revoke);
  EXPECT_EQ(revoke->keep, 2U);
  EXPECT_EQ(revoke->assignments_through, 2U);
  EXPECT_TRUE(work.awaits_returns(kNow + 1s, 2s));
  EXPECT_FALSE(work.awaits_returns(kNow + 2s, 2s));
  work.never_began({{task_at(2), 1}, {task_at(3), 2}});
  EXPECT_FALSE(work.awaits_returns(kNow, 2s));
}

TEST_F(AssignmentsTest, StartedAttemptsAreNotRevoked) {
  add({task_at(0), task_at(1)});
  progress(1, 2);
  EXPECT_FALSE(work.revoke_last(kNow, 1, kEvery));
  EXPECT_FALSE(work.revoke_from(kNow, 0));
}

TEST_F(AssignmentsTest, ARevocationIsAnsweredByTheStartOfItsAttempts) {
  add({task_at(0), task_at(1)});
  ASSERT_TRUE(work.revoke_from(kNow, 1));
  progress(1, 2);
  EXPECT_FALSE(work.awaits_returns(kNow, 2s));
}

TEST_F(AssignmentsTest, ASupersededAttemptIsNotHeld) {
  add({task_at(0), task_at(1)});
  work.supersede(task_at(1), {1, 1, 1});
  EXPECT_EQ(work.held(), 1U);
  EXPECT_EQ(work.expired().at(task_at(1)).on_wire, 1);
}

TEST_F(AssignmentsTest, StartedAttemptsOfAnAssignmentAreCountedFromItsFirstPlace) {
  add({task_at(0), task_at(1)});
  add({task_at(2), task_at(3)});
  progress(2, 3);
  EXPECT_EQ(work.started_of(work.all_held()[0]), 2U);
  EXPECT_EQ(work.started_of(work.all_held()[1]), 1U);
}

TEST_F(AssignmentsTest, AnAdoptedListIsOneAssignment) {
  Inventory inventory;
  inventory.assignments_received = 4;
  inventory.started_count = 10;
  inventory.begun = 1;
  work.adopt(inventory, {{task_at(3), task_at(4)}, {1, 0}}, /*dispatch=*/6, /*owned=*/1, {});
  work.check_invariants();
  EXPECT_EQ(work.held(), 1U);
  EXPECT_EQ(work.sent(), 4U);
  EXPECT_EQ(work.first(), 5U) << "of this epoch";
  EXPECT_EQ(work.in_flight(), 0U);
  EXPECT_EQ(work.started(), 10U);
  EXPECT_EQ(progress(4, 11).count, 0) << "attempt 0 was returned";
}

}  // namespace
}  // namespace rollcall::coordinator
