// The scheduler's side that goes on with a run of an earlier epoch (rule 7): nothing is dispatched
// before everybody who may hold something has said what, or was silent for the liveness time.
#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {
namespace {

std::size_t most_listed(const RunRecords& records) {
  return records.spec.task_count + limits::inventory_ended;
}

}  // namespace

Scheduler::Scheduler(RunRecords committed, std::uint64_t published, const Policy& policy,
                     Epoch epoch)
    : SchedulerState(std::move(committed), published, policy, epoch) {
  CHECK(policy.journal && epoch > 1);
}

/// Everybody whom the journal knows and who has not left may hold something.
void Scheduler::begin_recovery() {
  phase_ = Phase::recovering;
  for (const SessionRecord& record : records().sessions) {
    Session& session = sessions_.restore(now_, record.id, record.end == SessionEnd::none);
    session.slots = record.slots;
    acks_.add_session(record.last_report);
    session.wants_inventory = session.live();
  }
  RunRecords& committed = tasks_.mutable_records();
  // Committed with the first outcome. Before: no sooner than the first session was welcomed.
  if (!committed.first_dispatch && !committed.sessions.empty()) {
    committed.first_dispatch = committed.sessions.front().welcomed;
  }
  const bool is_late = committed.spec.wait_timeout && committed.first_dispatch &&
                       !tasks_.all_done() &&
                       now_ >= *committed.first_dispatch + *committed.spec.wait_timeout;
  committed.wait_timeout_passed = committed.wait_timeout_passed || is_late;
  publish(commits_.take_unpublished());
}

void Scheduler::on(const WorkerVanished& event) {
  vanished_.push_back(event.session);
}

void Scheduler::end_recovery() {
  const auto& all = sessions_.all();
  if (std::any_of(all.begin(), all.end(),
                  [](const Session& s) { return s.live() && s.wants_inventory; })) {
    return;
  }
  log(LogLevel::info, "resumed with " + std::to_string(tasks_.done()) + " of " +
                          std::to_string(records().spec.task_count) + " tasks done and " +
                          std::to_string(tasks_.assigned()) + " held by workers");
  tasks_.count_known_attempts();
  dealer_.keep_only([this](TaskId t) {  // what has failed meanwhile comes back in its time
    return records().state_of(t) == TaskState::pending && !retries_.contains(t);
  });
  phase_ = Phase::joining;
  joining_since_ = now_;
  std::uint32_t adopted = 0;
  for (Session& session : sessions_.all()) {
    session.is_adopted = session.live() && record_of(session).is_local;
    if (session.is_adopted) ++adopted;
  }
  for (const std::uint32_t launch_id : fleet_.start_all(adopted)) {
    out_->push_back(StartLocalWorker{launch_id});
  }
}

/// The parts of an Inventory follow each other; of two lists the later one counts. True: complete.
bool Scheduler::collect(Session& session, const Inventory& inventory) {
  PartialInventory& known = session.inventory;
  if (inventory.list > known.list) known = {inventory.list, 0, {}};
  if (inventory.list != known.list || inventory.part != known.next_part) return false;
  ++known.next_part;
  append(known.held, inventory.held);
  return inventory.is_last_part || known.held.size() > most_listed(records());
}

/// What it holds is its own, and is not run again. False: it says what cannot be.
bool Scheduler::adopt(Session& session, const Inventory& inventory) {
  HeldColumns listed = std::exchange(session.inventory, {}).held;
  if (inventory.begun > listed.size() || inventory.begun > inventory.started_count) return false;
  if (listed.size() > most_listed(records())) return false;
  session.wants_inventory = false;
  session.assignments_sent = session.assignments_received = inventory.assignments_received;
  session.attempts_assigned = inventory.started_count - inventory.begun + listed.size();
  session.started_count = inventory.started_count;
  std::vector<Superseded> superseded;
  const std::size_t owned = tasks_.adopt(session, inventory, listed, superseded);
  release_superseded(superseded);
  for (const TaskId task : listed.task) {  // what has failed with another one may run here
    if (!retries_.contains(task)) continue;
    if (records().state_of(task) == TaskState::assigned) retries_.forget(task);
  }
  log(LogLevel::info, "worker " + record_of(session).name + " has come back with " +
                          std::to_string(owned) + " tasks");
  session.unstarted_returns = static_cast<std::uint64_t>(
      std::count(listed.attempt.begin(), listed.attempt.end(), Attempt{0}));
  PublishStarted started;
  started.session = session.index;
  for (std::size_t i = 0; i < inventory.begun; ++i) {
    const TaskId task = listed.task[i];
    if (index(task) >= records().state.size()) continue;
    if (records().state_of(task) == TaskState::assigned) started.tasks.push_back(task);
  }
  started.count = started.tasks.size();
  if (!policy_.name_starts) started.tasks.clear();
  out_->push_back(std::move(started));
  return true;
}

/// Another one takes its place, once: a process that comes back as a new session is one too many.
void Scheduler::replace_adopted(Session& session) {
  if (!std::exchange(session.is_adopted, false) || phase_ >= Phase::finishing) return;
  if (session.drain) return;  // it was asked to
  out_->push_back(StartLocalWorker{fleet_.start_another()});
}

}  // namespace rollcall::coordinator
