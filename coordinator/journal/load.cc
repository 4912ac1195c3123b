#include <fmt/core.h>

#include <limits>
#include <string_view>

#include "coordinator/journal/job.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite/rows.h"
#include "coordinator/journal/sqlite/schema.h"

namespace rollcall::coordinator {
namespace {

using sqlite::Check;
using sqlite::Columns;
using sqlite::Digest;
using sqlite::Statement;

/// Outcomes that are passed to Replay at a time.
constexpr std::size_t kOutcomesAtOnce = 1U << 16U;

/// Batches of a journal without checksums.
constexpr const char* kSelectOldBatches =
    "SELECT first_accepted, session, arrived_ns, clock_bound_ns, NULL FROM batch "
    "ORDER BY first_accepted";

void check_pages(Check& check) {
  Statement rows = check.query("PRAGMA quick_check(1)");
  const bool is_whole = check.next(rows) && rows.text(0) == "ok";
  check.require(is_whole, "inconsistent database pages");
}

/// Reads sessions into `first` and their final state into `last`.
void read_sessions(Check& check, Duration shift, bool is_current, Commit& first, Commit& last) {
  const std::string sql = fmt::format(
      "SELECT session, session_id, name, host, pid, slots, is_local, welcomed_ns, last_report, "
      "stale, state, end_reason, goodbye_reports, goodbye_outcomes, goodbye_cpu_seconds, "
      "goodbye_peak_rss_bytes, {} FROM session ORDER BY session",
      is_current ? "begun, ended" : "0, 0");
  Statement rows = check.query(sql.c_str());
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
         row.number<std::uint64_t>(16), row.number<std::uint64_t>(17),
         row.named(10, {SessionEnd::none, SessionEnd::goodbye, SessionEnd::lost}), rows.text(11),
         goodbye});
  }
}

