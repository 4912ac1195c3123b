// Tasks that do nothing, on a real event loop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/os/clock.h"
#include "worker/executors/executor_table.h"

namespace rollcall::worker {
namespace {

using testing::Each;
using testing::ElementsAre;

TEST(NoopExecutor, EndsAttemptsWhenTheyStart) {
  boost::asio::io_context loop;
  int wakes = 0;
  ExecutorTable table(ExecutorContext{loop, "w", 0, 0, [&] { ++wakes; }, {}, {}});
  Executor& executor = table.of(KindId::noop);
  ASSERT_TRUE(executor.prepare({}).has_value());
  executor.start(os::now(), {1, {{TaskId{3}, TaskId{4}}, {1, 2}, {Duration{}, Duration{}}}});
  executor.start(os::now(), {2, {{TaskId{5}}, {1}, {Duration{}}}});
  executor.cancel(os::now(), 2);
  executor.cancel_listed(os::now(), {{TaskId{3}, 1}});
  HeldColumns held;
  executor.list(held);
  EXPECT_THAT(held.task, ElementsAre(TaskId{3}, TaskId{4}, TaskId{5}));
  loop.run();
  EXPECT_EQ(wakes, 1);
  OutcomeColumns ended;
  ASSERT_TRUE(executor.take_ended(os::now(), ended));
  EXPECT_THAT(ended.task, ElementsAre(TaskId{3}, TaskId{4}, TaskId{5}));
  EXPECT_THAT(ended.attempt, ElementsAre(1, 2, 1));
  EXPECT_THAT(ended.outcome, Each(Outcome::succeeded));
  EXPECT_FALSE(executor.take_ended(os::now(), ended));
}

TEST(NoopExecutor, DropsAttempts) {
  boost::asio::io_context loop;
  ExecutorTable table(ExecutorContext{loop, "w", 0, 0, [] {}, {}, {}});
  Executor& executor = table.of(KindId::noop);
  executor.start(os::now(), {1, {{TaskId{3}}, {1}, {Duration{}}}});
  executor.drop();
  OutcomeColumns ended;
  EXPECT_FALSE(executor.take_ended(os::now(), ended));
}

}  // namespace
}  // namespace rollcall::worker
