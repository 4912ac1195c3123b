#include "coordinator/core/tasks/task_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/check.h"

namespace rollcall::coordinator {

namespace {

/// Rows of a batch whose memory is prefetched.
constexpr std::size_t kLookAhead = 16;

constexpr Attempt kLastAttempt = std::numeric_limits<Attempt>::max();

/// Whether this attempt never began. The elapsed time of one that was cancelled before is zero.
bool is_unstarted(const OutcomeColumns& outcomes, std::size_t i) {
  const Outcome outcome = outcomes.outcome[i];
  return outcome == Outcome::returned || outcome == Outcome::not_started ||
         (outcome == Outcome::cancelled && outcomes.elapsed[i] == Duration::zero());
}

}  // namespace

/// How many assignments of the task never began.
Attempt TaskTable::unstarted(TaskId task) const {
  const auto found = records_.history.find(task);
  return found == records_.history.end() ? 0 : found->second.unstarted;
}

/// The number of the last attempt as it is sent.
Attempt TaskTable::on_wire(TaskId task) const {
  const Attempt number = records_.attempt[index(task)];
  if (records_.history.empty()) return number;
  return static_cast<Attempt>(std::min<int>(number + unstarted(task), kLastAttempt));
}

ExpiredAttempt TaskTable::last_attempt(TaskId task) const {
  return {on_wire(task), records_.attempt[index(task)], records_.dispatch[index(task)]};
}

std::uint32_t TaskTable::assign(Instant now, SessionIndex session, const Batch& batch,
                                AttemptColumns& out) {
  const auto number = static_cast<std::uint32_t>(records_.dispatches.size());
  CHECK(number != kNoDispatch);
  if (!records_.first_dispatch) records_.first_dispatch = now;
  records_.dispatches.push_back({now, session, batch.count});
  out.task.resize(batch.count);
  out.attempt.resize(batch.count);
  const bool has_history = !records_.history.empty();
  out.number.resize(has_history ? batch.count : 0);
  out.pause.resize(batch.count);
  std::size_t first_time = 0;
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    if (i + kLookAhead < batch.count) look_ahead(batch.at(i + kLookAhead));
    const TaskId task = batch.at(i);
    const std::size_t t = index(task);
    CHECK(is_pending(task));
    const bool is_new =
        has_history ? records_.dispatch[t] == kNoDispatch : records_.attempt[t] == 0;
    first_time += is_new ? 1 : 0;
    records_.dispatch[t] = number;
    records_.set_state(task, TaskState::assigned);
    if (records_.attempt[t] < kLastAttempt) ++records_.attempt[t];
    out.task[i] = task;
    out.attempt[i] = records_.attempt[t];
    out.pause[i] = records_.spec.cost(task);
    if (!has_history) continue;
    out.number[i] = records_.attempt[t];
    out.attempt[i] = on_wire(task);
  }
  records_.tasks_dispatched += first_time;
  pending_ -= batch.count;
  assigned_ += batch.count;
  return number;
}

void TaskTable::describe(std::uint32_t dispatch, const Batch& batch, const ExpiredAttempts& expired,
                         AttemptColumns& out) const {
  out.task.resize(batch.count);
  out.attempt.resize(batch.count);
  out.number.resize(batch.count);
  out.pause.resize(batch.count);
  for (std::size_t i = 0; i < batch.count; ++i) {
    const TaskId task = batch.at(i);
    ExpiredAttempt attempt = last_attempt(task);
    if (attempt.dispatch != dispatch) {  // superseded: repeat the attempt assigned then
      const auto found = expired.find(task);
      if (found != expired.end()) attempt = found->second;
    }
    out.task[i] = task;
    out.attempt[i] = attempt.on_wire;
    out.number[i] = attempt.number;
    out.pause[i] = records_.spec.cost(task);
  }
}

void TaskTable::open_batch(Instant now, std::optional<SessionIndex> session, Duration bound) {
  const auto first = static_cast<std::uint32_t>(records_.accepted());
  if (!records_.batches.empty() && records_.batches.back().first_record == first) {
    records_.batches.pop_back();  // it is empty
  }
  records_.batches.push_back({first, session, now, bound});
}

