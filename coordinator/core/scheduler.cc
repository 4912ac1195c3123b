// Phases, and the order of a turn.
#include "coordinator/core/scheduler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <memory>
#include <span>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {
namespace {

/// "3 s", "0.5 s".
std::string seconds_text(Duration duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g s", to_seconds(duration));
  return text.data();
}

}  // namespace

Scheduler::Scheduler(const RunSpec& spec, const Policy& policy, Epoch epoch)
    : Scheduler(RunRecords(spec), 0, policy, epoch, /*is_resumed=*/false) {
  CHECK(policy.heartbeat_interval > Duration::zero());
  CHECK(policy.liveness >= limits::liveness_intervals * policy.heartbeat_interval);
}

Scheduler::Scheduler(RunRecords committed, std::uint64_t published, const Policy& policy,
                     Epoch epoch)
    : Scheduler(std::move(committed), published, policy, epoch, /*is_resumed=*/true) {
  CHECK(policy.journal && epoch > 1);
}

Scheduler::Scheduler(RunRecords committed, std::uint64_t published, const Policy& policy,
                     Epoch epoch, bool is_resumed)
    : policy_(policy),
      epoch_(epoch),
      is_resumed_(is_resumed),
      dealer_(committed.spec, policy.prefetch, policy.assignment_attempts),
      tasks_(std::move(committed)),
      sessions_(policy.liveness),
      commits_(policy.journal, records(), published),
      stop_(policy.halt),
      attendance_(policy, is_resumed),
      recovery_(records().spec.task_count),
      fleet_(policy.local_workers, policy.worker_restarts, epoch) {
  if (!records().spec.traits.may_fail) policy_.retries = 0;
}

void Scheduler::step(Instant now, const Event& event, Actions& out) {
  CHECK(now >= now_);
  now_ = now;
  out_ = &out;
  if (phase_ != Phase::ended) {
    std::visit([this](const auto& e) { on(e); }, event);
  }
  out_ = nullptr;
}

std::optional<Instant> Scheduler::next_deadline() const {
  if (phase_ == Phase::idle || phase_ == Phase::ended) return std::nullopt;
  if (phase_ == Phase::suspending) return std::nullopt;
  Instant next = std::min(*next_tick_, acks_.deadline().value_or(*next_tick_));
  if (phase_ == Phase::joining && !tasks_.all_done()) {
    next = std::min(next, attendance_.start_deadline());
  }
  if (phase_ == Phase::finishing && commits_.is_all_durable(records())) {
    next = std::min(next, finishing_since_ + limits::shutdown);
  }
  if (phase_ < Phase::finishing) next = std::min(next, fleet_.next_start().value_or(next));
  if (working()) next = std::min(next, retries_.next().value_or(next));
  const RunRecords& r = records();
  const bool may_time_out = working() && !stop_.is_stopping() && !tasks_.all_done();
  if (may_time_out && r.spec.wait_timeout && r.first_dispatch) {
    next = std::min(next, *r.first_dispatch + *r.spec.wait_timeout);
  }
  return next;
}

// Events.

void Scheduler::on(const ListeningStarted& /*event*/) {
  CHECK(phase_ == Phase::idle);
  phase_ = Phase::joining;
  attendance_.open(now_);
  next_tick_ = now_ + policy_.heartbeat_interval;
  if (is_resumed_) begin_recovery();
  if (tasks_.all_done()) return finish();
  if (is_resumed_) return;
  start_local_workers(fleet_.start_all());
}

void Scheduler::on(const LocalWorkerExited& event) {
  exited_.push_back(event.launch_id);
  if (phase_ == Phase::finishing) return;
  const std::string text = "local worker " + std::to_string(event.launch_id) +
                           (event.started ? " ended: " : ": ") + event.how;
  if (fleet_.is_retired(event.launch_id)) return log(LogLevel::info, text);
  const std::uint32_t launches = fleet_.lives_not_joined(event.launch_id);
  if (launches <= 1) return log(LogLevel::warning, text);
  if (!std::has_single_bit(launches)) return;  // logged the 2nd, 4th, 8th ... time
  log(LogLevel::warning, text + " (" + std::to_string(launches) + " times in a row)");
}

void Scheduler::on(const DrainRequested& event) {
  for (const SessionIndex s : event.sessions) {
    const Session& session = sessions_.at(s);
    if (!session.live()) continue;
    if (session.launch_id != 0) fleet_.retire(session.launch_id);
    ask_to_drain(session, event.mode);
  }
}

