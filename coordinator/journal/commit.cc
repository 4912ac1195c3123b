#include <algorithm>
#include <array>

#include "common/base/check.h"
#include "common/os/clock.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite/schema.h"
#include "coordinator/journal/statements.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kColumns = 8;

bool insert_session(sqlite::Statement& statement, const CommittedSession& committed,
                    const EpochRecord& epoch) {
  return statement.run(std::int64_t{static_cast<std::uint32_t>(committed.index)},
                       std::string_view(to_hex(committed.id.bytes)),
                       std::string_view(committed.name), std::string_view(committed.host),
                       std::int64_t{committed.pid}, std::int64_t{committed.slots},
                       std::int64_t{committed.is_local}, to_ns(epoch.in_run(committed.welcomed)));
}

bool update_session(sqlite::Statement& statement, const CommittedProgress& committed) {
  std::optional<std::int64_t> reports;
  std::optional<std::int64_t> outcomes;
  std::optional<double> cpu_seconds;
  std::optional<std::int64_t> peak_rss_bytes;
  if (committed.goodbye) {
    reports = committed.goodbye->reports_sent;
    outcomes = committed.goodbye->outcomes_sent;
    cpu_seconds = committed.goodbye->cpu_seconds;
    peak_rss_bytes = committed.goodbye->peak_rss_bytes;
  }
  return statement.run(committed.last_report, committed.stale, committed.begun, committed.ended,
                       to_string(committed.end), std::string_view(committed.end_reason), reports,
                       outcomes, cpu_seconds, peak_rss_bytes,
                       std::int64_t{static_cast<std::uint32_t>(committed.index)});
}

bool update_counters(sqlite::Statement& statement, const CommittedCounters& committed,
                     std::uint64_t accepted, const EpochRecord& epoch) {
  std::optional<std::int64_t> first_dispatch;
  if (committed.first_dispatch) first_dispatch = to_ns(epoch.in_run(*committed.first_dispatch));
  return statement.run(accepted, committed.published, first_dispatch, committed.attempts_total,
                       committed.attempts_retried, committed.attempts_adopted, committed.stale,
                       committed.reports_repeated, std::int64_t{committed.wait_timeout_passed},
                       std::int64_t{committed.stop_requested}, std::int64_t{epoch.epoch});
}

/// The clock bound of a session at the end of the run, as the run document reports it.
std::optional<Duration> clock_bound_at_end(const RunRecords& records, SessionIndex session) {
  const SessionRecord& record = records.sessions[index(session)];
  if (!record.clock.known()) return std::nullopt;
  const Instant end = record.last_accepted.value_or(record.welcomed);
  return record.clock.bound(std::max(end, records.last_accepted.value_or(end)));
}

/// Inserts rows of outcomes, several with one statement, and adds them to the digest of their
/// batch.
class OutcomeRows {
 public:
  OutcomeRows(const RunSpec& spec, const EpochRecord& epoch, const CommittedOutcomes& committed,
              std::uint64_t accepted, sqlite::Digest& digest)
      : spec_(spec), epoch_(epoch), committed_(committed), accepted_(accepted), digest_(digest) {}

  /// Binds rows [from, from + count) to the parameters of `statement` and runs it.
  bool run(sqlite::Statement& statement, std::size_t from, std::size_t count) {
    int place = 0;
    for (std::size_t i = from; i < from + count; ++i) {
      const std::array<std::int64_t, kColumns> row = {
          static_cast<std::int64_t>(accepted_ + i + 1),
          static_cast<std::int64_t>(index(committed_.task[i])),
          committed_.attempt[i],
          static_cast<std::int64_t>(committed_.outcome[i]),
          spec_.pause(committed_.task[i]).count(),
          to_ns(epoch_.in_run(committed_.started[i])),
          committed_.elapsed[i].count(),
          to_ns(epoch_.in_run(committed_.dispatched[i]))};
      for (const std::int64_t value : row) {
        statement.bind(++place, value);
        digest_.add(value);
      }
    }
    return statement.finish();
  }

 private:
  const RunSpec& spec_;
  const EpochRecord& epoch_;
  const CommittedOutcomes& committed_;
  std::uint64_t accepted_;
  sqlite::Digest& digest_;
};

}  // namespace

bool Journal::write(const CommittedSession& committed) {
  return change_rows(
      Part::session, statements_->select_session,
      [&] { return insert_session(statements_->session, committed, *epoch_); },
      std::int64_t{static_cast<std::uint32_t>(committed.index)});
}

bool Journal::write(const CommittedProgress& committed) {
  return change_rows(
      Part::session, statements_->select_session,
      [&] { return update_session(statements_->progress, committed); },
      std::int64_t{static_cast<std::uint32_t>(committed.index)});
}

bool Journal::write(TaskId task, const TaskHistory& history) {
  const auto key = static_cast<std::int64_t>(index(task));
  return change_rows(
      Part::history, statements_->select_history,
      [&] {
        return statements_->history.run(
            key, std::int64_t{history.attempts}, std::int64_t{history.unstarted},
            std::int64_t{history.losses}, std::int64_t{history.failures},
            std::int64_t{history.is_cancelled});
      },
      key);
}

