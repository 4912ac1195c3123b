#include "worker/executors/executor_table.h"

#include <array>
#include <utility>

namespace rollcall::worker {

// Each executor defines the function that makes it in a source of its own.
#define ROLLCALL_KIND(name) \
  std::unique_ptr<Executor> make_##name##_executor(const ExecutorContext&);
ROLLCALL_TASK_KINDS(ROLLCALL_KIND)
#undef ROLLCALL_KIND

namespace {

constexpr std::array kTable = {
#define ROLLCALL_KIND(name) make_##name##_executor,
    ROLLCALL_TASK_KINDS(ROLLCALL_KIND)
#undef ROLLCALL_KIND
};

}  // namespace

ExecutorTable::ExecutorTable(ExecutorContext context)
    : context_(std::move(context)), executors_(kTable.size()) {}

Executor& ExecutorTable::of(KindId kind) {
  const auto row = static_cast<std::size_t>(kind);
  std::unique_ptr<Executor>& executor = executors_.at(row);
  if (!executor) executor = kTable.at(row)(context_);
  return *executor;
}

}  // namespace rollcall::worker
