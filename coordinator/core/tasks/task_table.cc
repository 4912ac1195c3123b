#include "coordinator/core/tasks/task_table.h"

#include <algorithm>
#include <limits>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

namespace {

/// Rows of a batch that memory is asked for before their turn.
constexpr std::size_t kLookAhead = 16;

}  // namespace

std::uint32_t TaskTable::assign(Instant now, Session& session, const Batch& batch,
                                AttemptColumns& out) {
  const auto number = static_cast<std::uint32_t>(records_.dispatches.size());
  CHECK(number != kNoDispatch);
  records_.dispatches.push_back({now, session.index, batch.count});
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    if (i + kLookAhead < batch.count) look_ahead(batch.at(i + kLookAhead));
    const std::size_t t = index(batch.at(i));
    CHECK(records_.state_of(task_at(t)) == TaskState::pending);
    records_.dispatch[t] = number;
    records_.set_state(task_at(t), TaskState::assigned);
    const bool is_counted = !returned_.empty() && returned_.erase(task_at(t)) > 0;
    if (records_.attempt[t] != 0 && !is_counted) ++records_.attempts_retried;
    if (records_.attempt[t] < std::numeric_limits<Attempt>::max()) ++records_.attempt[t];
  }
  records_.attempts_total += batch.count;
  pending_ -= batch.count;
  assigned_ += batch.count;
  session.held += batch.count;
  HeldAssignment held;
  held.dispatch = number;
  held.number = ++session.assignments_sent;
  held.first_position = session.attempts_assigned;
  held.sent = now;
  held.batch = batch;
  session.attempts_assigned += batch.count;
  describe(session, held, out);
  session.held_assignments.push_back(std::move(held));
  return number;
}

void TaskTable::describe(const Session& session, const HeldAssignment& held,
                         AttemptColumns& out) const {
  const std::size_t count = held.batch.count;
  out.task.resize(count);
  out.attempt.resize(count);
  out.pause.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const TaskId task = held.batch.at(i);
    out.task[i] = task;
    out.attempt[i] = records_.attempt[index(task)];
    if (records_.dispatch[index(task)] != held.dispatch) {  // superseded: what was assigned stays
      const auto expired = session.expired.find(task);
      if (expired != session.expired.end()) out.attempt[i] = expired->second.attempt;
    }
    out.pause[i] = records_.spec.cost(task);
  }
}

void TaskTable::open_batch(Instant now, std::optional<SessionIndex> session, Duration bound) {
  const auto first = static_cast<std::uint32_t>(records_.accepted());
  if (!records_.batches.empty() && records_.batches.back().first_record == first) {
    records_.batches.pop_back();  // nothing came of it
  }
  records_.batches.push_back({first, session, now, bound});
}

void TaskTable::record(Instant started, Duration elapsed, TaskId task, Outcome outcome) {
  records_.task.push_back(task);
  records_.started.push_back(started);
  records_.elapsed.push_back(elapsed);
  records_.set_done(task, outcome);
}

/// Tasks are dealt and end in any order, and three columns away from memory each is a wait of its
/// own.
void TaskTable::look_ahead(TaskId task) const {
  const std::size_t t = index(task);
  if (t >= records_.state.size()) return;
  __builtin_prefetch(&records_.state[t], 1);
  __builtin_prefetch(&records_.dispatch[t]);
  __builtin_prefetch(&records_.attempt[t]);
}

std::uint32_t TaskTable::failures(TaskId task) const {
  const auto found = failures_.find(task);
  return found == failures_.end() ? 0 : found->second;
}

/// False: the task is still to be done.
bool TaskTable::is_last_word(TaskId task, Outcome outcome, std::uint32_t retries) const {
  if (outcome == Outcome::not_started || outcome == Outcome::returned) return false;
  if (retries == 0 || (outcome != Outcome::failed && outcome != Outcome::timed_out)) return true;
  return failures(task) >= retries;
}

/// An attempt of its owner has ended, and the task has not.
void TaskTable::take_again(TaskId task, Outcome outcome, Acceptance& acceptance) {
  records_.set_state(task, TaskState::pending);
  ++pending_;
  if (outcome == Outcome::failed || outcome == Outcome::timed_out) {
    ++failures_[task];
    acceptance.failed.push_back(task);
    return;
  }
  acceptance.returned.push_back(task);
  if (outcome != Outcome::returned) return;
  ++acceptance.unstarted_returns;
  --records_.attempts_total;
  returned_.insert(task);
}

