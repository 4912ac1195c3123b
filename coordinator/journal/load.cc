#include <limits>
#include <string_view>

#include "common/limits.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite/rows.h"
#include "coordinator/journal/sqlite/schema.h"

namespace rollcall::coordinator {
namespace {

using sqlite::Check;
using sqlite::Columns;
using sqlite::Statement;

/// Outcomes that are passed to Replay at a time.
constexpr std::size_t kOutcomesAtOnce = 1U << 16U;

void check_pages(Check& check) {
  Statement rows = check.query("PRAGMA quick_check(1)");
  const bool is_whole = check.next(rows) && rows.text(0) == "ok";
  check.require(is_whole, "inconsistent database pages");
}

/// Reads sessions into `first` and their final state into `last`.
void read_sessions(Check& check, Duration shift, Commit& first, Commit& last) {
  Statement rows = check.query(
      "SELECT session, session_id, name, host, pid, slots, is_local, welcomed_ns, last_report, "
      "stale, state, end_reason, goodbye_reports, goodbye_outcomes, goodbye_cpu_seconds, "
      "goodbye_peak_rss_bytes FROM session ORDER BY session");
  const Columns row(check, rows, shift);
  while (check.next(rows)) {
    const auto index = SessionIndex{row.number<std::uint32_t>(0)};
    first.sessions.push_back({index, row.id<SessionId>(1), rows.text(2), rows.text(3),
                              row.number<std::uint32_t>(4), row.number<std::uint32_t>(5),
                              row.flag(6), row.instant(7)});
    std::optional<Goodbye> goodbye;
    if (!rows.is_null(12)) {
      goodbye = Goodbye{row.number<std::uint64_t>(12), row.number<std::uint64_t>(13), rows.real(14),
                        row.number<std::uint64_t>(15)};
    }
    last.progress.push_back(
        {index, row.number<std::uint64_t>(8), row.number<std::uint64_t>(9),
         row.named(10, {SessionEnd::none, SessionEnd::goodbye, SessionEnd::lost}), rows.text(11),
         goodbye});
  }
}

/// Returns an estimate whose bound is `bound` at the instant `at`.
ClockEstimate clock_with_bound(Duration bound, Instant at) {
  const Duration error = std::max(bound, Duration(1)) - Duration(1);
  const Duration drift = drift_over(2 * error);
  ClockEstimate clock;
  clock.add({at - 2 * error, at - 2 * drift, at}, at);
  return clock;
}

/// Restores each session's clock estimate such that it gives the committed bound at the end of the
/// run.
void restore_clocks(Check& check, RunRecords& records) {
  Statement rows =
      check.query("SELECT session, clock_bound_ns FROM session WHERE clock_bound_ns IS NOT NULL");
  const Columns row(check, rows, Duration::zero());
  while (check.next(rows)) {
    const auto index = row.number<std::uint32_t>(0);
    check.require(index < records.sessions.size(), "a session is missing");
    SessionRecord& session = records.sessions[index];
    const Instant end = session.last_accepted.value_or(session.welcomed);
    session.clock =
        clock_with_bound(row.duration(1), std::max(end, records.last_accepted.value_or(end)));
  }
}

CommittedCounters read_counters(Check& check, Duration shift, std::uint64_t& accepted) {
  Statement rows = check.query(
      "SELECT accepted, published, first_dispatch_ns, attempts_total, attempts_retried, "
      "attempts_adopted, stale, reports_repeated, wait_timeout_passed, stop_requested FROM "
      "counters");
  check.require(check.next(rows), "the counters are missing");
  const Columns row(check, rows, shift);
  accepted = row.number<std::uint64_t>(0);
  CommittedCounters counters;
  counters.published = row.number<std::uint64_t>(1);
  counters.first_dispatch = row.optional_instant(2);
  counters.attempts_total = row.number<std::uint64_t>(3);
  counters.attempts_retried = row.number<std::uint64_t>(4);
  counters.attempts_adopted = row.number<std::uint64_t>(5);
  counters.stale = row.number<std::uint64_t>(6);
  counters.reports_repeated = row.number<std::uint64_t>(7);
  counters.wait_timeout_passed = row.flag(8);
  counters.stop_requested = row.flag(9);
  return counters;
}

/// Reads outcomes in order, batch by batch.
class OutcomeReader {
 public:
  OutcomeReader(Check& check, Duration shift)
      : check_(check),
        batches_(
            check.query("SELECT first_accepted, session, arrived_ns, clock_bound_ns FROM batch "
                        "ORDER BY first_accepted")),
        outcomes_(check.query("SELECT accepted, task, attempt, outcome, started_ns, elapsed_ns, "
                              "dispatched_ns FROM outcome ORDER BY accepted")),
        batch_(check, batches_, shift),
        outcome_(check, outcomes_, shift),
        more_batches_(check.next(batches_)),
        more_outcomes_(check.next(outcomes_)) {}

