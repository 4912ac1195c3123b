// Which executor runs which kind of task.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "common/model/task.h"
#include "worker/executors/executor.h"

namespace rollcall::worker {

/// Owns the executors of a worker, one for each kind of task that it has run. The table is in
/// executor_table.cc, the only place that names both kinds and executors.
class ExecutorTable {
 public:
  explicit ExecutorTable(ExecutorContext context);

  /// The executor for this kind, made by the first call.
  Executor& of(KindId kind);

  /// Calls `act` with each executor that was made so far.
  template <class Act>
  void for_each(const Act& act) {
    for (std::size_t row = 0; row < executors_.size(); ++row) {
      if (executors_[row]) act(*executors_[row]);  // it may make another one
    }
  }

 private:
  ExecutorContext context_;
  std::vector<std::unique_ptr<Executor>> executors_;  ///< by row of the table
};

}  // namespace rollcall::worker