void TaskTable::record(Instant started, Duration elapsed, TaskId task, Outcome outcome) {
  records_.task.push_back(task);
  records_.started.push_back(started);
  records_.elapsed.push_back(elapsed);
  records_.set_done(task, outcome);
}

/// Tasks are dealt and end in any order, so each of the three columns costs a cache miss.
void TaskTable::look_ahead(TaskId task) const {
  const std::size_t t = index(task);
  if (t >= records_.state.size()) return;
  __builtin_prefetch(&records_.state[t], 1);
  __builtin_prefetch(&records_.dispatch[t]);
  __builtin_prefetch(&records_.attempt[t]);
}

std::uint32_t TaskTable::failures(TaskId task) const {
  const auto found = records_.history.find(task);
  return found == records_.history.end() ? 0 : found->second.failures;
}

bool TaskTable::note_cancelled(TaskId task) {
  if (records_.state_of(task) == TaskState::done) return false;
  return !std::exchange(records_.history[task].is_cancelled, true);
}

bool TaskTable::is_cancelled(TaskId task) const {
  const auto found = records_.history.find(task);
  return found != records_.history.end() && found->second.is_cancelled;
}

std::vector<TaskId> TaskTable::cancelled() const {
  std::vector<TaskId> tasks;
  for (const auto& [task, history] : records_.history) {
    if (history.is_cancelled && records_.state_of(task) != TaskState::done) tasks.push_back(task);
  }
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

/// The number of an attempt that a worker has listed. After a crash, no more attempts are known
/// than were committed.
Attempt TaskTable::number_of(TaskId task, Attempt on_wire) const {
  const auto found = records_.history.find(task);
  const TaskHistory known = found == records_.history.end() ? TaskHistory() : found->second;
  return static_cast<Attempt>(std::clamp(on_wire - known.unstarted, 1, known.attempts + 1));
}

std::optional<SessionAttempt> TaskTable::holder(TaskId task) const {
  if (!is_assigned(task)) return std::nullopt;
  const Dispatch& dispatch = records_.dispatches[records_.dispatch[index(task)]];
  return SessionAttempt{dispatch.session, task, on_wire(task)};
}

bool TaskTable::is_last_of(SessionIndex session, TaskId task, Attempt attempt) const {
  const std::uint32_t dispatch = records_.dispatch[index(task)];
  return dispatch != kNoDispatch && records_.dispatches[dispatch].session == session &&
         on_wire(task) == attempt;
}

void TaskTable::set_last_attempt(TaskId task, const ExpiredAttempt& attempt) {
  records_.dispatch[index(task)] = attempt.dispatch;
  records_.attempt[index(task)] = attempt.number;
  const auto others = static_cast<Attempt>(attempt.on_wire - attempt.number);
  if (others != unstarted(task)) records_.history[task].unstarted = others;
}

/// The last attempt at the task began and has ended.
void TaskTable::attempt_ended(TaskId task) {
  const Attempt number = records_.attempt[index(task)];
  records_.history[task].attempts = number;
  if (number > 1) ++records_.attempts_retried;
}

/// The last attempt at the task was none.
void TaskTable::never_began(TaskId task) {
  if (records_.attempt[index(task)] == 0) return;
  --records_.attempt[index(task)];
  Attempt& unstarted = records_.history[task].unstarted;
  if (unstarted < kLastAttempt) ++unstarted;
}

/// Returns false if the task is still to be done.
bool TaskTable::is_last_word(const OutcomeColumns& outcomes, std::size_t i, std::uint32_t retries,
                             bool ends_cancelled) const {
  const Outcome outcome = outcomes.outcome[i];
  if (outcome == Outcome::not_started || outcome == Outcome::returned) return false;
  if (outcome == Outcome::lost) return false;  // its output is
  const TaskId task = outcomes.task[i];
  if (outcome == Outcome::cancelled) return ends_cancelled || is_cancelled(task);
  if (retries == 0 || (outcome != Outcome::failed && outcome != Outcome::timed_out)) return true;
  if (!outcomes.is_final.empty() && outcomes.is_final[i] != 0) return true;
  return failures(task) >= retries || is_cancelled(task);
}

/// An attempt of the task's owner has ended, and the task has not.
void TaskTable::take_again(const OutcomeColumns& outcomes, std::size_t i, Acceptance& acceptance) {
  const TaskId task = outcomes.task[i];
  const Outcome outcome = outcomes.outcome[i];
  records_.set_state(task, TaskState::pending);
  ++pending_;
  if (outcome == Outcome::failed || outcome == Outcome::timed_out) {
    ++records_.history[task].failures;
    acceptance.failed.push_back(task);
    acceptance.failed_rows.push_back(static_cast<std::uint32_t>(i));
    records_.retry_seconds += to_seconds(outcomes.elapsed[i]);
    return;
  }
  acceptance.returned.push_back(task);
}

Acceptance TaskTable::accept(Instant now, SessionIndex session, const OutcomeColumns& outcomes,
                             const ExpiredAttempts& expired, std::uint32_t retries,
                             bool ends_cancelled) {
  SessionRecord& from = record_of(session);
  open_batch(now, session, from.clock.bound(now));
  Acceptance acceptance;
  acceptance.first_record = records_.accepted();
  std::uint64_t ended = 0;
  // Without a history there is only one attempt at each task.
  bool has_history = !records_.history.empty();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (i + kLookAhead < outcomes.size()) look_ahead(outcomes.task[i + kLookAhead]);
    const TaskId task = outcomes.task[i];
    const std::size_t t = index(task);
    if (t >= records_.state.size()) {
      ++acceptance.unassigned;
      continue;
    }
    const bool is_last = is_last_word(outcomes, i, retries, ends_cancelled);
    if (records_.state_of(task) != TaskState::assigned ||
        records_.dispatches[records_.dispatch[t]].session != session ||
        (has_history ? on_wire(task) : records_.attempt[t]) != outcomes.attempt[i]) {
      if (!accept_late(session, outcomes, i, expired, is_last, acceptance)) continue;
    } else {
      --records_.dispatches[records_.dispatch[t]].remaining;
      ++acceptance.settled;
      --assigned_;
      if (is_unstarted(outcomes, i)) {
        acceptance.unstarted.push_back({task, records_.dispatch[t]});
        never_began(task);
      } else {
        ++ended;
        if (!is_last) attempt_ended(task);
      }
      if (!is_last) take_again(outcomes, i, acceptance);
      has_history = !records_.history.empty();
      if (!is_last) continue;
    }
    record(from.clock.to_coordinator(outcomes.started[i]), outcomes.elapsed[i], task,
           outcomes.outcome[i]);
    if (has_history && records_.attempt[t] > 1) ++records_.attempts_retried;
    if (records_.spec.traits.has_known_cost && outcomes.outcome[i] == Outcome::succeeded &&
        outcomes.result[i] != records_.spec.cost(task)) {
      records_.result_mismatches.emplace_back(task, outcomes.result[i]);
    }
  }
  set_counts(from, from.begun, from.ended + ended);
  acceptance.accepted = records_.accepted() - acceptance.first_record;
  if (acceptance.accepted > 0) {
    records_.last_accepted = now;
    from.last_accepted = now;
    from.tasks_done += acceptance.accepted;
  }
  records_.stale += acceptance.stale + acceptance.unassigned;
  from.stale += acceptance.stale + acceptance.unassigned + acceptance.returned.size() +
                acceptance.failed.size();
  return acceptance;
}

