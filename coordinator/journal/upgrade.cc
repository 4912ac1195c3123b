#include "coordinator/journal/upgrade.h"

#include <fmt/core.h>

#include <utility>

#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite/rows.h"
#include "coordinator/journal/sqlite/schema.h"

namespace rollcall::coordinator {
namespace {

constexpr const char* kMoveToJob = R"sql(
INSERT INTO job SELECT 1, kind, 'closed', task_count, '', '', NULL FROM run;
INSERT INTO segment SELECT 0, task_count, 1, 0 FROM run WHERE task_count > 0;
CREATE TEMP TABLE old_run AS SELECT * FROM run;
DROP TABLE run;
)sql";

// ALTER TABLE would fail if a view of the user reads the columns that are removed.
constexpr const char* kRestoreRun = R"sql(
INSERT INTO run SELECT run_id, pause_min_ns, pause_max_ns, seed, collection_method,
  wait_timeout_ns, request, created_unix_ns, state, finished_unix_ns, startup_ns, planning_ns,
  validation_ns, cpu_seconds, peak_rss_bytes, exit_status, signal FROM old_run;
DROP TABLE old_run;
)sql";

/// Every attempt up to the accepted one is counted where that one ran.
constexpr const char* kCountAttempts = R"sql(
WITH counted AS MATERIALIZED (
  SELECT batch.session AS owner, sum(attempt) AS attempts FROM outcome JOIN batch
  ON first_accepted =
    (SELECT max(first_accepted) FROM batch WHERE first_accepted <= outcome.accepted)
  GROUP BY batch.session)
UPDATE session SET ended =
  coalesce((SELECT attempts FROM counted WHERE owner = session.session), 0);
UPDATE session SET begun = ended;
)sql";

/// Columns that a journal without checksums may lack.
constexpr std::pair<const char*, const char*> kColumns[] = {
    {"batch", "digest INTEGER"},
    {"session", "begun INTEGER NOT NULL DEFAULT 0"},
    {"session", "ended INTEGER NOT NULL DEFAULT 0"}};

/// SQL that adds the columns and tables that are missing.
std::string missing_columns(sqlite::Check& check) {
  std::string sql;
  const auto exists = [&check](const std::string& query) {
    sqlite::Statement rows = check.query(query.c_str());
    return check.next(rows);
  };
  for (const auto& [table, column] : kColumns) {
    const std::string_view definition = column;
    const std::string_view name = definition.substr(0, definition.find(' '));
    if (!exists(
            fmt::format("SELECT 1 FROM pragma_table_info('{}') WHERE name = '{}'", table, name))) {
      sql += fmt::format("ALTER TABLE {} ADD COLUMN {};", table, column);
    }
  }
  if (!exists("SELECT 1 FROM sqlite_schema WHERE name = 'history'")) sql += history_schema();
  return sql;
}

bool insert_row(sqlite::Database& database, const Checksums& checksums) {
  auto update = database.prepare(Checksums::update_sql());
  return update && checksums.update(*update, 0);
}

}  // namespace

bool add_jobs(sqlite::Database& database) {
  return database.execute(job_schema() + kMoveToJob + run_schema() + kRestoreRun);
}

bool add_cancelled(sqlite::Database& database) {
  sqlite::Check check(database);
  const bool is_missing = [&check] {
    sqlite::Statement columns = check.query(
        "SELECT 1 FROM sqlite_schema WHERE name = 'history' AND NOT EXISTS (SELECT 1 FROM "
        "pragma_table_info('history') WHERE name = 'cancelled')");
    return check.next(columns);
  }();
  if (check.failed()) return false;
  return !is_missing ||
         database.execute("ALTER TABLE history ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;");
}

bool add_checksums(sqlite::Database& database, Checksums& into) {
  sqlite::Check check(database);
  const std::string missing = missing_columns(check);
  return !check.failed() && database.execute(missing + Checksums::create_sql() + kCountAttempts) &&
         compute_checksums(database, into) && insert_row(database, into);
}

bool adapt_checksums(sqlite::Database& database, Checksums& checksums) {
  if (!database.execute("DROP TABLE checksum;" + Checksums::create_sql())) return false;
  sqlite::Check check(database);
  for (const Part part :
       {Part::tables, Part::run, Part::history, Part::job, Part::segment, Part::output}) {
    checksums[part] = sum_of_table(check, part);
  }
  ++checksums.commits;
  checksums.log_needed = false;
  return !check.failed() && insert_row(database, checksums);
}

Result<void> Journal::upgrade() {
  if (version_ == kJournalVersion && has_checksums_) return {};
  const std::string set_version = fmt::format("PRAGMA user_version = {};", kJournalVersion);
  Checksums upgraded = checksums_;
  const auto change_checksums = has_checksums_ ? adapt_checksums : add_checksums;
  const bool done = database_.execute("PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE;") &&
                    (version_ > 1 || add_jobs(database_)) && add_cancelled(database_) &&
                    database_.execute(set_version) && change_checksums(database_, upgraded) &&
                    database_.execute("COMMIT;");
  if (!done) {
    const Error error = write_error();
    static_cast<void>(database_.execute("ROLLBACK;"));
    return error;
  }
  checksums_ = upgraded;
  has_checksums_ = true;
  version_ = kJournalVersion;
  return {};
}

}  // namespace rollcall::coordinator