  bool more() const { return more_outcomes_; }

  /// Appends whole batches to `commit` until it has at least kOutcomesAtOnce outcomes.
  void read(Commit& commit) {
    commit.first_record = read_;
    while (more_outcomes_ && read_ - commit.first_record < kOutcomesAtOnce) {
      check_.require(more_batches_ && batch_.number<std::uint64_t>(0) == read_ + 1,
                     "batches and outcomes do not match");
      commit.outcomes.push_back(begin_batch());
      more_batches_ = check_.next(batches_);
      const std::uint64_t end = more_batches_ ? batch_.number<std::uint64_t>(0)
                                              : std::numeric_limits<std::uint64_t>::max();
      while (more_outcomes_ && read_ + 1 < end) append(commit.outcomes.back());
    }
    check_.require(more_outcomes_ || !more_batches_, "batches and outcomes do not match");
  }

 private:
  CommittedOutcomes begin_batch() const {
    CommittedOutcomes committed;
    if (!batches_.is_null(1)) committed.session = SessionIndex{batch_.number<std::uint32_t>(1)};
    committed.arrived = batch_.instant(2);
    committed.clock_bound = batches_.is_null(3) ? Duration::max() : batch_.duration(3);
    return committed;
  }

  void append(CommittedOutcomes& committed) {
    check_.require(outcome_.number<std::uint64_t>(0) == read_ + 1, "an outcome is missing");
    committed.task.push_back(TaskId{outcome_.number<std::uint32_t>(1)});
    committed.attempt.push_back(outcome_.number<Attempt>(2));
    committed.outcome.push_back(static_cast<Outcome>(
        outcome_.number<std::uint8_t>(3, static_cast<std::uint64_t>(Outcome::lost))));
    committed.started.push_back(outcome_.instant(4));
    committed.elapsed.push_back(outcome_.duration(5));
    committed.dispatched.push_back(outcome_.instant(6));
    ++read_;
    more_outcomes_ = check_.next(outcomes_);
  }