/// An outcome of an attempt that the session no longer owns. Returns true if it is the task's first
/// one, and ends the task.
bool TaskTable::accept_late(SessionIndex session, const OutcomeColumns& outcomes, std::size_t i,
                            const ExpiredAttempts& expired, bool is_last, Acceptance& acceptance) {
  const TaskId task = outcomes.task[i];
  const std::size_t t = index(task);
  const auto found = expired.find(task);
  const bool was_its = found != expired.end();
  if (!was_its || found->second.on_wire != outcomes.attempt[i]) {
    // It may have held earlier attempts too; of those only the last is known after a resume.
    const bool earlier = was_its && outcomes.attempt[i] < found->second.on_wire;
    const bool own = records_.state_of(task) == TaskState::done &&
                     records_.dispatch[t] != kNoDispatch &&
                     records_.dispatches[records_.dispatch[t]].session == session;
    ++(own || earlier ? acceptance.stale : acceptance.unassigned);
    return false;
  }
  const bool has_begun = !is_unstarted(outcomes, i);
  if (!has_begun) {
    acceptance.unstarted.push_back({task, found->second.dispatch});
  } else {
    SessionRecord& from = record_of(session);
    set_counts(from, from.begun + (found->second.is_counted ? 0 : 1), from.ended + 1);
  }
  if (records_.state_of(task) == TaskState::done || !is_last) {
    ++acceptance.stale;
    return false;
  }
  if (is_assigned(task)) {
    Dispatch& newer = records_.dispatches[records_.dispatch[t]];
    --newer.remaining;
    --assigned_;
    acceptance.superseded.push_back({newer.session, task, last_attempt(task)});
  } else {
    --pending_;
  }
  records_.dispatch[t] = found->second.dispatch;
  records_.attempt[t] = static_cast<Attempt>(found->second.number - (has_begun ? 0 : 1));
  return true;
}

