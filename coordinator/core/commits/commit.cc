#include "coordinator/core/commits/commit.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

void apply_counters(const CommittedCounters& committed, RunRecords& records) {
  records.first_dispatch = committed.first_dispatch;
  records.attempts_total = committed.attempts_total;
  records.attempts_retried = committed.attempts_retried;
  records.attempts_adopted = committed.attempts_adopted;
  records.stale = committed.stale;
  records.reports_repeated = committed.reports_repeated;
  records.wait_timeout_passed = committed.wait_timeout_passed;
  records.stop_requested = committed.stop_requested;
}

CommittedOutcomes outcomes_of(const RunRecords& records, const AcceptedBatch& batch,
                              std::size_t first, std::size_t end) {
  CommittedOutcomes committed;
  committed.session = batch.session;
  committed.arrived = batch.arrived;
  committed.clock_bound = batch.clock_bound;
  const auto from = static_cast<std::ptrdiff_t>(first);
  const auto to = static_cast<std::ptrdiff_t>(end);
  committed.task.assign(records.task.begin() + from, records.task.begin() + to);
  committed.started.assign(records.started.begin() + from, records.started.begin() + to);
  committed.elapsed.assign(records.elapsed.begin() + from, records.elapsed.begin() + to);
  committed.attempt.reserve(end - first);
  committed.outcome.reserve(end - first);
  committed.dispatched.reserve(end - first);
  for (const TaskId task : committed.task) {
    const std::uint32_t dispatch = records.dispatch[index(task)];
    committed.attempt.push_back(records.attempt[index(task)]);
    committed.outcome.push_back(records.outcome_of(task));
    committed.dispatched.push_back(dispatch == kNoDispatch ? batch.arrived
                                                           : records.dispatches[dispatch].at);
  }
  return committed;
}

}  // namespace

std::uint64_t Commit::outcome_count() const {
  std::uint64_t count = 0;
  for (const CommittedOutcomes& committed : outcomes) count += committed.size();
  return count;
}

void add_outcomes(const RunRecords& records, std::size_t first, Commit& commit) {
  CHECK(commit.outcomes.empty());
  commit.first_record = first;
  const auto after = std::upper_bound(
      records.batches.begin(), records.batches.end(), first,
      [](std::size_t record, const AcceptedBatch& batch) { return record < batch.first_record; });
  const auto place = static_cast<std::size_t>(after - records.batches.begin());
  for (std::size_t b = place == 0 ? 0 : place - 1; b < records.batches.size(); ++b) {
    const std::size_t begin = std::max<std::size_t>(first, records.batches[b].first_record);
    const std::size_t end = records.batch_end(b);
    if (begin < end) {
      commit.outcomes.push_back(outcomes_of(records, records.batches[b], begin, end));
    }
  }
}

CommittedSession committed_session(const RunRecords& records, SessionIndex session) {
  const SessionRecord& record = records.sessions[index(session)];
  return {session,    record.id,    record.name,     record.host,
          record.pid, record.slots, record.is_local, record.welcomed};
}

CommittedProgress committed_progress(const RunRecords& records, SessionIndex session) {
  const SessionRecord& record = records.sessions[index(session)];
  return {session,      record.last_report, record.stale,      record.begun,
          record.ended, record.end,         record.end_reason, record.goodbye};
}

CommittedCounters committed_counters(const RunRecords& records, std::uint64_t published) {
  CommittedCounters committed;
  committed.first_dispatch = records.first_dispatch;
  committed.attempts_total = records.attempts_total;
  committed.attempts_retried = records.attempts_retried;
  committed.attempts_adopted = records.attempts_adopted;
  committed.stale = records.stale;
  committed.reports_repeated = records.reports_repeated;
  committed.published = published;
  committed.wait_timeout_passed = records.wait_timeout_passed;
  committed.stop_requested = records.stop_requested;
  return committed;
}

bool Replay::apply(const Commit& commit) {
  if (commit.first_record != records_.accepted()) return false;
  if (commit.tasks && !apply(*commit.tasks)) return false;
  const auto all = [&](const auto& rows) {
    return std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return apply(row); });
  };
  if (!all(commit.sessions) || !all(commit.outcomes) || !all(commit.progress)) return false;
  records_.result_mismatches.insert(records_.result_mismatches.end(),
                                    commit.result_mismatches.begin(),
                                    commit.result_mismatches.end());
  for (const auto& [task, history] : commit.history) {
    if (index(task) >= records_.state.size()) return false;
    records_.history[task] = history;
    if (records_.state_of(task) == TaskState::pending) {
      records_.attempt[index(task)] = history.attempts;
    }
  }
  apply_counters(commit.counters, records_);
  return true;
}

bool Replay::apply(const CommittedTasks& committed) {
  if (!records_.spec.is_open) return false;
  if (committed.count > limits::task_count - records_.spec.task_count) return false;
  records_.add_tasks(committed.count, committed.at);
  if (committed.is_last) records_.close(committed.error);
  return true;
}

bool Replay::apply(const CommittedSession& committed) {
  if (index(committed.index) != records_.sessions.size()) return false;
  SessionRecord record;
  record.id = committed.id;
  record.name = committed.name;
  record.host = committed.host;
  record.pid = committed.pid;
  record.slots = committed.slots;
  record.is_local = committed.is_local;
  record.welcomed = committed.welcomed;
  records_.sessions.push_back(std::move(record));
  return true;
}

bool Replay::apply(const CommittedProgress& committed) {
  if (index(committed.index) >= records_.sessions.size()) return false;
  SessionRecord& record = records_.sessions[index(committed.index)];
  record.last_report = committed.last_report;
  record.stale = committed.stale;
  if (committed.ended > committed.begun) return false;
  record.begun = committed.begun;
  record.ended = committed.ended;
  record.end = committed.end;
  record.end_reason = committed.end_reason;
  record.goodbye = committed.goodbye;
  return true;
}

bool Replay::apply(const CommittedOutcomes& committed) {
  if (committed.session && index(*committed.session) >= records_.sessions.size()) return false;
  records_.batches.push_back({static_cast<std::uint32_t>(records_.accepted()), committed.session,
                              committed.arrived, committed.clock_bound});
  for (std::size_t i = 0; i < committed.size(); ++i) {
    const TaskId task = committed.task[i];
    if (index(task) >= records_.state.size()) return false;
    if (records_.state_of(task) == TaskState::done) return false;
    records_.dispatch[index(task)] =
        committed.session ? dispatch_at(committed.dispatched[i], *committed.session) : kNoDispatch;
    records_.attempt[index(task)] = committed.attempt[i];
    records_.set_done(task, committed.outcome[i]);
    records_.task.push_back(task);
    records_.started.push_back(committed.started[i]);
    records_.elapsed.push_back(committed.elapsed[i]);
  }
  records_.last_accepted = committed.arrived;
  if (!committed.session) return true;
  SessionRecord& session = records_.sessions[index(*committed.session)];
  session.last_accepted = committed.arrived;
  session.tasks_done += committed.size();
  return true;
}

/// Only the time and the session of a dispatch are committed, so these two identify it.
std::uint32_t Replay::dispatch_at(Instant at, SessionIndex session) {
  const auto next = static_cast<std::uint32_t>(records_.dispatches.size());
  const auto [place, is_new] = dispatches_.try_emplace({to_ns(at), session}, next);
  if (is_new) records_.dispatches.push_back({at, session, 0});
  return place->second;
}

}  // namespace rollcall::coordinator