void Scheduler::on(const StopRequested& event) {
  if (phase_ == Phase::finishing) return;
  if (policy_.journal) {
    phase_ = Phase::suspending;
    return;
  }
  stop(event.let_running_end);
}

void Scheduler::on(const Committed& event) {
  CHECK(policy_.journal && event.commit <= commits_.handed_over());
  while (commits_.awaits(event.commit)) publish(commits_.next_durable());
}

/// The turn: every message that was waiting has been handled, so decisions can be made. The order
/// matters. Losses come first, since they return tasks; nothing is published or acknowledged before
/// it is committed (rule 5); the run finishes only when its last outcome is durable.
void Scheduler::on(const TurnEnded& event) {
  if (phase_ == Phase::idle) return;
  if (phase_ == Phase::suspending) return suspend();
  compensate_stall();
  if (event.inbox_empty) {
    lose_exited();
    lose_silent();
  }
  if (phase_ < Phase::finishing) start_local_workers(fleet_.start_due(now_));
  if (phase_ == Phase::recovering && recovery_.is_complete()) end_recovery();
  if (phase_ == Phase::joining && !tasks_.all_done()) start_if_joined();
  if (working() && !tasks_.all_done()) {
    stop_at_wait_timeout();
    stop_without_workers();
    stop_at_halt();
    dealer_.put_back(retries_.take_due(now_));
  }
  if (phase_ == Phase::suspending) return suspend();
  commit();
  if (working()) {
    deal();
    rebalance();
  }
  acknowledge();
  const bool is_done = tasks_.all_done() && commits_.is_all_durable(records());
  if (phase_ < Phase::finishing && is_done) finish();
  if (now_ >= *next_tick_) tick();
  if (phase_ == Phase::finishing) end_if_all_left();
}

// Steps of a turn.

/// Rule 6: the time by which the coordinator itself was late counts neither as silence of a worker
/// nor as absence of workers.
void Scheduler::compensate_stall() {
  const Duration late = now_ - *next_tick_;
  if (late <= Duration::zero()) return;
  sessions_.compensate_stall(late);
  attendance_.compensate_stall(late);
  if (late <= policy_.heartbeat_interval) return;
  log(LogLevel::warning, "the coordinator stalled for " + seconds_text(late));
}

void Scheduler::lose_exited() {
  for (const std::uint32_t launch_id : std::exchange(exited_, {})) {
    if (phase_ == Phase::finishing) {
      fleet_.ended(launch_id);
      continue;
    }
    if (const Session* session = sessions_.find_launch(launch_id)) process_ended(*session);
    fleet_.exited(now_, launch_id);
  }
  for (const SessionIndex s : recovery_.take_vanished()) {
    if (sessions_.at(s).live()) process_ended(sessions_.at(s));
  }
}

void Scheduler::lose_silent() {
  while (const Session* session = sessions_.silent(now_)) {
    lose(*session, "no heartbeat for " + seconds_text(policy_.liveness));
  }
}

/// Rule 7: every session that the journal knows and that has not left may hold attempts. Nothing is
/// dispatched before each of them has listed its attempts, or was lost.
void Scheduler::begin_recovery() {
  phase_ = Phase::recovering;
  for (const SessionRecord& record : records().sessions) {
    const bool is_live = record.end == SessionEnd::none;
    sessions_.restore(now_, record.id, record.slots, is_live);
    work_.emplace_back();
    acks_.add_session(record.last_report);
    recovery_.add_session(is_live);
  }
  tasks_.resume(now_);
  publish(commits_.take_unpublished());
}

void Scheduler::end_recovery() {
  log(LogLevel::info, "resumed with " + std::to_string(tasks_.done()) + " of " +
                          std::to_string(records().spec.task_count) + " tasks done and " +
                          std::to_string(tasks_.assigned()) + " held by workers");
  tasks_.count_known_attempts();
  // Tasks that have failed meanwhile are put back when their retry is due.
  dealer_.keep_only([this](TaskId t) { return tasks_.is_pending(t) && !retries_.contains(t); });
  phase_ = Phase::joining;
  attendance_.open(now_);
  std::uint32_t adopted = 0;
  for (const Session& session : sessions_.all()) {
    if (!session.live() || !tasks_.session(session.index).is_local) continue;
    recovery_.adopt_local(session.index);
    ++adopted;
  }
  start_local_workers(fleet_.start_all(adopted));
}

