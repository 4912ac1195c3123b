// Tables `job` and `segment` of a journal: the tasks of the run. A run has one job.
#pragma once

#include <cstdint>
#include <string>

#include "common/model/task.h"
#include "coordinator/core/model/run_spec.h"
#include "coordinator/journal/sqlite/rows.h"
#include "coordinator/journal/sqlite/sqlite.h"

namespace rollcall::coordinator {

/// A job, as committed.
struct StoredJob {
  KindId kind = KindId::sleep;
  std::uint32_t task_count = 0;  ///< so far, while is_open
  bool is_open = false;
  std::string input_error;            ///< why the input ended before its end; empty: it did not
  std::string source;                 ///< JournalRun::source
  std::optional<Instant> last_added;  ///< the last of the tasks
};

/// Reads the job of the run from a journal of this version of the tables, and checks that its
/// segments have all its tasks. `shift`: from the clock of the journal to that of the caller.
StoredJob read_job(sqlite::Check& check, std::int64_t version, Duration shift);

/// The value of column job.state.
std::string_view job_state(bool is_open);

/// Inserts the job of a new journal. Returns false on error.
[[nodiscard]] bool insert_job(sqlite::Database& database, const RunSpec& spec,
                              const std::string& source);

}  // namespace rollcall::coordinator
