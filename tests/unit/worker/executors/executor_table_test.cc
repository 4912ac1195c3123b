// One executor for each kind of task.
#include "worker/executors/executor_table.h"

#include <gtest/gtest.h>

namespace rollcall::worker {
namespace {

TEST(ExecutorTable, MakesOneExecutorForEachKind) {
  boost::asio::io_context loop;
  ExecutorTable table(ExecutorContext{loop, "w", 0, 0, [] {}, {}, {}});
  Executor& sleeps = table.of(KindId::sleep);
  Executor& commands = table.of(KindId::exec);
  EXPECT_NE(&sleeps, &commands);
  EXPECT_EQ(&sleeps, &table.of(KindId::sleep));
  EXPECT_EQ(&commands, &table.of(KindId::exec));
  std::vector<Executor*> made;
  table.for_each([&](Executor& executor) { made.push_back(&executor); });
  EXPECT_EQ(made, (std::vector{&sleeps, &commands}));
}

}  // namespace
}  // namespace rollcall::worker