void Scheduler::start_if_joined() {
  const auto joined =
      std::count_if(sessions_.all().begin(), sessions_.all().end(),
                    [this](const Session& s) { return s.active() && commits_.knows(s.index); });
  const auto verdict =
      attendance_.may_start(now_, static_cast<std::size_t>(joined), fleet_.has_ended());
  if (verdict.kind == Attendance::Kind::fail) return fail_without_workers(verdict.warning);
  if (verdict.kind == Attendance::Kind::wait) return;
  if (!verdict.warning.empty()) log(LogLevel::warning, verdict.warning);
  phase_ = Phase::running;
}

void Scheduler::stop_without_workers() {
  const auto verdict = attendance_.may_go_on(now_, sessions_.live(), fleet_.has_ended());
  if (verdict.kind == Attendance::Kind::fail) fail_without_workers(verdict.warning);
}

void Scheduler::fail_without_workers(const std::string& reason) {
  log(LogLevel::warning, reason);
  ran_out_of_workers_ = true;
  if (policy_.journal) {  // there may be workers when the run is resumed
    phase_ = Phase::suspending;
    return;
  }
  retries_.clear();
  tasks_.decide_pending(now_, Outcome::lost);
}

void Scheduler::stop_at_wait_timeout() {
  const RunRecords& r = records();
  if (stop_.is_stopping() || !r.spec.wait_timeout || !r.first_dispatch) return;
  if (now_ < *r.first_dispatch + *r.spec.wait_timeout) return;
  tasks_.note_wait_timeout();
  cancel_everything();
}

void Scheduler::stop_at_halt() {
  if (!stop_.count_for_halt(records()) || tasks_.all_done()) return;
  const Halt& halt = *policy_.halt;
  log(LogLevel::warning, "--halt: " + std::to_string(stop_.halting()) + " tasks " +
                             (halt.on_success ? "succeeded" : "failed") +
                             "; no new task is started");
  stop(!halt.now);
}

/// One commit of all changes of the turn. Without a journal it is durable at once.
void Scheduler::commit() {
  if (!commits_.has_changes(records())) return;
  std::shared_ptr<Commit> commit = commits_.hand_over(records());
  if (commit) out_->push_back(WriteCommit{commits_.handed_over(), std::move(commit)});
  if (!policy_.journal) publish(commits_.next_durable());
}

void Scheduler::publish(const Durable& durable) {
  if (durable.end_record > durable.first_record) {
    out_->push_back(
        PublishOutcomes{durable.first_record, durable.end_record - durable.first_record});
  }
  for (const SessionLeft& left : durable.left) {
    out_->push_back(PublishLeft{left.session, left.returned});
  }
  if (durable.cancel) {
    stop_.committed();
    for (const Session& session : sessions_.all()) ask_to_cancel(session);
  }
  for (const Durable::Session& s : durable.sessions) {
    const Session& session = sessions_.at(s.session);
    acks_.reports_durable(now_, s.session, s.last_report, session.leaves() || !session.live());
    if (session.parting && session.live()) on_goodbye(session, *sessions_.take_parting(session));
    make_ready(session);
  }
}

void Scheduler::deal() {
  if (stop_.is_stopping()) return;
  if (policy_.journal && commits_.unpublished(records()) >= limits::uncommitted_outcomes) return;
  Dealer::Table table;
  table.receiver = [this](SessionIndex s) { return receiver(sessions_.at(s)); };
  table.is_pending = [this](TaskId t) { return tasks_.is_pending(t); };
  table.assign = [this](SessionIndex s, Batch batch, std::uint64_t credit) {
    assign(sessions_.at(s), std::move(batch), credit);
  };
  dealer_.deal(load(), table);
}

void Scheduler::assign(const Session& session, Batch batch, std::uint64_t credit) {
  Assignment assignment;
  const std::uint32_t dispatch = tasks_.assign(now_, session.index, batch, assignment.attempts);
  const bool has_costs = records().spec.traits.has_known_cost;
  assignment.number =
      work_of(session).add(now_, dispatch, std::move(batch), credit,
                           has_costs ? std::span<const Duration>(assignment.attempts.pause)
                                     : std::span<const Duration>());
  send(session, std::move(assignment));
  if (records().spec.method == CollectionMethod::cancelled) ask_to_cancel(session);
}

