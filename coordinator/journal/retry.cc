// Deletes failed outcomes from a journal, so that these tasks run again.
#include "coordinator/journal/journal.h"
#include "coordinator/journal/statements.h"

namespace rollcall::coordinator {
namespace {

// Renumbers the remaining outcomes without gaps, in order. A deleted outcome counts as stale for
// its session, so that the session's accepted and stale outcomes still add up to those it reported.
// The attempts at its task stay counted.
constexpr const char* kForget = R"sql(
CREATE TEMP TABLE place (was INTEGER PRIMARY KEY, now INTEGER NOT NULL);
INSERT INTO place
  SELECT accepted, row_number() OVER (ORDER BY accepted) FROM outcome WHERE outcome = 0;
CREATE TEMP TABLE moved AS
  SELECT session, arrived_ns, clock_bound_ns, end - first_accepted AS size,
    (SELECT count(*) FROM place WHERE was >= first_accepted AND was < end) AS stays,
    (SELECT min(now) FROM place WHERE was >= first_accepted AND was < end) AS now
  FROM (SELECT *, lead(first_accepted, 1, (SELECT max(accepted) + 1 FROM outcome))
    OVER (ORDER BY first_accepted) AS end FROM batch);
UPDATE session SET stale = stale +
  (SELECT coalesce(sum(size - stays), 0) FROM moved WHERE moved.session = session.session);
DELETE FROM batch;
INSERT INTO batch SELECT now, session, arrived_ns, clock_bound_ns, NULL FROM moved
  WHERE stays > 0;
DELETE FROM odd_result WHERE task IN (SELECT task FROM outcome WHERE outcome <> 0);
DELETE FROM command WHERE accepted NOT IN (SELECT was FROM place);
DELETE FROM output WHERE accepted NOT IN (SELECT was FROM place);
INSERT OR REPLACE INTO history (task, attempts, unstarted, losses, failures)
  SELECT task, attempt, coalesce(unstarted, 0), 0, 0
  FROM outcome LEFT JOIN history USING (task) WHERE outcome <> 0;
DELETE FROM outcome WHERE outcome <> 0;
UPDATE command SET accepted = (SELECT now FROM place WHERE was = accepted);
UPDATE output SET accepted = (SELECT now FROM place WHERE was = accepted);
UPDATE outcome SET accepted = (SELECT now FROM place WHERE was = accepted);
UPDATE counters SET accepted = (SELECT count(*) FROM outcome),
  published = (SELECT count(*) FROM place WHERE was <= published), stop_requested = 0,
  wait_timeout_passed = 0;
UPDATE run SET state = 'running', finished_unix_ns = NULL, startup_ns = NULL, planning_ns = NULL,
  validation_ns = NULL, cpu_seconds = NULL, peak_rss_bytes = NULL, exit_status = NULL, signal = NULL;
DROP TABLE moved;
DROP TABLE place;
)sql";

}  // namespace

/// Once checksums have been computed from the rows that stay, damage would not be found any more.
Result<void> Journal::check_all() {
  if (auto intact = load(); !intact) return intact.error();
  return read_consistently([this](sqlite::Check& check) {
    for (const Part part : {Part::command, Part::output, Part::input, Part::standard_input}) {
      check_sum(check, part);
    }
  });
}

Result<void> Journal::forget_failed() {
  auto count = database_.prepare("SELECT count(*) FROM outcome WHERE outcome = 0");
  if (!count) return write_error();
  const std::uint64_t left = count->next() ? static_cast<std::uint64_t>(count->integer(0)) : 0;
  static_cast<void>(count->next());  // to its end: an open query would block the transaction
  if (count->failed()) return write_error();
  if (left == accepted_) return {};
  if (auto intact = check_all(); !intact) return intact;
  if (!database_.execute("PRAGMA temp_store = MEMORY;")) return write_error();
  auto written = in_transaction(
      [this] { return database_.execute(kForget) && compute_checksums(database_, pending_); });
  if (!written) return written;
  accepted_ = left;
  finished_ = false;
  return {};
}

}  // namespace rollcall::coordinator
