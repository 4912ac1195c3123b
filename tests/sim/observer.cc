#include "tests/sim/observer.h"

#include <algorithm>

#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/analysis/validation.h"
#include "tests/sim/plan_commands.h"

namespace rollcall::sim {

using coordinator::CollectionMethod;
using coordinator::RunRecords;
using coordinator::SessionEnd;

void Observer::arrived(ConnectionId from, const WorkerMessage& message) {
  if (const auto* hello = std::get_if<Hello>(&message.body)) {
    sessions_[session_of(hello->secret)].heard = world_.timeline.now();
    return;
  }
  if (message.header.epoch != epoch_) return;  // sent before the crash
  const auto bound = bound_.find(from);
  if (bound == bound_.end() || bound->second != message.header.session) return;
  sessions_[bound->second].heard = world_.timeline.now();
}

void Observer::taken(ConnectionId from, const WorkerMessage& message) {
  world_.trace.add(message.body.index());
  if (const auto* hello = std::get_if<Hello>(&message.body)) {
    const SessionId id = session_of(hello->secret);
    Seen& seen = sessions_[id];
    const auto old = bound_.find(seen.connection);
    if (old != bound_.end() && old->second == id) bound_.erase(old);
    seen.connection = from;
    seen.nonce = hello->nonce;
    bound_[from] = id;
  } else if (const auto* inventory = std::get_if<Inventory>(&message.body)) {
    const auto seen = sessions_.find(message.header.session);
    if (seen == sessions_.end() || seen->second.connection != from) return;
    seen->second.inventory |= seen->second.nonce == inventory->nonce;
  }
}

void Observer::done(const coordinator::Action& action) {
  const RunRecords& records = scheduler_->records();
  world_.trace.add(action.index());
  require(ends_ == 0, "the scheduler acts after its end");
  if (const auto* send = std::get_if<coordinator::Send>(&action)) {
    told(send->message);
  }
  if (const auto* published_now = std::get_if<coordinator::PublishOutcomes>(&action)) {
    published(published_now->first, published_now->count);
    epoch_begins_ = false;
  } else if (const auto* begun_now = std::get_if<coordinator::PublishStarted>(&action)) {
    begun(*begun_now);
  } else if (const auto* joined_now = std::get_if<coordinator::PublishJoined>(&action)) {
    joined(records.sessions[index(joined_now->session)].id);
  } else if (const auto* left = std::get_if<coordinator::PublishLeft>(&action)) {
    const std::string& why = records.sessions[index(left->session)].end_reason;
    require(why.find("contradicts itself") == std::string::npos,
            "an honest worker's message was called a contradiction: " + why);
  } else if (const auto* log = std::get_if<coordinator::Log>(&action)) {
    world_.tell([&] { return "coordinator logs: " + log->text; });
    require(log->text.find("not assigned to it") == std::string::npos,
            "an honest worker's outcome was called unassigned");
  } else if (std::holds_alternative<coordinator::FinishRun>(action)) {
    finished();
  } else if (std::holds_alternative<coordinator::End>(action)) {
    if (scheduler_->suspended()) return;
    require(++ends_ == 1 && finishes_ >= 1, "the run ended before it had finished");
  }
}

void Observer::finished() {
  const RunRecords& records = scheduler_->records();
  const bool keeps = world_.plan.policy.journal;
  require(++finishes_ == 1 || keeps, "the run finished twice");
  require(published_.size() == records.accepted(), "a result was not published at the end");
  if (scheduler_->done() == records.spec.task_count) return;
  require(keeps && is_asked_to_stop_, "the run was left unfinished for nothing");
  require(scheduler_->assigned() == 0, "a run was left unfinished while attempts ran");
}

void Observer::told(const CoordinatorMessage& message) {
  const SessionId& session = message.header.session;
  if (const auto* ack = std::get_if<Ack>(&message.body)) {
    acknowledged(session, ack->reports_committed);
  } else if (const auto* welcome = std::get_if<Welcome>(&message.body)) {
    acknowledged(session, welcome->reports_committed);
  } else if (const auto* reject = std::get_if<Reject>(&message.body)) {
    if (reject->text.starts_with("no heartbeat")) lost(session);
  } else if (const auto* assignment = std::get_if<Assignment>(&message.body)) {
    assigned(session, *assignment);
  }
}

/// --delay: attempts are handed out one by one. An assignment that is sent again was handed out
/// before.
void Observer::check_pace(const SessionId& session, const Assignment& assignment) {
  const Duration interval = world_.plan.policy.start_interval;
  std::uint64_t& last = last_assignment_[session];
  if (interval == Duration::zero() || assignment.number <= last) return;
  last = assignment.number;
  const Instant now = world_.timeline.now();
  require(assignment.attempts.size() == 1, "attempts were handed out together");
  require(!last_start_ || now - *last_start_ >= interval, "an attempt was handed out too early");
  last_start_ = now;
}

/// Rule 5: what is dispatched is committed.
void Observer::assigned(const SessionId& session, const Assignment& assignment) {
  check_pace(session, assignment);
  if (!world_.plan.policy.journal) return;
  require(reports_committed_.contains(session),
          "a session got work before the session was committed");
  if (!world_.plan.input.is_streamed) return;
  for (const TaskId task : assignment.attempts.task) {
    require(index(task) < tasks_committed_, "a task was dispatched before it was committed");
  }
}

void Observer::joined(const SessionId& session) {
  require(sessions_[session].inventory,
          "a session got work before the Inventory that answers its last Hello");
}

/// An attempt that waits at a worker has not started. Not checked where messages get lost: a count
/// of started attempts may arrive before the returned ones are known. Nor where tasks are
/// cancelled: an attempt that is cancelled while it waits counts as started.
void Observer::begun(const coordinator::PublishStarted& started) const {
  const RunRecords& records = scheduler_->records();
  const bool is_cancelled = records.spec.method != CollectionMethod::gather;
  if (world_.plan.profile > Profile::coordinator || is_cancelled || records.stop_requested) return;
  for (const TaskId task : started.tasks) {
    require(
        world_.truth.has_begun(records.sessions[index(started.session)].id, task),
        "task " + std::to_string(index(task)) + " was published as started and has not started");
  }
}

void Observer::lost(const SessionId& session) const {
  const auto seen = sessions_.find(session);
  if (seen == sessions_.end()) return;  // known from an earlier epoch, never heard in this one
  const Duration silence = world_.timeline.now() - seen->second.heard;
  require(silence >= world_.plan.policy.liveness, "a session was lost although it was heard " +
                                                      std::to_string(to_seconds(silence)) +
                                                      " seconds before");
}

void Observer::published(std::size_t first, std::size_t count) {
  const RunRecords& records = scheduler_->records();
  // Results published just before a crash are published again.
  require(first <= published_.size() && count > 0, "a record was left out");
  require(first == published_.size() || epoch_begins_, "a record was published twice");
  require(first + count <= records.accepted(), "a record was published that does not exist");
  require(!world_.plan.policy.journal || first + count <= records_committed_,
          "a record was published but not committed");
  for (std::size_t i = first; i < first + count; ++i) {
    const TaskId task = records.task[i];
    world_.trace.add(index(task));
    if (i < published_.size()) continue;
    published_.push_back({task, records.outcome_of(task), records.started[i], records.elapsed[i]});
  }
}

/// Rule 5: commit, then publish.
void Observer::acknowledged(const SessionId& session, std::uint64_t reports) {
  require(!world_.plan.policy.journal || reports <= reports_committed(session),
          "a report was acknowledged but not committed");
  std::uint64_t& so_far = acknowledged_[session];
  so_far = std::max(so_far, reports);
}

void Observer::committed(const coordinator::Commit& commit) {
  control_.committed(commit);
  records_committed_ += commit.outcome_count();
  if (commit.tasks) tasks_committed_ += commit.tasks->count;
  for (const coordinator::CommittedSession& session : commit.sessions) {
    sessions_committed_.push_back(session.id);
    reports_committed_[session.id] = 0;
  }
  for (const coordinator::CommittedProgress& progress : commit.progress) {
    reports_committed_[sessions_committed_.at(index(progress.index))] = progress.last_report;
  }
}

std::uint64_t Observer::reports_committed(const SessionId& session) const {
  const auto found = reports_committed_.find(session);
  return found == reports_committed_.end() ? 0 : found->second;
}

/// Rule 5: published results are committed.
void Observer::crashed(const RunRecords& committed, bool is_suspended) {
  require(!is_suspended || published_.size() == committed.accepted(),
          "a run was left unfinished before all its results were published");
  require(published_.size() <= committed.accepted(), "a record was published but not committed");
  for (std::size_t i = 0; i < published_.size(); ++i) {
    require(published_[i].task == committed.task[i] &&
                published_[i].outcome == committed.outcome_of(committed.task[i]),
            "a record was committed with another value than published");
  }
  for (const auto& [acknowledged, reports] : acknowledged_) {
    const SessionId id = acknowledged;
    const auto session = std::find_if(committed.sessions.begin(), committed.sessions.end(),
                                      [&](const auto& record) { return record.id == id; });
    require(
        reports == 0 || (session != committed.sessions.end() && reports <= session->last_report),
        "a report was acknowledged but not committed");
  }
  sessions_.clear();
  bound_.clear();
  commands_.epoch_begins(committed);
  control_.epoch_begins(committed);
  epoch_begins_ = !is_suspended;
  is_asked_to_stop_ = false;
  last_start_.reset();
  ++epoch_;
}

void Observer::check_published() const {
  const RunRecords& records = scheduler_->records();
  require(published_.size() == records.accepted(), "not every record was published");
  require(records.accepted() == records.spec.task_count, "not every task has one record");
  std::vector<bool> seen(records.spec.task_count);
  for (std::size_t i = 0; i < published_.size(); ++i) {
    const Published& then = published_[i];
    require(!seen[index(then.task)], "a task has two results");
    seen[index(then.task)] = true;
    require(then.task == records.task[i] && then.outcome == records.outcome_of(then.task) &&
                then.started == records.started[i] && then.elapsed == records.elapsed[i],
            "a published record has changed");
  }
}

/// If the workers had no faults, no session is lost. If nothing had any fault, no attempt is
/// repeated either.
void Observer::check_kindness() const {
  const RunRecords& records = scheduler_->records();
  if (world_.plan.profile > Profile::crashes) return;
  // An attempt may be returned, or fail to start, just before a crash. The report is repeated after
  // the crash, and by then another worker may have done the task.
  const bool has_slots = world_.plan.most_slots > 0 || is_exec(world_.plan);
  const bool may_be_late = world_.plan.profile == Profile::crashes && has_slots;
  require(records.stale == 0 || may_be_late, "an outcome was stale without a fault");
  // A worker that leaves before it has joined sends no Goodbye; the work sent to it is sent again.
  const auto& faults = world_.plan.faults;
  const auto leaves = [](const Fault& fault) {
    return fault.kind == FaultKind::leave || fault.kind == FaultKind::drain ||
           fault.kind == FaultKind::drain_at_once || fault.kind == FaultKind::stop;
  };
  if (std::any_of(faults.begin(), faults.end(), leaves)) return;
  if (output_.was_stuck()) return;                   // it was stopped
  if (world_.plan.commands.starts_none > 0) return;  // those workers are asked to leave
  require(world_.truth.most_starts() <= 1, "a task ran again without a fault");
  // A coordinator that dies while workers leave an unfinished run has not committed that they did;
  // nor that they have returned what a halted run does not start.
  const bool may_have_left = world_.plan.policy.halt.has_value() ||
                             std::any_of(faults.begin(), faults.end(), [](const Fault& fault) {
                               return fault.kind == FaultKind::stop_softly;
                             });
  for (const coordinator::SessionRecord& session : records.sessions) {
    require(session.end != SessionEnd::lost || may_have_left,
            "a session was lost: " + session.end_reason);
  }
  require(records.attempts_retried <= commands_.repeated(),
          "an attempt was repeated without a fault");
  const coordinator::AttemptCounts counts = records.attempts();
  require(counts.lost == 0 || may_have_left, "an attempt was lost without a fault");
}

/// A run that nobody stopped has run all of its input, or knows why the rest is missing.
void Observer::check_input() const {
  const RunRecords& records = scheduler_->records();
  const InputPlan& input = world_.plan.input;
  if (!input.is_streamed || records.stop_requested || scheduler_->ran_out_of_workers()) return;
  require(!records.spec.is_open, "the run ended before its input");
  const bool is_lost = records.input_error == "the rest is lost";
  require(is_lost || records.spec.task_count == world_.plan.spec.task_count,
          "a part of the input was not run");
  require(is_lost || records.input_error.empty() != input.fails, "an input error was forgotten");
  require(!is_lost || (input.is_pipe && epoch_ > 1), "input was lost for nothing");
}

void Observer::check_end() const {
  require(ends_ == 1, "the run has not ended");
  check_published();
  check_input();
  check_kindness();
  const RunRecords& records = scheduler_->records();
  for (std::size_t t = 0; t < records.spec.task_count; ++t) {
    const Outcome outcome = records.outcome_of(task_at(t));
    const bool may_be_cancelled = records.spec.method == CollectionMethod::cancelled ||
                                  records.wait_timeout_passed || records.stop_requested ||
                                  control_.may_be_cancelled(task_at(t));
    require(outcome == Outcome::succeeded || outcome == Outcome::lost ||
                commands_.may_be(task_at(t), outcome) ||
                (outcome == Outcome::cancelled && may_be_cancelled),
            "task " + std::to_string(t) + " has an outcome without a cause");
  }
  // Not checked where begun() is not, for the same reasons.
  const bool is_exact = world_.plan.profile <= Profile::coordinator &&
                        records.spec.method == CollectionMethod::gather && !records.stop_requested;
  require(!is_exact || records.attempts_total <= world_.truth.all_starts(),
          "more attempts were counted than have begun");
  const std::string wrong = world_.truth.compare(records);
  require(wrong.empty(), wrong);
  const auto failed = coordinator::validate(records, coordinator::finish_order(records),
                                            coordinator::lower_bound(records));
  for (const coordinator::FailedCheck& check : failed) {
    // A lost or stopped task rightly fails this check.
    if (check.name == "asked_outcome") continue;
    require(false, "validation failed: " + check.name + ": " + check.text);
  }
}

}  // namespace rollcall::sim