/// Takes back attempts that wait for a slot, for sessions that have free slots.
void Scheduler::rebalance() {
  if (stop_.is_stopping() || records().spec.method == CollectionMethod::cancelled) return;
  const auto surplus = dealer_.find_surplus(
      load(), sessions_.size(), [this](SessionIndex s) { return receiver(sessions_.at(s)); });
  if (!surplus) return;
  const Session& session = sessions_.at(surplus->session);
  revoke(session, work_of(session).revoke_last(now_, surplus->count,
                                               [this](std::uint32_t dispatch, TaskId task) {
                                                 return tasks_.is_held(dispatch, task);
                                               }));
}

void Scheduler::acknowledge() {
  for (const DueAck& ack : acks_.take(now_)) {
    const Session& session = sessions_.at(ack.session);
    send(session, Ack{ack.reports, now_});
    if (session.live() || tasks_.session(ack.session).end != SessionEnd::lost) continue;
    send(session, Reject{RejectReason::session_lost, "this session was declared lost"});
  }
}

/// Once a heartbeat interval: sends again what may have been lost on its way.
void Scheduler::tick() {
  next_tick_ = now_ + policy_.heartbeat_interval;
  for (const SessionIndex s : sessions_.take_without_goodbye(now_ - policy_.heartbeat_interval)) {
    lose(sessions_.at(s), "its process ended");
  }
  const Duration patience = limits::resend_intervals * policy_.heartbeat_interval;
  for (const Session& session : sessions_.all()) {
    if (!session.live()) continue;
    if (phase_ == Phase::finishing) {
      send(session, Shutdown{});
      continue;
    }
    resend(session, patience);
    if (session.drain) send(session, Drain{*session.drain});
    if (stop_.is_draining()) {
      revoke(session, work_of(session).revoke_from(now_, 0));
    } else if (stop_.is_cancelling() || records().spec.method == CollectionMethod::cancelled) {
      ask_to_cancel(session);
    }
    make_ready(session);
  }
}

void Scheduler::finish() {
  CHECK(tasks_.all_done());
  phase_ = Phase::finishing;
  finishing_since_ = now_;
  out_->push_back(FinishRun{});
  for (const Session& session : sessions_.all()) {
    if (session.live()) send(session, Shutdown{});
  }
  end_if_all_left();
}

/// A local worker that has not exited may still connect, and is then sent a Shutdown.
void Scheduler::end_if_all_left() {
  const bool is_any_left = sessions_.live() > 0 || fleet_.running() > 0;
  if (is_any_left && now_ < finishing_since_ + limits::shutdown) return;
  if (phase_ != Phase::finishing || !commits_.is_all_durable(records())) return;
  phase_ = Phase::ended;
  out_->push_back(End{});
}

/// Workers hold on to their attempts until the run is resumed.
void Scheduler::suspend() {
  commit();
  if (!commits_.is_all_durable(records())) return;
  phase_ = Phase::ended;
  suspended_ = true;
  out_->push_back(End{});
}

// Stopping.

/// No new attempt is started, not even at workers. Running ones end by themselves, or are
/// cancelled.
void Scheduler::stop(bool let_running_end) {
  tasks_.note_stop_request();
  if (!let_running_end) return cancel_everything();
  if (!stop_.drain()) return;
  for (const Session& session : sessions_.all()) {
    if (session.live()) revoke(session, work_of(session).revoke_from(now_, 0));
  }
  cancel_pending();
}

void Scheduler::cancel_everything() {
  stop_.cancel();
  commits_.cancel_requested();
  cancel_pending();
}

void Scheduler::cancel_pending() {
  retries_.clear();
  tasks_.decide_pending(now_, Outcome::cancelled);
}

void Scheduler::ask_to_cancel(const Session& session) {
  if (!session.active() || work_of(session).held() == 0) return;
  send(session, Cancel{work_of(session).sent()});
}

// Sessions that end or are to leave.

void Scheduler::lose(const Session& session, const std::string& reason) {
  if (phase_ == Phase::finishing) return sessions_.end(session);
  commits_.session_changed(session.index);
  tasks_.session_lost(session.index, reason);
  log(LogLevel::warning, "worker " + tasks_.session(session.index).name + " lost: " + reason);
  send(session, Reject{RejectReason::session_lost, reason});
  release(session, /*charge=*/true);
}

