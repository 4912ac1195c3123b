#include "coordinator/core/workload.h"

#include <algorithm>
#include <span>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

Workload::Workload(const RunSpec& spec, const Policy& policy)
    : patience_(limits::resend_intervals * policy.heartbeat_interval),
      has_known_cost_(spec.traits.has_known_cost),
      name_starts_(policy.name_starts),
      pace_(policy.start_interval),
      // An attempt that waits at a worker would start when it likes.
      dealer_(spec, pace_.has_limit() ? 0 : policy.prefetch, policy.assignment_attempts),
      retries_(policy.retry_delay) {}

Receiver Workload::receiver(const View& view, const Session& session) const {
  const Assignments& held = of(session);
  Receiver receiver;
  receiver.is_active = session.active();
  receiver.may_receive = session.active() && view.commits.knows(session.index) &&
                         !session.leaves() && held.in_flight() < limits::assignments_in_flight;
  receiver.may_be_revoked =
      session.active() && !session.leaves() && !held.awaits_returns(view.now, patience_);
  receiver.slots = session.slots;
  receiver.held = held.held();
  receiver.prefetch = held.prefetch(session.slots);
  if (session.slots_limit) {
    receiver.slots = *session.slots_limit;
    receiver.is_limited = true;
  }
  return receiver;
}

Load Workload::load(const View& view) const {
  return {view.tasks.pending() - retries_.size(), view.tasks.pending() + view.tasks.assigned(),
          view.sessions.active(), view.sessions.slots()};
}

Dealer::Ask Workload::receivers(const View& view) const {
  return [this, &view](SessionIndex s) { return receiver(view, view.sessions.at(s)); };
}

// Pending tasks.

/// The more tasks there are, the more a session may hold.
void Workload::add_tasks(const View& view, std::uint32_t count) {
  dealer_.add(count);
  for (const Session& session : view.sessions.all()) {
    if (session.active()) make_ready(view, session);
  }
}

void Workload::put_back(Instant now, std::vector<TaskId> tasks) {
  if (!retries_.empty()) {
    std::erase_if(tasks, [&](TaskId task) { return retries_.resume(now, task); });
  }
  dealer_.put_back(std::move(tasks));
}

void Workload::withdraw(TaskId task) {
  retries_.forget(task);
  dealer_.note_gaps();
}

void Workload::recovered(const TaskTable& tasks) {
  // Tasks that have failed meanwhile are put back when their retry is due.
  dealer_.keep_only([&](TaskId t) { return tasks.is_pending(t) && !retries_.contains(t); });
}

/// Of the attempts that have begun, those beyond the slots wait for one.
std::vector<Workload::Running> Workload::running(const View& view, std::size_t most) const {
  const RunRecords& records = view.tasks.records();
  std::vector<Running> running;
  for (const Session& session : view.sessions.all()) {
    std::uint64_t free = session.slots > 0 ? session.slots : limits::task_count;
    for (const HeldAssignment& held : of(session).all_held()) {
      const std::uint64_t begun = of(session).started_of(held);
      for (std::uint64_t i = 0; i < begun && free > 0 && running.size() < most; ++i) {
        const TaskId task = held.batch.at(i);
        if (!view.tasks.is_held(held.dispatch, task)) continue;
        running.push_back({session.index, task, records.dispatches[held.dispatch].at});
        --free;
      }
    }
  }
  return running;
}

// Dispatch.

void Workload::make_ready(const View& view, const Session& session) {
  dealer_.make_ready(session.index, receiver(view, session), load(view));
}

void Workload::deal(const View& view, const Assign& assign) {
  Load now = load(view);
  if (pace_.has_limit()) {
    if (!pace_.may_start(view.now)) return;
    now.waiting = std::min<std::size_t>(now.waiting, 1);
  }
  Dealer::Table table;
  table.receiver = receivers(view);
  table.is_pending = [&](TaskId task) { return view.tasks.is_pending(task); };
  table.assign = [&](SessionIndex session, Batch batch, std::uint64_t credit) {
    if (pace_.has_limit()) pace_.started(view.now);
    assign(view.sessions.at(session), std::move(batch), credit);
  };
  dealer_.deal(now, table);
}

std::optional<Instant> Workload::next_start(const View& view) const {
  if (!pace_.has_limit() || !dealer_.has_ready() || load(view).waiting == 0) return std::nullopt;
  return pace_.next();
}

std::uint64_t Workload::add(Instant now, const Session& session, std::uint32_t dispatch,
                            Batch batch, std::uint64_t credit, const AttemptColumns& sent) {
  std::span<const Duration> costs;
  if (has_known_cost_) costs = sent.pause;
  return mine(session).add(now, dispatch, std::move(batch), credit, costs);
}