  Check& check_;
  Statement batches_;
  Statement outcomes_;
  Columns batch_;
  Columns outcome_;
  bool more_batches_;
  bool more_outcomes_;
  std::uint64_t read_ = 0;
};

RunRecords read_records(Check& check, const RunSpec& spec, Duration shift) {
  std::uint64_t accepted = 0;
  Commit commit;
  Commit last;
  read_sessions(check, shift, commit, last);
  last.counters = read_counters(check, shift, accepted);
  Statement mismatches = check.query("SELECT task, result_ns FROM odd_result ORDER BY rowid");
  const Columns row(check, mismatches, shift);
  while (check.next(mismatches)) {
    last.result_mismatches.emplace_back(TaskId{row.number<std::uint32_t>(0)}, row.duration(1));
  }
  Replay replay(spec);
  for (OutcomeReader reader(check, shift); reader.more();) {
    reader.read(commit);
    check.require(replay.apply(commit), "inconsistent outcomes");
    commit = {};
  }
  last.sessions = std::move(commit.sessions);  // not yet applied if there are no outcomes
  last.first_record = replay.records().accepted();
  check.require(last.first_record == accepted, "outcomes and counters do not match");
  check.require(replay.apply(last), "inconsistent sessions");
  return replay.take();
}

std::uint64_t read_published(Check& check) {
  Statement rows = check.query("SELECT published, accepted FROM counters");
  if (!check.next(rows)) return 0;
  const Columns row(check, rows, Duration::zero());
  const auto published = row.number<std::uint64_t>(0);
  check.require(published <= row.number<std::uint64_t>(1), "inconsistent counters");
  return published;
}

std::optional<FinalAccount> read_account(Check& check) {
  Statement rows = check.query(
      "SELECT startup_ns, planning_ns, validation_ns, cpu_seconds, "
      "peak_rss_bytes, exit_status, signal FROM run WHERE state = 'finished'");
  if (!check.next(rows)) return std::nullopt;
  const Columns row(check, rows, Duration::zero());
  FinalAccount account;
  account.startup = row.duration(0);
  account.planning = row.duration(1);
  account.validation = row.duration(2);
  account.coordinator = {rows.real(3), row.number<std::uint64_t>(4)};
  account.exit_status = row.number<int>(5);
  account.signal = row.number<int>(6);
  return account;
}

JournalRun run_of(Check& check, const Statement& rows) {
  const Columns row(check, rows, Duration::zero());
  JournalRun run;
  run.spec.id = row.id<RunId>(0);
  const std::optional<KindId> kind = kind_named(rows.text(1));
  check.require(kind.has_value(), "unknown name: " + rows.text(1));
  run.spec.kind = kind.value_or(KindId{});
  run.spec.traits = traits_of(run.spec.kind);
  run.spec.task_count = row.number<std::uint32_t>(2, limits::task_count);
  run.spec.pause_min = row.duration(3);
  run.spec.pause_max = row.duration(4);
  check.require(run.spec.pause_min >= Duration::zero() && run.spec.pause_max >= run.spec.pause_min,
                "invalid sleep durations");
  run.spec.seed = row.number<std::uint64_t>(5);
  run.spec.method = row.named(6, {CollectionMethod::gather, CollectionMethod::as_complete,
                                  CollectionMethod::wait, CollectionMethod::cancelled});
  run.spec.wait_timeout = row.optional_duration(7);
  run.request = rows.text(8);
  run.created = rows.integer(9);
  return run;
}

}  // namespace

Result<void> Journal::read_run() {
  Check check(database_);
  Statement rows = check.query(
      "SELECT run_id, kind, task_count, pause_min_ns, pause_max_ns, seed, collection_method, "
      "wait_timeout_ns, request, created_unix_ns, state, (SELECT accepted FROM counters) FROM run");
  if (check.require(check.next(rows), "the run is missing")) {
    run_ = run_of(check, rows);
    finished_ = rows.text(10) == "finished";
    accepted_ = static_cast<std::uint64_t>(rows.integer(11));
  }
  if (check.failed()) return check.error(path_);
  return {};
}

Result<std::vector<EpochRecord>> Journal::read_epochs() {
  Check check(database_);
  Statement rows = check.query(
      "SELECT epoch, pid, boot_id, monotonic_ns, boottime_ns, unix_ns, shift_ns FROM epoch "
      "ORDER BY epoch");
  const Columns row(check, rows, Duration::zero());
  std::vector<EpochRecord> epochs;
  while (check.next(rows)) {
    const auto number = row.number<Epoch>(0);
    check.require(number == epochs.size() + 1, "an epoch is missing");
    const EpochStart start{row.number<std::uint32_t>(1), rows.text(2), row.instant(3),
                           row.duration(4), rows.integer(5)};
    epochs.push_back({number, start, row.duration(6)});
  }
  if (check.failed()) return check.error(path_);
  return epochs;
}

Result<JournalContent> Journal::load() {
  // One transaction, so that all queries see the same state.
  if (!database_.execute("BEGIN;")) {
    return permanent("cannot read journal " + path_ + ": " + database_.error().message);
  }
  auto content = load_in_transaction();
  static_cast<void>(database_.execute("COMMIT;"));
  return content;
}

Result<JournalContent> Journal::load_in_transaction() {
  auto epochs = read_epochs();
  if (!epochs) return epochs.error();
  Check check(database_);
  check_pages(check);
  const Duration shift = epoch_ ? epoch_->shift : Duration::zero();
  JournalContent content{read_records(check, run_.spec, shift), accepted_, std::move(*epochs),
                         read_account(check)};
  content.published = read_published(check);
  restore_clocks(check, content.records);
  if (check.failed()) return check.error(path_);
  return content;
}

}  // namespace rollcall::coordinator
