// The prepared statements of a journal.
#pragma once

#include <vector>

#include "common/base/result.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite/sqlite.h"

namespace rollcall::coordinator {

/// The statements that commits run, prepared once.
struct Journal::Statements {
  /// Rows that `outcomes` inserts. With fewer, the cost per statement dominates.
  static constexpr std::size_t kRowsAtOnce = 64;
  static constexpr int kColumns = 8;

  sqlite::Statement begin;
  sqlite::Statement end;
  sqlite::Statement rollback;
  sqlite::Statement session;
  sqlite::Statement progress;
  sqlite::Statement batch;
  sqlite::Statement outcome;
  sqlite::Statement outcomes;  ///< inserts kRowsAtOnce rows
  sqlite::Statement history;
  sqlite::Statement result_mismatch;
  sqlite::Statement command;
  sqlite::Statement output;
  sqlite::Statement input;
  sqlite::Statement segment;  ///< adds tasks to the segment
  sqlite::Statement job;
  sqlite::Statement counters;
  sqlite::Statement checksum;
  // The rows that the statements above change, for their checksums.
  sqlite::Statement select_session;
  sqlite::Statement select_history;
  sqlite::Statement select_counters;
  sqlite::Statement select_segment;
  sqlite::Statement select_job;
  sqlite::Statement select_part;  ///< the last part of the input

  [[nodiscard]] Result<void> prepare(sqlite::Database& database);
};

}  // namespace rollcall::coordinator