bool Journal::write(const CommittedOutcomes& committed, std::uint64_t accepted) {
  CHECK(committed.size() > 0);
  const std::uint64_t first = accepted + 1;
  const std::int64_t arrived = to_ns(epoch_->in_run(committed.arrived));
  std::optional<std::int64_t> session;
  std::optional<std::int64_t> clock_bound;
  if (committed.session) session = static_cast<std::uint32_t>(*committed.session);
  if (committed.clock_bound != Duration::max()) clock_bound = committed.clock_bound.count();
  sqlite::Digest digest(pending_[Part::batch]);
  digest.add(first);
  digest.add(session);
  digest.add(arrived);
  digest.add(clock_bound);

  OutcomeRows rows(run_.spec, *epoch_, committed, accepted, digest);
  std::size_t done = 0;
  for (; done + Statements::kRowsAtOnce <= committed.size(); done += Statements::kRowsAtOnce) {
    if (!rows.run(statements_->outcomes, done, Statements::kRowsAtOnce)) return false;
  }
  for (; done < committed.size(); ++done) {
    if (!rows.run(statements_->outcome, done, 1)) return false;
  }
  pending_[Part::batch] = digest.value();
  return statements_->batch.run(first, session, arrived, clock_bound, digest.value());
}

bool Journal::write(const CommittedCounters& committed, std::uint64_t accepted) {
  return change_rows(Part::counters, statements_->select_counters, [&] {
    if (!update_counters(statements_->counters, committed, accepted, *epoch_)) return false;
    fenced_ = database_.changes() == 0;
    return !fenced_;
  });
}

bool Journal::write(const Commit& commit, std::uint64_t accepted, RunSpec& spec) {
  CHECK(commit.first_record == accepted);
  if (commit.tasks && !write(*commit.tasks, spec)) return false;
  for (const CommittedSession& session : commit.sessions) {
    if (!write(session)) return false;
  }
  for (const CommittedOutcomes& outcomes : commit.outcomes) {
    if (!write(outcomes, accepted)) return false;
    accepted += outcomes.size();
  }
  for (const CommittedCommand& command : commit.commands) {
    if (!write(command)) return false;
  }
  for (const CommittedProgress& progress : commit.progress) {
    if (!write(progress)) return false;
  }
  for (const auto& [task, history] : commit.history) {
    if (!write(task, history)) return false;
  }
  for (const auto& [task, result] : commit.result_mismatches) {
    const bool done = insert(Part::odd_result, statements_->result_mismatch,
                             static_cast<std::int64_t>(index(task)), std::int64_t{result.count()});
    if (!done) return false;
  }
  return true;
}

Result<void> Journal::commit(std::span<const std::shared_ptr<const Commit>> commits) {
  CHECK(epoch_.has_value());
  if (commits.empty()) return {};
  std::uint64_t accepted = accepted_;
  RunSpec spec = run_.spec;
  auto committed = in_transaction([&] {
    for (const auto& commit : commits) {
      if (!write(*commit, accepted, spec)) return false;
      accepted += commit->outcome_count();
    }
    return write(commits.back()->counters, accepted);
  });
  if (!committed) return committed;
  accepted_ = accepted;
  run_.spec = spec;
  return {};
}

Result<void> Journal::commit(const Commit& commit) {
  const std::shared_ptr<const Commit> borrowed(std::shared_ptr<void>(), &commit);
  return this->commit({&borrowed, 1});
}

Result<void> Journal::note_published(const RunRecords& records, std::uint64_t published) {
  CHECK(epoch_.has_value());
  const CommittedCounters counters =
      committed_counters(records, std::min<std::uint64_t>(published, accepted_));
  return in_transaction([&] { return write(counters, accepted_); });
}

Result<void> Journal::finish(const RunRecords& records, const FinalAccount& account) {
  CHECK(epoch_.has_value() && records.accepted() == accepted_);
  auto bound = database_.prepare("UPDATE session SET clock_bound_ns = ? WHERE session = ?");
  auto end = database_.prepare(
      "UPDATE run SET state = 'finished', finished_unix_ns = ?, startup_ns = ?, planning_ns = ?, "
      "validation_ns = ?, cpu_seconds = ?, peak_rss_bytes = ?, exit_status = ?, signal = ?");
  auto select = database_.prepare("SELECT * FROM run");
  if (!bound || !end || !select) return write_error();
  const CommittedCounters counters = committed_counters(records, accepted_);
  auto committed = in_transaction([&] {
    for (std::uint32_t i = 0; i < records.sessions.size(); ++i) {
      const SessionIndex session{i};
      const std::optional<Duration> last = clock_bound_at_end(records, session);
      std::optional<std::int64_t> ns;
      if (last) ns = last->count();
      const auto set_bound = [&] { return bound->run(ns, std::int64_t{i}); };
      if (!write(committed_progress(records, session)) ||
          !change_rows(Part::session, statements_->select_session, set_bound, std::int64_t{i})) {
        return false;
      }
    }
    const auto end_run = [&] {
      return end->run(std::int64_t{os::unix_time().count()}, std::int64_t{account.startup.count()},
                      std::int64_t{account.planning.count()},
                      std::int64_t{account.validation.count()}, account.coordinator.cpu_seconds,
                      account.coordinator.peak_rss_bytes, std::int64_t{account.exit_status},
                      std::int64_t{account.signal});
    };
    return write(counters, accepted_) && change_rows(Part::run, *select, end_run);
  });
  if (committed) finished_ = true;
  return committed;
}

}  // namespace rollcall::coordinator
