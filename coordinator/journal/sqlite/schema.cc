#include "coordinator/journal/sqlite/schema.h"

#include <fmt/core.h>

#include "common/limits.h"
#include "common/model/task.h"

namespace rollcall::coordinator {
namespace {

// These values are stored in journals and must never change.
static_assert(static_cast<int>(Outcome::succeeded) == 0);
static_assert(static_cast<int>(Outcome::failed) == 1);
static_assert(static_cast<int>(Outcome::timed_out) == 2);
static_assert(static_cast<int>(Outcome::cancelled) == 3);
static_assert(static_cast<int>(Outcome::lost) == 4);
static_assert(static_cast<int>(CommandEnd::exited) == 0);
static_assert(static_cast<int>(CommandEnd::signalled) == 1);
static_assert(static_cast<int>(CommandEnd::timed_out) == 2);
static_assert(static_cast<int>(CommandEnd::cancelled) == 3);
static_assert(static_cast<int>(CommandEnd::not_started) == 4);
static_assert(static_cast<int>(CommandEnd::out_of_memory) == 5);

constexpr const char* kHistory = R"sql(
CREATE TABLE history (
  task      INTEGER PRIMARY KEY,
  attempts  INTEGER NOT NULL,
  unstarted INTEGER NOT NULL,
  losses    INTEGER NOT NULL,
  failures  INTEGER NOT NULL,
  cancelled INTEGER NOT NULL DEFAULT 0
);
)sql";

constexpr const char* kJobs = R"sql(
CREATE TABLE job (
  job          INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL,
  state        TEXT NOT NULL,
  task_count   INTEGER NOT NULL,
  input_error  TEXT NOT NULL,
  source        TEXT NOT NULL,
  last_added_ns INTEGER
);
CREATE TABLE segment (
  first       INTEGER PRIMARY KEY,
  count       INTEGER NOT NULL,
  job         INTEGER NOT NULL REFERENCES job,
  first_index INTEGER NOT NULL
);
CREATE TABLE output (
  accepted     INTEGER PRIMARY KEY,
  session      INTEGER NOT NULL REFERENCES session,
  attempt      INTEGER NOT NULL,
  epoch        INTEGER NOT NULL,
  stdout_bytes INTEGER NOT NULL,
  stderr_bytes INTEGER NOT NULL
);
)sql";

constexpr const char* kRun = R"sql(
CREATE TABLE run (
  run_id            TEXT NOT NULL,
  pause_min_ns      INTEGER NOT NULL,
  pause_max_ns      INTEGER NOT NULL,
  seed              INTEGER NOT NULL,
  collection_method TEXT NOT NULL,
  wait_timeout_ns   INTEGER,
  request           TEXT NOT NULL,
  created_unix_ns   INTEGER NOT NULL,
  state             TEXT NOT NULL DEFAULT 'running',
  finished_unix_ns  INTEGER,
  startup_ns        INTEGER,
  planning_ns       INTEGER,
  validation_ns     INTEGER,
  cpu_seconds       REAL,
  peak_rss_bytes    INTEGER,
  exit_status       INTEGER,
  signal            INTEGER
);
)sql";

