// The kinds of task that a worker can run.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "common/model/task.h"
#include "worker/executors/executor.h"

namespace rollcall::worker {

/// Owns the executors of a worker, one for each kind of task that it was asked for. The table in
/// executor_table.cc maps kinds to executors; it is the only place that names both.
class ExecutorTable {
 public:
  explicit ExecutorTable(ExecutorContext context);

  /// Made by the first call for the kind.
  Executor& of(KindId kind);

 private:
  ExecutorContext context_;
  std::vector<std::unique_ptr<Executor>> executors_;  ///< by row of the table
};

}  // namespace rollcall::worker
