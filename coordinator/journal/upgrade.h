// Turns journals of earlier versions into journals of this version.
#pragma once

#include "coordinator/journal/checksums.h"
#include "coordinator/journal/sqlite/sqlite.h"

namespace rollcall::coordinator {

// All of these require a transaction, and return false on error.

/// Moves the kind and the number of tasks from table run to one closed job. The checksums are as
/// before.
[[nodiscard]] bool add_jobs(sqlite::Database& database);
/// Adds the column history.cancelled, unless it exists or history does not. The checksums are as
/// before.
[[nodiscard]] bool add_cancelled(sqlite::Database& database);
/// For a journal without checksums: computes them, and adds the columns and tables that it lacks.
[[nodiscard]] bool add_checksums(sqlite::Database& database, Checksums& into);
/// Adapts the checksums, which are those before add_jobs() and add_cancelled(), to the tables that
/// these have changed. The others stay as they are: it is not known that they agree with their
/// rows.
[[nodiscard]] bool adapt_checksums(sqlite::Database& database, Checksums& checksums);

}  // namespace rollcall::coordinator