void TaskTable::add_tasks(std::uint32_t count, Instant at) {
  records_.add_tasks(count, at);
  pending_ += count;
}

void TaskTable::decide(Instant now, TaskId task, Outcome outcome) {
  CHECK(is_pending(task));
  if (records_.batches.empty() || records_.batches.back().session ||
      records_.batches.back().arrived != now) {
    open_batch(now, std::nullopt, Duration::zero());
  }
  --pending_;
  records_.dispatch[index(task)] = kNoDispatch;
  record(now, Duration::zero(), task, outcome);
  records_.last_accepted = now;
}

void TaskTable::decide_pending(Instant now, Outcome outcome) {
  for (std::size_t t = 0; t < records_.state.size() && pending_ > 0; ++t) {
    if (is_pending(task_at(t))) decide(now, task_at(t), outcome);
  }
}

void TaskTable::decide_failed(Instant now) {
  for (std::size_t t = 0; t < records_.state.size() && pending_ > 0; ++t) {
    const TaskId task = task_at(t);
    if (!is_pending(task) || failures(task) == 0 || is_cancelled(task)) continue;
    decide(now, task, Outcome::failed);
  }
}

/// Returns true if the session owns the task. Of two attempts that are held the later one counts:
/// the earlier was returned. Nor does one count that was followed by another which has ended since:
/// the numbers on the wire never go back.
bool TaskTable::claim(TaskId task, Attempt on_wire, std::uint32_t dispatch, Adoption& adoption) {
  const ExpiredAttempt claimed{on_wire, number_of(task, on_wire), dispatch};
  const ExpiredAttempt known = last_attempt(task);
  const TaskState state = records_.state_of(task);
  const bool is_late = claimed.on_wire < known.on_wire ||
                       (claimed.on_wire == known.on_wire && state == TaskState::assigned);
  if (state == TaskState::done || is_late) {
    ExpiredAttempt& last = adoption.expired[task];
    if (claimed.on_wire > last.on_wire) last = claimed;
    return false;
  }
  if (state == TaskState::assigned) {
    if (known.dispatch == claimed.dispatch) {  // both are in this list
      adoption.expired[task] = known;
      set_last_attempt(task, claimed);
      return false;
    }
    --records_.dispatches[known.dispatch].remaining;
    --assigned_;
    ++pending_;
    adoption.superseded.push_back({records_.dispatches[known.dispatch].session, task, known});
  }
  set_last_attempt(task, claimed);
  records_.set_state(task, TaskState::assigned);
  return true;
}

