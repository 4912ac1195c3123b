// The SQL of a journal.
#pragma once

#include <vector>

#include "common/base/result.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite/sqlite.h"

namespace rollcall::coordinator {

/// Prepared once: what every commit runs.
struct Journal::Statements {
  /// Outcomes that one statement appends: fewer, and the statement's own cost counts.
  static constexpr std::size_t kRowsAtOnce = 64;
  static constexpr int kColumns = 8;

  sqlite::Statement begin;
  sqlite::Statement end;
  sqlite::Statement rollback;
  sqlite::Statement session;
  sqlite::Statement progress;
  sqlite::Statement batch;
  sqlite::Statement outcome;
  sqlite::Statement outcomes;  ///< kRowsAtOnce of them
  sqlite::Statement result_mismatch;
  sqlite::Statement command;
  sqlite::Statement counters;

  [[nodiscard]] Result<void> prepare(sqlite::Database& database);
};

}  // namespace rollcall::coordinator