Acceptance TaskTable::accept(Instant now, Session& session, const OutcomeColumns& outcomes,
                             std::uint32_t retries) {
  SessionRecord& record_of = records_.sessions[index(session.index)];
  open_batch(now, session.index, record_of.clock.bound(now));
  Acceptance acceptance;
  acceptance.first_record = records_.accepted();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (i + kLookAhead < outcomes.size()) look_ahead(outcomes.task[i + kLookAhead]);
    const TaskId task = outcomes.task[i];
    const std::size_t t = index(task);
    if (t >= records_.state.size()) {
      ++acceptance.unassigned;
      continue;
    }
    if (records_.state_of(task) != TaskState::assigned ||
        records_.dispatches[records_.dispatch[t]].session != session.index ||
        records_.attempt[t] != outcomes.attempt[i]) {
      if (!accept_late(session, outcomes, i, retries, acceptance)) continue;
    } else {
      --records_.dispatches[records_.dispatch[t]].remaining;
      --session.held;
      --assigned_;
      if (!is_last_word(task, outcomes.outcome[i], retries)) {
        take_again(task, outcomes.outcome[i], acceptance);
        continue;
      }
    }
    record(record_of.clock.to_coordinator(outcomes.started[i]), outcomes.elapsed[i], task,
           outcomes.outcome[i]);
    session.count_run_time(std::min(outcomes.elapsed[i], limits::longest_duration));
    if (records_.spec.traits.has_known_cost && outcomes.outcome[i] == Outcome::succeeded &&
        outcomes.result[i] != records_.spec.cost(task)) {
      records_.result_mismatches.emplace_back(task, outcomes.result[i]);
    }
  }
  acceptance.accepted = records_.accepted() - acceptance.first_record;
  if (acceptance.accepted > 0) {
    records_.last_accepted = now;
    record_of.last_accepted = now;
    record_of.tasks_done += acceptance.accepted;
  }
  records_.stale += acceptance.stale + acceptance.unassigned;
  record_of.stale += acceptance.stale + acceptance.unassigned + acceptance.returned.size() +
                     acceptance.failed.size();
  return acceptance;
}

/// An outcome of an attempt that the session no longer owns. True: it is the task's first one, and
/// ends the task.
bool TaskTable::accept_late(Session& session, const OutcomeColumns& outcomes, std::size_t i,
                            std::uint32_t retries, Acceptance& acceptance) {
  const TaskId task = outcomes.task[i];
  const std::size_t t = index(task);
  const auto expired = session.expired.find(task);
  const bool was_its = expired != session.expired.end();
  if (!was_its || expired->second.attempt != outcomes.attempt[i]) {
    // It may have held earlier attempts too; of those only the last is known after a resume.
    const bool earlier = was_its && outcomes.attempt[i] < expired->second.attempt;
    const bool own = records_.state_of(task) == TaskState::done &&
                     records_.dispatch[t] != kNoDispatch &&
                     records_.dispatches[records_.dispatch[t]].session == session.index;
    ++(own || earlier ? acceptance.stale : acceptance.unassigned);
    return false;
  }
  if (records_.state_of(task) == TaskState::done ||
      !is_last_word(task, outcomes.outcome[i], retries)) {
    ++acceptance.stale;
    return false;
  }
  if (records_.state_of(task) == TaskState::assigned) {
    Dispatch& newer = records_.dispatches[records_.dispatch[t]];
    --newer.remaining;
    --assigned_;
    acceptance.superseded.push_back(
        {newer.session, task, {records_.attempt[t], records_.dispatch[t]}});
  } else {
    --pending_;
  }
  records_.dispatch[t] = expired->second.dispatch;
  records_.attempt[t] = expired->second.attempt;
  return true;
}

void TaskTable::decide(Instant now, TaskId task, Outcome outcome) {
  const std::size_t t = index(task);
  CHECK(records_.state_of(task) == TaskState::pending);
  if (records_.batches.empty() || records_.batches.back().session ||
      records_.batches.back().arrived != now) {
    open_batch(now, std::nullopt, Duration::zero());
  }
  --pending_;
  records_.dispatch[t] = kNoDispatch;
  record(now, Duration::zero(), task, outcome);
  records_.last_accepted = now;
}

