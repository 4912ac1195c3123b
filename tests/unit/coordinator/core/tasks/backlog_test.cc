#include "coordinator/core/tasks/backlog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const auto kAll = [](TaskId) { return true; };

RunSpec spec_of(std::uint32_t tasks, Duration least, Duration most) {
  RunSpec spec;
  spec.task_count = tasks;
  spec.pause_min = least;
  spec.pause_max = most;
  spec.seed = 3;
  return spec;
}

std::vector<TaskId> tasks_of(const Batch& batch) {
  std::vector<TaskId> tasks;
  for (std::size_t i = 0; i < batch.count; ++i) tasks.push_back(batch.at(i));
  return tasks;
}

TEST(Backlog, HasEveryTaskOnceTheLongestFirst) {
  const RunSpec spec = spec_of(1'000, 1s, 10s);
  Backlog backlog(spec);
  std::set<TaskId> seen;
  Duration last = 10s;
  for (;;) {
    const Batch batch = backlog.take(7, kAll);
    if (batch.count == 0) break;
    for (const TaskId task : tasks_of(batch)) {
      EXPECT_TRUE(seen.insert(task).second);
      EXPECT_LE(spec.pause(task), last);
      last = spec.pause(task);
    }
  }
  EXPECT_EQ(seen.size(), 1'000U);
}

TEST(Backlog, LeavesOutTasksThatAreNotPendingAnyMore) {
  const auto is_pending = [](TaskId task) { return index(task) % 4 != 1 && index(task) != 2; };
  Backlog by_id(spec_of(8, 1s, 1s));
  by_id.note_gaps();
  EXPECT_THAT(tasks_of(by_id.take(5, is_pending)), ElementsAre(TaskId{0}));
  EXPECT_THAT(tasks_of(by_id.take(1, is_pending)), ElementsAre(TaskId{3}));
  EXPECT_THAT(tasks_of(by_id.take(5, is_pending)), ElementsAre(TaskId{4}));
  EXPECT_THAT(tasks_of(by_id.take(5, is_pending)), ElementsAre(TaskId{6}, TaskId{7}));
  EXPECT_EQ(by_id.take(5, is_pending).count, 0U);

  const RunSpec spec = spec_of(100, 1s, 10s);
  Backlog by_cost(spec);
  EXPECT_GT(by_cost.interleavable(), 0U);
  by_cost.note_gaps();
  EXPECT_EQ(by_cost.interleavable(), 0U);
  std::set<TaskId> seen;
  for (Batch batch = by_cost.take(7, is_pending); batch.count > 0;
       batch = by_cost.take(7, is_pending)) {
    for (const TaskId task : tasks_of(batch)) {
      EXPECT_TRUE(is_pending(task));
      EXPECT_TRUE(seen.insert(task).second);
    }
  }
  EXPECT_EQ(seen.size(), 74U);
}

TEST(Backlog, InterleavedBatchesShareTheLongestTasks) {
  const RunSpec spec = spec_of(100, 1s, 10s);
  Backlog whole(spec);
  const std::vector<TaskId> order = tasks_of(whole.take(100, kAll));
  Backlog backlog(spec);
  const std::vector<Batch> batches = backlog.take_interleaved(3, 2);
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_THAT(tasks_of(batches[0]), ElementsAre(order[0], order[3]));
  EXPECT_THAT(tasks_of(batches[1]), ElementsAre(order[1], order[4]));
  EXPECT_THAT(tasks_of(batches[2]), ElementsAre(order[2], order[5]));
  EXPECT_THAT(tasks_of(backlog.take(1, kAll)), ElementsAre(order[6]));
  EXPECT_EQ(backlog.interleavable(), 93U);
  backlog.put_back({order[0]});
  EXPECT_EQ(backlog.interleavable(), 0U) << "it goes first";
}

TEST(Backlog, EqualCostsGoByTask) {
  Backlog backlog(spec_of(5, 1s, 1s));
  EXPECT_THAT(tasks_of(backlog.take(2, kAll)), ElementsAre(task_at(0), task_at(1)));
  EXPECT_THAT(tasks_of(backlog.take(9, kAll)), ElementsAre(task_at(2), task_at(3), task_at(4)));
}

TEST(Backlog, ReturnedTasksGoFirst) {
  Backlog backlog(spec_of(5, 1s, 1s));
  backlog.take(3, kAll);
  backlog.put_back({task_at(2), task_at(0)});
  EXPECT_THAT(tasks_of(backlog.take(9, kAll)), ElementsAre(task_at(0), task_at(2)));
  EXPECT_THAT(tasks_of(backlog.take(9, kAll)), ElementsAre(task_at(3), task_at(4)));
}

TEST(Backlog, TasksThatHaveEndedMeanwhileAreLeftOut) {
  Backlog backlog(spec_of(3, 1s, 1s));
  backlog.take(3, kAll);
  backlog.put_back({task_at(0), task_at(1), task_at(2)});
  const auto not_one = [](TaskId t) { return t != task_at(1); };
  EXPECT_THAT(tasks_of(backlog.take(9, not_one)), ElementsAre(task_at(0), task_at(2)));
  EXPECT_EQ(backlog.take(1, kAll).count, 0U);
}

/// During recovery a worker may return a task, another one may hold it, and return it too.
TEST(Backlog, ATaskThatWasReturnedTwiceIsDealtOnce) {
  Backlog backlog(spec_of(3, 1s, 1s));
  backlog.put_back({task_at(0), task_at(1)});
  backlog.put_back({task_at(1)});
  backlog.keep_only(kAll);
  EXPECT_THAT(tasks_of(backlog.take(3, kAll)), ElementsAre(task_at(0), task_at(1)));
  EXPECT_THAT(tasks_of(backlog.take(3, kAll)), ElementsAre(task_at(2)));
}

TEST(Backlog, TasksThatAreAddedGoLast) {
  Backlog backlog(spec_of(2, 1s, 1s));
  backlog.put_back(tasks_of(backlog.take(1, kAll)));
  backlog.add(2);
  EXPECT_THAT(tasks_of(backlog.take(1, kAll)), ElementsAre(TaskId(0)));
  EXPECT_THAT(tasks_of(backlog.take(9, kAll)), ElementsAre(TaskId(1), TaskId(2), TaskId(3)));
  backlog.check_invariants();
}

TEST(Backlog, GoesOnWhenItWasEmpty) {
  Backlog backlog(spec_of(0, 1s, 1s));
  EXPECT_EQ(backlog.take(1, kAll).count, 0U);
  backlog.add(1);
  EXPECT_THAT(tasks_of(backlog.take(1, kAll)), ElementsAre(TaskId(0)));
}

TEST(Backlog, KnowsTheHighestCost) {
  const RunSpec spec = spec_of(50, 0s, 10s);
  Duration longest{};
  for (std::size_t t = 0; t < 50; ++t) longest = std::max(longest, spec.pause(task_at(t)));
  EXPECT_EQ(Backlog(spec).longest_cost(), longest);
  EXPECT_EQ(Backlog(spec_of(0, 1s, 1s)).longest_cost(), 0s);
}

}  // namespace
}  // namespace rollcall::coordinator
