#include "coordinator/journal/statements.h"

#include <string>
#include <utility>

namespace rollcall::coordinator {
namespace {

constexpr const char* kSession =
    "INSERT INTO session (session, session_id, name, host, pid, slots, is_local, welcomed_ns) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

constexpr const char* kProgress =
    "UPDATE session SET last_report = ?, stale = ?, begun = ?, ended = ?, state = ?, end_reason = "
    "?, "
    "goodbye_reports = ?, goodbye_outcomes = ?, goodbye_cpu_seconds = ?, "
    "goodbye_peak_rss_bytes = ? WHERE session = ?";

// Changes no row if a later epoch has begun.
constexpr const char* kCounters =
    "UPDATE counters SET accepted = ?, published = ?, first_dispatch_ns = ?, attempts_total = ?, "
    "attempts_retried = ?, attempts_adopted = ?, stale = ?, reports_repeated = ?, "
    "wait_timeout_passed = ?, stop_requested = ? WHERE epoch = ?";

constexpr const char* kSegment =
    "INSERT INTO segment VALUES (0, ?, ?, 0) "
    "ON CONFLICT (first) DO UPDATE SET count = count + excluded.count";

constexpr const char* kJobProgress =
    "UPDATE job SET task_count = ?, state = ?, input_error = ?, last_added_ns = "
    "coalesce(?, last_added_ns) WHERE job = ?";

std::string insert_outcomes(std::size_t rows) {
  std::string sql = "INSERT INTO outcome VALUES ";
  for (std::size_t row = 0; row < rows; ++row) {
    sql += row == 0 ? "(?,?,?,?,?,?,?,?)" : ",(?,?,?,?,?,?,?,?)";
  }
  return sql;
}

}  // namespace

Result<void> Journal::Statements::prepare(sqlite::Database& database) {
  const std::pair<sqlite::Statement*, std::string> all[] = {
      {&begin, "BEGIN IMMEDIATE"},
      {&end, "COMMIT"},
      {&rollback, "ROLLBACK"},
      {&session, kSession},
      {&progress, kProgress},
      {&batch, "INSERT INTO batch VALUES (?, ?, ?, ?, ?)"},
      {&outcome, insert_outcomes(1)},
      {&outcomes, insert_outcomes(kRowsAtOnce)},
      {&history, "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?)"},
      {&result_mismatch, "INSERT INTO odd_result VALUES (?, ?)"},
      {&command,
       "INSERT INTO command VALUES (?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS BLOB), CAST(? AS BLOB), ?, "
       "?)"},
      {&output, "INSERT INTO output VALUES (?, ?, ?, ?, ?, ?)"},
      {&input, "INSERT INTO input VALUES (?, CAST(? AS BLOB))"},
      {&segment, kSegment},
      {&job, kJobProgress},
      {&counters, kCounters},
      {&checksum, Checksums::update_sql()},
      {&select_session, "SELECT * FROM session WHERE session = ?"},
      {&select_history, "SELECT * FROM history WHERE task = ?"},
      {&select_counters, "SELECT * FROM counters"},
      {&select_segment, "SELECT * FROM segment"},
      {&select_job, "SELECT * FROM job WHERE job = ?"},
      {&select_part, "SELECT coalesce(max(part), 0) FROM input"}};
  for (const auto& [statement, sql] : all) {
    auto prepared = database.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

}  // namespace rollcall::coordinator