/// True: the session owns the task. Of two attempts that are held the later one counts: the earlier
/// was returned.
bool TaskTable::claim(Session& session, TaskId task, const ExpiredAttempt& claimed,
                      std::vector<Superseded>& superseded) {
  const std::size_t t = index(task);
  if (records_.state_of(task) != TaskState::pending) {
    const ExpiredAttempt known{records_.attempt[t], records_.dispatch[t]};
    if (records_.state_of(task) == TaskState::done || claimed.attempt <= known.attempt) {
      ExpiredAttempt& last = session.expired[task];
      if (claimed.attempt > last.attempt) last = claimed;
      return false;
    }
    if (known.dispatch == claimed.dispatch) {  // both are in this list
      session.expired[task] = known;
      records_.attempt[t] = claimed.attempt;
      return false;
    }
    --records_.dispatches[known.dispatch].remaining;
    --assigned_;
    ++pending_;
    superseded.push_back({records_.dispatches[known.dispatch].session, task, known});
  }
  records_.dispatch[t] = claimed.dispatch;
  records_.attempt[t] = claimed.attempt;
  records_.set_state(task, TaskState::assigned);
  return true;
}

std::size_t TaskTable::adopt(Session& session, const Inventory& inventory,
                             const HeldColumns& listed, std::vector<Superseded>& superseded) {
  CHECK(session.held_assignments.empty());
  const auto number = static_cast<std::uint32_t>(records_.dispatches.size());
  std::uint32_t owned = 0;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const TaskId task = listed.task[i];
    if (index(task) >= records_.state.size() || listed.attempt[i] == 0) continue;
    if (claim(session, task, {listed.attempt[i], number}, superseded)) ++owned;
  }
  // When each was dispatched is not known any more, but not before its session was welcomed.
  records_.dispatches.push_back(
      {records_.sessions[index(session.index)].welcomed, session.index, owned});
  records_.attempts_adopted += owned;
  pending_ -= owned;
  assigned_ += owned;
  session.held += owned;
  session.most_credit = std::max(session.most_credit, session.held);
  HeldAssignment held;
  held.dispatch = number;
  held.number = session.assignments_sent;
  held.first_position = inventory.started_count - inventory.begun;
  held.batch.count = static_cast<std::uint32_t>(listed.size());
  held.batch.listed = listed.task;
  if (held.batch.count > 0) session.held_assignments.push_back(std::move(held));
  return owned;
}

void TaskTable::count_known_attempts() {
  std::uint64_t known = assigned_;
  for (const TaskId task : records_.task) known += records_.dispatch[index(task)] != kNoDispatch;
  records_.attempts_total = std::max(records_.attempts_total, known);
}

std::vector<TaskId> TaskTable::take_back(Instant now, Session& session, bool charge,
                                         std::uint32_t max_losses) {
  std::vector<TaskId> returned;
  for (const HeldAssignment& held : session.held_assignments) {
    for (std::uint32_t i = 0; i < held.batch.count; ++i) {
      const TaskId task = held.batch.at(i);
      const std::size_t t = index(task);
      if (records_.dispatch[t] != held.dispatch || records_.state_of(task) != TaskState::assigned)
        continue;
      session.expired[task] = {records_.attempt[t], held.dispatch};
      records_.set_state(task, TaskState::pending);
      --assigned_;
      ++pending_;
      const bool begun = held.first_position + i < session.started_count;
      if (charge && begun && ++losses_[task] >= max_losses) {
        decide(now, task, Outcome::lost);
      } else {
        returned.push_back(task);
      }
    }
    records_.dispatches[held.dispatch].remaining = 0;
  }
  session.held_assignments.clear();
  session.held = 0;
  return returned;
}

bool TaskTable::was_returned(const Session& session, const HeldAssignment& held,
                             TaskId task) const {
  const std::size_t t = index(task);
  if (records_.dispatch[t] == held.dispatch) return records_.state_of(task) == TaskState::pending;
  const auto expired = session.expired.find(task);
  return expired == session.expired.end() || expired->second.dispatch != held.dispatch;
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