/// Before version 3 no single task could be cancelled.
void read_history(Check& check, std::int64_t version, Commit& into) {
  const std::string sql = fmt::format(
      "SELECT task, attempts, unstarted, losses, failures, {} FROM history ORDER BY task",
      version < 3 ? "0" : "cancelled");
  Statement rows = check.query(sql.c_str());
  const Columns row(check, rows, Duration::zero());
  while (check.next(rows)) {
    into.history.push_back(
        {TaskId{row.number<std::uint32_t>(0)},
         {row.number<Attempt>(1), row.number<Attempt>(2), row.number<std::uint32_t>(3),
          row.number<std::uint32_t>(4), row.flag(5)}});
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
    if (!check.require(index < records.sessions.size(), "a session is missing")) return;
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

/// Reads outcomes in order, batch by batch, and checks each batch with its checksum, if any.
class OutcomeReader {
 public:
  OutcomeReader(Check& check, Duration shift, bool has_checksums)
      : check_(check),
        has_checksums_(has_checksums),
        batches_(check.query(has_checksums ? kSelectBatches : kSelectOldBatches)),
        outcomes_(check.query(kSelectOutcomes)),
        batch_(check, batches_, shift),
        outcome_(check, outcomes_, shift),
        more_batches_(check.next(batches_)),
        more_outcomes_(check.next(outcomes_)) {}

  bool more() const { return more_outcomes_; }
  /// The outcomes of all batches that were read and agree with their checksums.
  std::uint64_t intact() const { return intact_; }
  /// The checksum of the last batch.
  std::uint64_t last_digest() const { return digest_.value_or(0); }

  /// Appends whole batches to `commit` until it has at least kOutcomesAtOnce outcomes.
  void read(Commit& commit) {
    commit.first_record = read_;
    while (more_outcomes_ && read_ - commit.first_record < kOutcomesAtOnce) {
      check_.require(more_batches_ && batch_.number<std::uint64_t>(0) == read_ + 1,
                     "batches and outcomes do not match");
      commit.outcomes.push_back(begin_batch());
      Digest digest = batch_digest(last_digest(), batches_);
      const std::int64_t stored = batches_.integer(kBatchColumns);
      more_batches_ = check_.next(batches_);
      const std::uint64_t end = more_batches_ ? batch_.number<std::uint64_t>(0)
                                              : std::numeric_limits<std::uint64_t>::max();
      while (more_outcomes_ && read_ + 1 < end) append(commit.outcomes.back(), digest);
      check_batch(digest.value(), stored);
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

  void check_batch(std::uint64_t digest, std::int64_t stored) {
    digest_ = digest;
    if (!has_checksums_) return;
    check_.require(static_cast<std::int64_t>(digest) == stored,
                   fmt::format("results {} to {} have changed", intact_ + 1, read_));
    if (!check_.failed()) intact_ = read_;
  }

  void append(CommittedOutcomes& committed, Digest& digest) {
    outcomes_.add_to(digest, kOutcomeColumns);
    check_.require(outcome_.number<std::uint64_t>(0) == read_ + 1, "an outcome is missing");
    committed.task.push_back(TaskId{outcome_.number<std::uint32_t>(1)});
    committed.attempt.push_back(outcome_.number<Attempt>(2));
    committed.outcome.push_back(static_cast<Outcome>(
        outcome_.number<std::uint8_t>(3, static_cast<std::uint64_t>(Outcome::lost))));
    committed.started.push_back(outcome_.instant(5));
    committed.elapsed.push_back(outcome_.duration(6));
    committed.dispatched.push_back(outcome_.instant(7));
    ++read_;
    more_outcomes_ = check_.next(outcomes_);
  }

  Check& check_;
  bool has_checksums_;
  Statement batches_;
  Statement outcomes_;
  Columns batch_;
  Columns outcome_;
  bool more_batches_;
  bool more_outcomes_;
  std::uint64_t read_ = 0;
  std::uint64_t intact_ = 0;
  std::optional<std::uint64_t> digest_;
};

/// For a journal of an earlier version: every attempt up to the accepted one is counted where that
/// one ran. As in add_missing_columns().
void count_attempts(RunRecords& records) {
  for (std::size_t b = 0; b < records.batches.size(); ++b) {
    const AcceptedBatch& batch = records.batches[b];
    for (std::size_t r = batch.first_record; batch.session && r < records.batch_end(b); ++r) {
      SessionRecord& session = records.sessions[index(*batch.session)];
      session.ended += records.attempt[index(records.task[r])];
    }
  }
  for (SessionRecord& session : records.sessions) session.begun = session.ended;
}

/// The checksum of the last batch is `last_digest`; nullopt if the journal has no checksums.
RunRecords read_records(Check& check, const RunSpec& spec, Duration shift,
                        std::optional<std::uint64_t> last_digest, std::int64_t version) {
  std::uint64_t accepted = 0;
  Commit commit;
  Commit last;
  const bool is_current = last_digest.has_value();
  read_sessions(check, shift, is_current, commit, last);
  if (is_current) read_history(check, version, last);
  last.counters = read_counters(check, shift, accepted);
  Statement mismatches = check.query("SELECT task, result_ns FROM odd_result ORDER BY rowid");
  const Columns row(check, mismatches, shift);
  while (check.next(mismatches)) {
    last.result_mismatches.emplace_back(TaskId{row.number<std::uint32_t>(0)}, row.duration(1));
  }
  Replay replay(spec);
  OutcomeReader reader(check, shift, last_digest.has_value());
  while (reader.more()) {
    reader.read(commit);
    if (check.failed()) break;
    check.require(replay.apply(commit), "inconsistent outcomes");
    commit = {};
  }
  check.require(reader.last_digest() == last_digest.value_or(reader.last_digest()),
                "the last results are missing");
  last.sessions = std::move(commit.sessions);  // not yet applied if there are no outcomes
  last.first_record = replay.records().accepted();
  check.require(last.first_record == accepted, "outcomes and counters do not match");
  check.require(replay.apply(last), "inconsistent sessions");
  RunRecords records = replay.take();
  if (!is_current) count_attempts(records);
  return records;
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
  run.spec.pause_min = row.duration(1);
  run.spec.pause_max = row.duration(2);
  check.require(run.spec.pause_min >= Duration::zero() && run.spec.pause_max >= run.spec.pause_min,
                "invalid sleep durations");
  run.spec.seed = row.number<std::uint64_t>(3);
  run.spec.method = row.named(4, {CollectionMethod::gather, CollectionMethod::as_complete,
                                  CollectionMethod::wait, CollectionMethod::cancelled});
  run.spec.wait_timeout = row.optional_duration(5);
  run.request = rows.text(6);
  run.created = rows.integer(7);
  return run;
}

}  // namespace

void Journal::read_format(Check& check) {
  {
    Statement rows = check.query("PRAGMA user_version");
    if (check.next(rows)) version_ = rows.integer(0);
  }
  const bool is_known = version_ >= kOldestJournalVersion && version_ <= kJournalVersion;
  check.require(is_known, fmt::format("unknown version {}", version_));
  has_checksums_ = has_checksums(check);
  if (!has_checksums_ || check.failed()) return;
  checksums_ = Checksums::read(check, version_ == 1 ? kPartsOfVersion1 : kPartNames.size());
}

StoredJob Journal::read_run(Check& check) {
  Statement rows = check.query(
      "SELECT run_id, pause_min_ns, pause_max_ns, seed, collection_method, wait_timeout_ns, "
      "request, created_unix_ns, state, (SELECT accepted FROM counters) FROM run");
  if (!check.require(check.next(rows), "the run is missing")) return {};
  run_ = run_of(check, rows);
  finished_ = rows.text(8) == "finished";
  accepted_ = static_cast<std::uint64_t>(rows.integer(9));
  StoredJob job = read_job(check, version_, epoch_ ? epoch_->shift : Duration::zero());
  run_.spec.kind = job.kind;
  run_.spec.traits = traits_of(job.kind);
  run_.spec.task_count = job.task_count;
  run_.spec.is_open = job.is_open;
  run_.source = job.source;
  return job;
}

std::vector<EpochRecord> Journal::read_epochs(Check& check) {
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
  Statement newest = check.query("SELECT epoch FROM counters");
  if (check.next(newest)) {
    check.require(newest.integer(0) == static_cast<std::int64_t>(epochs.size()),
                  "an epoch is missing");
  }
  return epochs;
}

Result<void> Journal::read_consistently(const std::function<void(Check&)>& read) {
  Check check(database_);
  if (check.begin()) {
    // As long as this object does not write, another coordinator may.
    if (!statements_) read_format(check);
    if (!check.failed()) read(check);
  }
  std::optional<Error> error;
  if (check.failed()) error = error_of(check);
  static_cast<void>(database_.execute("COMMIT;"));
  if (error) return *error;
  return {};
}

Result<void> Journal::prepare() {
  // Before the database, which may get commits meanwhile.
  const std::optional<CommitCounter::Count> counted = CommitCounter::read(path_);
  return read_consistently([&](Check& check) { check_state(check, counted); });
}

void Journal::check_state(Check& check, const std::optional<CommitCounter::Count>& counted) {
  read_run(check);
  if (has_checksums_ && !check.failed()) check_log(check, counted);
  if (check.failed()) return;
  read_epochs(check);
  for (const Part part : {Part::tables, Part::run, Part::epoch, Part::session, Part::history,
                          Part::odd_result, Part::counters, Part::job, Part::segment}) {
    check_sum(check, part);
  }
}

void Journal::check_log(Check& check, const std::optional<CommitCounter::Count>& counted) const {
  if (!counted || counted->run != run_.spec.id) {
    check.require(!checksums_.log_needed, fmt::format("{}-wal is missing or damaged", path_));
    return;
  }
  check.require(checksums_.commits >= counted->commits,
                fmt::format("{}-wal is missing or damaged: only {} of at least {} commits are left",
                            path_, checksums_.commits, counted->commits));
}

void Journal::check_sum(Check& check, Part part, std::optional<std::uint64_t> sum) const {
  if (!has_checksums_ || check.failed()) return;
  const std::uint64_t found = sum ? *sum : sum_of_table(check, part);
  const std::string_view name = kPartNames[static_cast<std::size_t>(part)];
  check.require(found == checksums_[part], part == Part::tables
                                               ? "the tables' definitions have changed"
                                               : fmt::format("table {} has changed", name));
}

Error Journal::error_of(const Check& check) {
  Error error = check.error(path_);
  if (check.is_damage() && has_checksums_) {
    error.message += fmt::format("; its first {} results are intact", intact_outcomes());
  }
  return error;
}

std::uint64_t Journal::intact_outcomes() {
  Check check(database_);
  OutcomeReader reader(check, Duration::zero(), has_checksums_);
  while (reader.more() && !check.failed()) {
    Commit unused;
    reader.read(unused);
  }
  return reader.intact();
}

Result<JournalContent> Journal::load() {
  std::optional<JournalContent> content;
  auto read = read_consistently([&](Check& check) { content = load(check); });
  if (!read) return read.error();
  return std::move(*content);
}

JournalContent Journal::load(Check& check) {
  const StoredJob job = read_run(check);
  std::vector<EpochRecord> epochs = read_epochs(check);
  check_pages(check);
  std::optional<std::uint64_t> last_digest;
  if (has_checksums_) last_digest = checksums_[Part::batch];
  const Duration shift = epoch_ ? epoch_->shift : Duration::zero();
  JournalContent content{read_records(check, run_.spec, shift, last_digest, version_), accepted_,
                         std::move(epochs), read_account(check)};
  content.published = read_published(check);
  content.records.input_error = job.input_error;
  content.records.last_added = job.last_added;
  for (std::size_t i = 1; i < content.epochs.size(); ++i) {
    const EpochRecord& epoch = content.epochs[i];
    content.records.resumed.push_back(epoch.in_run(epoch.start.monotonic) - shift);
  }
  restore_clocks(check, content.records);
  return content;
}

}  // namespace rollcall::coordinator