constexpr const char* kTables = R"sql(
CREATE TABLE epoch (
  epoch        INTEGER PRIMARY KEY,
  pid          INTEGER NOT NULL,
  boot_id      TEXT NOT NULL,
  monotonic_ns INTEGER NOT NULL,
  boottime_ns  INTEGER NOT NULL,
  unix_ns      INTEGER NOT NULL,
  shift_ns     INTEGER NOT NULL
);
CREATE TABLE session (
  session                INTEGER PRIMARY KEY,
  session_id             TEXT NOT NULL,
  name                   TEXT NOT NULL,
  host                   TEXT NOT NULL,
  pid                    INTEGER NOT NULL,
  slots                  INTEGER NOT NULL,
  is_local               INTEGER NOT NULL,
  welcomed_ns            INTEGER NOT NULL,
  last_report            INTEGER NOT NULL DEFAULT 0,
  stale                  INTEGER NOT NULL DEFAULT 0,
  state                  TEXT NOT NULL DEFAULT 'present',
  end_reason             TEXT NOT NULL DEFAULT '',
  goodbye_reports        INTEGER,
  goodbye_outcomes       INTEGER,
  goodbye_cpu_seconds    REAL,
  goodbye_peak_rss_bytes INTEGER,
  clock_bound_ns         INTEGER,
  begun                  INTEGER NOT NULL DEFAULT 0,
  ended                  INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE batch (
  first_accepted INTEGER PRIMARY KEY,
  session        INTEGER REFERENCES session,
  arrived_ns     INTEGER NOT NULL,
  clock_bound_ns INTEGER,
  digest         INTEGER
);
CREATE TABLE outcome (
  accepted      INTEGER PRIMARY KEY,
  task          INTEGER NOT NULL,
  attempt       INTEGER NOT NULL,
  outcome       INTEGER NOT NULL,
  pause_ns      INTEGER,
  started_ns    INTEGER NOT NULL,
  elapsed_ns    INTEGER NOT NULL,
  dispatched_ns INTEGER NOT NULL
);
CREATE TABLE odd_result (
  task      INTEGER NOT NULL,
  result_ns INTEGER NOT NULL
);
CREATE TABLE command (
  accepted       INTEGER PRIMARY KEY,
  ended          INTEGER NOT NULL,
  exit_status    INTEGER NOT NULL,
  signal         INTEGER NOT NULL,
  error          TEXT NOT NULL,
  elapsed_ns     INTEGER NOT NULL,
  cpu_ns         INTEGER NOT NULL,
  peak_rss_bytes INTEGER NOT NULL,
  stdout         BLOB NOT NULL,
  stderr         BLOB NOT NULL,
  stdout_dropped INTEGER NOT NULL,
  stderr_dropped INTEGER NOT NULL
);
CREATE TABLE input (
  part INTEGER PRIMARY KEY,
  text BLOB NOT NULL
);
CREATE TABLE standard_input (
  bytes BLOB NOT NULL
);
CREATE TABLE counters (
  epoch               INTEGER NOT NULL,
  accepted            INTEGER NOT NULL,
  published           INTEGER NOT NULL,
  first_dispatch_ns   INTEGER,
  attempts_total      INTEGER NOT NULL,
  attempts_retried    INTEGER NOT NULL,
  attempts_adopted    INTEGER NOT NULL,
  stale               INTEGER NOT NULL,
  reports_repeated    INTEGER NOT NULL,
  wait_timeout_passed INTEGER NOT NULL,
  stop_requested      INTEGER NOT NULL
);
INSERT INTO counters VALUES (0, 0, 0, NULL, 0, 0, 0, 0, 0, 0, 0);
)sql";

// Times are numbers of seconds, so that queries can compare and sum them. The clock drift is
// rounded up, as in drift_over().
constexpr const char* kResultView = R"sql(
CREATE VIEW result AS
SELECT
  task,
  CASE outcome.outcome WHEN 0 THEN 'succeeded' WHEN 1 THEN 'failed' WHEN 2 THEN 'timed_out'
    WHEN 3 THEN 'cancelled' WHEN 4 THEN 'lost' END AS outcome,
  attempt,
  session_id AS worker,
  pause_ns / 1e9 AS pause_seconds,
  CASE WHEN batch.session IS NOT NULL THEN (started_ns - zero_ns) / 1e9 END AS started_seconds,
  (started_ns + elapsed_ns - zero_ns) / 1e9 AS finished_seconds,
  CASE WHEN outcome.outcome = 0 THEN max(elapsed_ns - pause_ns, 0) / 1e9 END AS lateness_seconds,
  (batch.clock_bound_ns +
    (abs(arrived_ns - started_ns - elapsed_ns) * DRIFT_PPM + 999999) / 1000000) / 1e9
    AS finished_bound_seconds,
  accepted,
  task + 1 AS seq,
  session.name AS worker_name,
  CASE WHEN batch.session IS NOT NULL THEN elapsed_ns / 1e9 END AS run_seconds
FROM
  (SELECT coalesce((SELECT first_dispatch_ns FROM counters),
    (SELECT started_ns + elapsed_ns FROM outcome WHERE accepted = 1)) AS zero_ns)
  CROSS JOIN outcome
  JOIN batch ON first_accepted =
    (SELECT max(first_accepted) FROM batch WHERE first_accepted <= outcome.accepted)
  LEFT JOIN session USING (session)
ORDER BY started_ns + elapsed_ns, task;
)sql";

}  // namespace

std::string journal_schema() {
  std::string view = kResultView;
  const std::string name = "DRIFT_PPM";
  view.replace(view.find(name), name.size(), std::to_string(limits::clock_drift_ppm));
  return fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};{}{}{}{}{}",
                     kJournalApplicationId, kJournalVersion, kRun, kTables, kJobs, kHistory, view);
}

std::string history_schema() {
  return kHistory;
}

std::string job_schema() {
  return kJobs;
}

std::string run_schema() {
  return kRun;
}

std::string_view to_string(SessionEnd end) {
  switch (end) {
    case SessionEnd::goodbye:
      return "goodbye";
    case SessionEnd::lost:
      return "lost";
    case SessionEnd::none:
      break;
  }
  return "present";
}

}  // namespace rollcall::coordinator