std::vector<Assignment> Workload::take_overdue(const View& view, const Session& session,
                                               Duration older_than) {
  std::vector<Assignment> again;
  if (!session.active()) return again;
  Assignments& held = mine(session);
  for (const HeldAssignment* overdue : held.take_overdue(view.now, older_than)) {
    Assignment& assignment = again.emplace_back();
    assignment.number = overdue->number;
    view.tasks.describe(overdue->dispatch, overdue->batch, held.expired(), assignment.attempts);
  }
  return again;
}

// Messages of a session.

Begun Workload::progress(const View& view, const Session& session,
                         std::uint64_t assignments_received, std::uint64_t started_count) {
  Begun begun = mine(session).progress(assignments_received, started_count, name_starts_);
  make_ready(view, session);
  return begun;
}

/// Attempts that never began are known before starts are counted.
Begun Workload::take(const View& view, const Session& session, const Report& report,
                     Acceptance& acceptance) {
  const RunRecords& records = view.tasks.records();
  Assignments& held = mine(session);
  held.attempts_ended(
      view.now, acceptance.settled,
      std::span(records.elapsed).subspan(acceptance.first_record, acceptance.accepted));
  const std::uint64_t miscounted = held.never_began(std::move(acceptance.unstarted));
  Begun begun;
  if (session.live()) {
    begun = progress(view, session, report.assignments_received, report.started_count);
  }
  begun.count -= static_cast<std::int64_t>(miscounted);
  release_superseded(view, acceptance.superseded);
  // A failed task waits for its retry; one that was ended by a late outcome no longer does.
  for (std::size_t i = 0; i < acceptance.accepted && !retries_.empty(); ++i) {
    retries_.forget(records.task[acceptance.first_record + i]);
  }
  for (const TaskId task : acceptance.failed) {
    retries_.failed(view.now, task, view.tasks.failures(task));
  }
  held.drop_answered([&](std::uint32_t dispatch) { return view.tasks.has_ended(dispatch); });
  make_ready(view, session);
  return begun;
}

Begun Workload::adopt(const View& view, const Session& session, const Inventory& inventory,
                      const HeldColumns& listed, Adoption adoption) {
  mine(session).adopt(inventory, listed, adoption.dispatch, adoption.owned,
                      std::move(adoption.expired));
  release_superseded(view, adoption.superseded);
  for (const TaskId task : listed.task) {  // a task that has failed elsewhere may run here
    if (!retries_.contains(task)) continue;
    if (view.tasks.is_assigned(task)) retries_.suspend(task);
  }
  Begun begun;
  for (std::size_t i = 0; i < inventory.begun; ++i) {
    const TaskId task = listed.task[i];
    if (index(task) >= view.tasks.records().state.size() || listed.attempt[i] == 0) continue;
    ++begun.count;
    if (name_starts_ && view.tasks.is_assigned(task)) begun.tasks.push_back(task);
  }
  return begun;
}

void Workload::release_superseded(const View& view, const std::vector<Superseded>& superseded) {
  for (const Superseded& attempt : superseded) {
    const Session& owner = view.sessions.at(attempt.owner);
    mine(owner).supersede(attempt.task, attempt.attempt);
    make_ready(view, owner);
  }
}

std::vector<TaskId> Workload::release(const Session& session, const std::vector<TakenBack>& taken) {
  Assignments& held = mine(session);
  std::vector<TaskId> pending;
  for (const TakenBack& attempt : taken) {
    held.expire(attempt.task, attempt.attempt);
    if (attempt.is_pending) pending.push_back(attempt.task);
  }
  held.release();
  return pending;
}

// Revocation.

std::optional<Revoke> Workload::revoke_unstarted(Instant now, const Session& session) {
  if (!session.active() || of(session).held() == 0) return std::nullopt;
  dealer_.note_revocation();
  return mine(session).revoke_all(now);
}

std::optional<Workload::Revocation> Workload::rebalance(const View& view) {
  const auto surplus = dealer_.find_surplus(load(view), view.sessions.size(), receivers(view));
  if (!surplus) return std::nullopt;
  const auto revoke = held_[index(surplus->session)].revoke_last(
      view.now, surplus->count,
      [&](std::uint32_t dispatch, TaskId task) { return view.tasks.is_held(dispatch, task); });
  if (!revoke) return std::nullopt;
  dealer_.note_revocation();
  return Revocation{surplus->session, *revoke};
}

void Workload::check_invariants(const View& view) const {
  dealer_.check_invariants();
  retries_.check_invariants();
  CHECK(held_.size() == view.sessions.size());
  std::uint64_t held = 0;
  for (const Session& session : view.sessions.all()) {
    of(session).check_invariants();
    held += of(session).held();
    CHECK(session.live() || of(session).held() == 0);
  }
  CHECK(held == view.tasks.assigned());
  CHECK(retries_.size() <= view.tasks.pending());
}

}  // namespace rollcall::coordinator