Adoption TaskTable::adopt(SessionIndex session, const HeldColumns& listed) {
  Adoption adoption;
  adoption.dispatch = static_cast<std::uint32_t>(records_.dispatches.size());
  // The list tells which others have begun.
  set_counts(record_of(session), record_of(session).ended, record_of(session).ended);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const TaskId task = listed.task[i];
    if (index(task) >= records_.state.size() || listed.attempt[i] == 0) continue;
    if (claim(task, listed.attempt[i], adoption.dispatch, adoption)) ++adoption.owned;
  }
  // When each was dispatched is not known any more, but not before its session was welcomed.
  records_.dispatches.push_back(
      {record_of(session).welcomed, session, static_cast<std::uint32_t>(adoption.owned)});
  records_.tasks_dispatched += adoption.owned;
  records_.attempts_adopted += adoption.owned;
  pending_ -= adoption.owned;
  assigned_ += adoption.owned;
  return adoption;
}

void TaskTable::take_back(Instant now, std::uint32_t dispatch, const Batch& batch,
                          std::uint64_t turns, std::uint64_t& running,
                          std::optional<std::uint32_t> max_losses, std::vector<TakenBack>& taken) {
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    const TaskId task = batch.at(i);
    if (!is_held(dispatch, task)) continue;
    records_.set_state(task, TaskState::pending);
    --assigned_;
    ++pending_;
    ExpiredAttempt attempt = last_attempt(task);
    attempt.is_counted = i < turns && running > 0;
    bool is_lost = false;
    if (attempt.is_counted) {
      --running;
      attempt_ended(task);
      is_lost = max_losses && ++records_.history[task].losses >= *max_losses;
    } else {
      never_began(task);
    }
    taken.push_back({task, attempt, !is_lost});
    if (is_lost) decide(now, task, Outcome::lost);
  }
  records_.dispatches[dispatch].remaining = 0;
}

void TaskTable::add_clock_sample(SessionIndex session, const TimeEcho& echo, Instant received) {
  record_of(session).clock.add(echo, received);
}

bool TaskTable::receive_report(SessionIndex session, std::uint64_t number) {
  SessionRecord& record = record_of(session);
  if (number <= record.last_report) ++records_.reports_repeated;
  if (number != record.last_report + 1) return false;
  record.last_report = number;
  return true;
}

void TaskTable::attempts_began(SessionIndex session, std::int64_t more) {
  SessionRecord& record = record_of(session);
  const std::uint64_t begun = record.begun + static_cast<std::uint64_t>(more);
  set_counts(record, std::max(begun, record.ended), record.ended);
}

void TaskTable::set_counts(SessionRecord& session, std::uint64_t begun, std::uint64_t ended) {
  records_.attempts_total -= session.attempts().begun();
  session.begun = begun;
  session.ended = ended;
  records_.attempts_total += session.attempts().begun();
}

void TaskTable::session_said_goodbye(SessionIndex session, const Goodbye& goodbye) {
  record_of(session).goodbye = goodbye;
  end_session(session, SessionEnd::goodbye);
}

/// Attempts that waited for a slot have not begun.
void TaskTable::end_session(SessionIndex session, SessionEnd end) {
  SessionRecord& record = record_of(session);
  const AttemptCounts counts = record.attempts();
  set_counts(record, record.ended + counts.running, record.ended);
  record.end = end;
}

void TaskTable::session_lost(SessionIndex session, const std::string& reason) {
  record_of(session).end_reason = reason;
  end_session(session, SessionEnd::lost);
}

void TaskTable::resume(Instant now) {
  // Committed with the first outcome. Before: no sooner than the first session was welcomed.
  if (!records_.first_dispatch && !records_.sessions.empty()) {
    records_.first_dispatch = records_.sessions.front().welcomed;
  }
  if (!records_.spec.wait_timeout || !records_.first_dispatch || all_done()) return;
  if (now >= *records_.first_dispatch + *records_.spec.wait_timeout) note_wait_timeout();
}

void TaskTable::check_invariants() const {
  std::size_t pending = 0;
  std::size_t assigned = 0;
  std::size_t done = 0;
  for (std::size_t t = 0; t < records_.state.size(); ++t) {
    const TaskState state = records_.state_of(task_at(t));
    ++(state == TaskState::pending ? pending : state == TaskState::assigned ? assigned : done);
  }
  CHECK(pending == pending_);
  CHECK(assigned == assigned_);
  CHECK(done == records_.accepted());
}

}  // namespace rollcall::coordinator
