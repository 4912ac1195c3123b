#include "worker/executors/executor_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/check.h"
#include "worker/executors/exec_executor.h"
#include "worker/executors/sleep_executor.h"

namespace rollcall::worker {
namespace {

template <class T>
std::unique_ptr<Executor> make(const ExecutorContext& context) {
  return std::make_unique<T>(context);
}

struct Row {
  KindId kind;
  std::unique_ptr<Executor> (*make)(const ExecutorContext& context);
};

/// A new kind of task needs a line here and a file in this directory.
constexpr std::array kTable{
    Row{KindId::sleep, make<SleepExecutor>},
    Row{KindId::exec, make<ExecExecutor>},
};

}  // namespace

ExecutorTable::ExecutorTable(ExecutorContext context)
    : context_(std::move(context)), executors_(kTable.size()) {}

Executor& ExecutorTable::of(KindId kind) {
  const auto row = std::ranges::find(kTable, kind, &Row::kind);
  CHECK(row != kTable.end());  // the codec rejects other kinds
  std::unique_ptr<Executor>& executor = executors_[static_cast<std::size_t>(row - kTable.begin())];
  if (!executor) executor = row->make(context_);
  return *executor;
}

}  // namespace rollcall::worker