/// Rule 6: attempts of an ended session are pending again. Those that it has started are charged to
/// their tasks.
void Scheduler::release(const Session& session, bool charge) {
  Assignments& work = work_of(session);
  std::vector<TaskId> pending;
  for (const HeldAssignment& held : work.all_held()) {
    const std::uint64_t charged = charge ? work.started_of(held) : 0;
    for (const TakenBack& attempt :
         tasks_.take_back(now_, held.dispatch, held.batch, charged, policy_.max_losses)) {
      work.expire(attempt.task, attempt.attempt);
      if (attempt.is_pending) pending.push_back(attempt.task);
    }
  }
  work.release();
  const std::uint64_t returned = stop_.is_stopping() ? 0 : pending.size();
  make_pending(std::move(pending));
  sessions_.end(session);
  recovery_.session_ended(session.index);
  commits_.session_left({session.index, returned});
  // A worker that was asked to leave is not replaced.
  if (recovery_.take_local(session.index) && phase_ < Phase::finishing && !session.drain) {
    start_local_workers({fleet_.start_another()});
  }
}

/// A worker that was about to leave has said Goodbye before its process ended: it may still be on
/// its way.
void Scheduler::process_ended(const Session& session) {
  if (session.leaves()) {
    sessions_.note_process_end(now_, session);
  } else {
    lose(session, "its process ended");
  }
}

/// Repeated with each tick: a worker that drains may only be asked to hurry.
void Scheduler::ask_to_drain(const Session& session, DrainMode mode) {
  if (!session.live()) return;
  sessions_.ask_to_drain(session, mode);
  if (session.active()) send(session, Drain{*session.drain});
}

// What several steps need.

Receiver Scheduler::receiver(const Session& session) const {
  const Assignments& work = work_of(session);
  const Duration patience = limits::resend_intervals * policy_.heartbeat_interval;
  Receiver receiver;
  receiver.is_active = session.active();
  receiver.may_receive = session.active() && commits_.knows(session.index) && !session.leaves() &&
                         work.in_flight() < limits::assignments_in_flight;
  receiver.may_be_revoked =
      session.active() && !session.leaves() && !work.awaits_returns(now_, patience);
  receiver.slots = session.slots;
  receiver.held = work.held();
  receiver.prefetch = work.prefetch(session.slots);
  return receiver;
}

Load Scheduler::load() const {
  return {tasks_.pending() - retries_.size(), tasks_.pending() + tasks_.assigned(),
          sessions_.active(), sessions_.slots()};
}

void Scheduler::make_ready(const Session& session) {
  dealer_.make_ready(session.index, receiver(session), load());
}

void Scheduler::make_pending(std::vector<TaskId> tasks) {
  if (!stop_.is_stopping()) return dealer_.put_back(std::move(tasks));
  for (const TaskId task : tasks) tasks_.decide(now_, task, Outcome::cancelled);
}

void Scheduler::resend(const Session& session, Duration older_than) {
  if (!session.active()) return;
  Assignments& work = work_of(session);
  for (const HeldAssignment* held : work.take_overdue(now_, older_than)) {
    Assignment again;
    again.number = held->number;
    tasks_.describe(held->dispatch, held->batch, work.expired(), again.attempts);
    send(session, std::move(again));
  }
}

void Scheduler::revoke(const Session& session, const std::optional<Revoke>& revoke) {
  if (!revoke) return;
  dealer_.note_revocation();
  send(session, *revoke);
}

void Scheduler::start_local_workers(const std::vector<std::uint32_t>& launch_ids) {
  for (const std::uint32_t launch_id : launch_ids) out_->push_back(StartLocalWorker{launch_id});
}

void Scheduler::send(const Session& session, CoordinatorBody body) {
  if (!session.connected) return;
  send(session.connection, session.id, std::move(body));
}

void Scheduler::send(ConnectionId to, const SessionId& session, CoordinatorBody body) {
  Header header;
  header.run = records().spec.id;
  header.epoch = epoch_;
  header.session = session;
  out_->push_back(Send{to, {header, std::move(body)}});
}

void Scheduler::log(LogLevel level, std::string text) {
  out_->push_back(Log{level, std::move(text)});
}

void Scheduler::check_invariants() const {
  tasks_.check_invariants();
  dealer_.check_invariants();
  retries_.check_invariants();
  sessions_.check_invariants();
  acks_.check_invariants();
  commits_.check_invariants(records());
  stop_.check_invariants(records());
  recovery_.check_invariants();
  CHECK(work_.size() == sessions_.size());
  std::uint64_t held = 0;
  for (const Session& session : sessions_.all()) {
    work_of(session).check_invariants();
    held += work_of(session).held();
    CHECK(session.live() || work_of(session).held() == 0);
  }
  CHECK(held == tasks_.assigned());
  CHECK(retries_.size() <= tasks_.pending());
}

}  // namespace rollcall::coordinator
