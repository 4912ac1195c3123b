// A run as its journal has it, for reports.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/journal/journal.h"
#include "coordinator/kinds/task_kind.h"

namespace rollcall::coordinator {

struct StoredRun {
  JournalContent content;
  std::vector<std::uint32_t> order;  ///< finish_order()
  Summary summary;                   ///< with the checks, if the run is finished

  bool finished() const { return content.account.has_value(); }
};

/// Errors are permanent, with one line for the user.
Result<StoredRun> read_run(const std::string& path);

/// The kind of task, with the payload of `run`, which must outlive it.
Result<std::unique_ptr<TaskKind>> read_kind(const std::string& path, const StoredRun& run);

/// Prints one line on standard error; returns `status`.
int give_up(const std::string& command, const std::string& why, int status);

/// Prints a note on standard error.
void report_unfinished(const std::string& command, const RunRecords& records);

}  // namespace rollcall::coordinator
