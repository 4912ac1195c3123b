#include "coordinator/core/scheduler.h"

#include <algorithm>
#include <bit>

#include "common/base/check.h"
#include "common/limits.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

Scheduler::Scheduler(const RunSpec& spec, const Policy& policy, Epoch epoch)
    : SchedulerState(RunRecords(spec), 0, policy, epoch) {
  is_resumed_ = false;
  CHECK(policy.heartbeat_interval > Duration::zero());
  CHECK(policy.liveness >= limits::liveness_intervals * policy.heartbeat_interval);
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
  Instant next = *next_tick_;
  const RunRecords& r = records();
  next = std::min(next, acks_.deadline().value_or(next));
  if (phase_ == Phase::joining && !tasks_.all_done()) {
    next = std::min(next, joining_since_ + policy_.join_timeout);
  }
  if (phase_ == Phase::finishing && all_committed()) {
    next = std::min(next, finishing_since_ + limits::shutdown);
  }
  if (phase_ < Phase::finishing) next = std::min(next, fleet_.next_start().value_or(next));
  if (working()) next = std::min(next, retries_.next().value_or(next));
  const bool may_time_out = working() && !stop_.is_stopping() && !tasks_.all_done();
  if (may_time_out && r.spec.wait_timeout && r.first_dispatch) {
    next = std::min(next, *r.first_dispatch + *r.spec.wait_timeout);
  }
  return next;
}

void Scheduler::on(const ListeningStarted&) {
  CHECK(phase_ == Phase::idle);
  phase_ = Phase::joining;
  joining_since_ = now_;
  next_tick_ = now_ + policy_.heartbeat_interval;
  if (is_resumed_) begin_recovery();
  if (tasks_.all_done()) return finish();
  if (is_resumed_) return;
  for (const std::uint32_t launch_id : fleet_.start_all())
    out_->push_back(StartLocalWorker{launch_id});
}

void Scheduler::on(const LocalWorkerExited& event) {
  exited_.push_back(event.launch_id);
  if (phase_ == Phase::finishing) return;
  const std::string text = "local worker " + std::to_string(event.launch_id) +
                           (event.started ? " ended: " : ": ") + event.how;
  if (fleet_.is_retired(event.launch_id)) return log(LogLevel::info, text);
  const std::uint32_t lives = fleet_.lives_not_joined(event.launch_id);
  if (lives <= 1) return log(LogLevel::warning, text);
  if (!std::has_single_bit(lives)) return;  // said with the 2nd, 4th, 8th ...
  log(LogLevel::warning, text + " (" + std::to_string(lives) + " times in a row)");
}

void Scheduler::on(const StopRequested& event) {
  if (phase_ == Phase::finishing) return;
  if (policy_.journal) {
    phase_ = Phase::suspending;
    return;
  }
  stop(event.let_running_end);
}

/// The end of a turn: whatever came in is known, so now it can be decided.
void Scheduler::on(const TurnEnded& event) {
  if (phase_ == Phase::idle) return;
  if (phase_ == Phase::suspending) return suspend();
  notice_own_lateness();
  if (event.inbox_empty) {
    lose_the_exited();
    lose_the_silent();
  }
  if (phase_ < Phase::finishing) {
    for (const std::uint32_t launch_id : fleet_.start_due(now_)) {
      out_->push_back(StartLocalWorker{launch_id});
    }
  }
  if (phase_ == Phase::recovering) end_recovery();
  if (phase_ == Phase::joining && !tasks_.all_done()) start_if_joined();
  if (working() && !tasks_.all_done()) {
    notice_wait_timeout();
    notice_lack_of_workers();
    notice_halt();
    dealer_.put_back(retries_.take_due(now_));
  }
  if (phase_ == Phase::suspending) return suspend();
  keep();
  if (working()) {
    dispatch();
    take_back_for_the_idle();
  }
  acknowledge();
  if (phase_ < Phase::finishing && tasks_.all_done() && all_committed()) finish();
  if (now_ >= *next_tick_) tick();
  if (phase_ == Phase::finishing) end_if_all_said_goodbye();
}

/// Workers hold on to what they have until somebody resumes the run.
void Scheduler::suspend() {
  keep();
  if (!all_committed()) return;
  phase_ = Phase::ended;
  suspended_ = true;
  out_->push_back(End{});
}

/// Rule 6: the time by which the coordinator was late itself is nobody's silence or absence.
void Scheduler::notice_own_lateness() {
  const Duration late = now_ - *next_tick_;
  if (late <= Duration::zero()) return;
  sessions_.compensate_stall(late);
  joining_since_ += late;
  if (empty_since_) *empty_since_ += late;
  if (late <= policy_.heartbeat_interval) return;
  log(LogLevel::warning,
      "the coordinator was held up for " + std::to_string(to_seconds(late)) + " seconds");
}

void Scheduler::lose_the_silent() {
  while (Session* session = sessions_.silent(now_)) {
    lose(*session,
         "nothing heard for " + std::to_string(to_seconds(policy_.liveness)) + " seconds");
  }
}

void Scheduler::lose_the_exited() {
  const std::vector<std::uint32_t> launch_ids = std::exchange(exited_, {});
  for (const std::uint32_t launch_id : launch_ids) {
    if (phase_ == Phase::finishing) {
      fleet_.ended(launch_id);
      continue;
    }
    if (Session* session = sessions_.find_launch(launch_id)) lose_exited(*session);
    fleet_.exited(now_, launch_id);
  }
  for (const SessionIndex s : std::exchange(vanished_, {})) {
    if (sessions_.at(s).live()) lose_exited(sessions_.at(s));
  }
}

void Scheduler::start_if_joined() {
  const bool time_is_up = now_ >= joining_since_ + policy_.join_timeout;
  const auto joined = static_cast<std::size_t>(
      std::count_if(sessions_.all().begin(), sessions_.all().end(), [this](const Session& session) {
        return session.phase == SessionPhase::active && commits_.knows(session.index);
      }));
  if (is_resumed_ && joined > 0) {
    phase_ = Phase::running;  // those who come back go on at once
    return;
  }
  if (joined < policy_.wait_for_workers && time_is_up && joined > 0) {
    log(LogLevel::warning, "starting with " + std::to_string(joined) + " of " +
                               std::to_string(policy_.wait_for_workers) +
                               " workers: no more have joined in time");
  } else if (joined < policy_.wait_for_workers) {
    if (joined == 0 && time_is_up) {
      fail_for_lack_of_workers("no worker has joined in time");
    } else if (joined == 0 && fleet_.has_ended() && !policy_.others_may_join) {
      fail_for_lack_of_workers("no local worker could be kept running");
    }
    return;
  }
  phase_ = Phase::running;
}

void Scheduler::notice_lack_of_workers() {
  if (sessions_.live() > 0) {
    empty_since_.reset();
    return;
  }
  if (!empty_since_) empty_since_ = now_;
  if (fleet_.has_ended() && !policy_.others_may_join) {
    fail_for_lack_of_workers("no worker is left");
  } else if (now_ >= *empty_since_ + policy_.join_timeout) {
    fail_for_lack_of_workers("no worker was there for the time of --join-timeout");
  }
}

void Scheduler::fail_for_lack_of_workers(const std::string& why) {
  log(LogLevel::warning, why);
  ran_out_of_workers_ = true;
  if (policy_.journal) {  // they may be there next time
    phase_ = Phase::suspending;
    return;
  }
  retries_.clear();
  for (std::size_t t = 0; t < records().state.size(); ++t) {
    if (records().state_of(task_at(t)) == TaskState::pending) {
      tasks_.decide(now_, task_at(t), Outcome::lost);
    }
  }
}

void Scheduler::notice_wait_timeout() {
  const RunRecords& r = records();
  if (stop_.is_stopping() || !r.spec.wait_timeout || !r.first_dispatch) return;
  if (now_ < *r.first_dispatch + *r.spec.wait_timeout || tasks_.all_done()) return;
  tasks_.mutable_records().wait_timeout_passed = true;
  cancel_everything();
}

void Scheduler::cancel_everything() {
  stop_.cancel();
  commits_.cancel_requested();
  cancel_pending();
}

/// What was not dispatched needs nobody's answer.
void Scheduler::cancel_pending() {
  retries_.clear();
  for (std::size_t t = 0; t < records().state.size() && tasks_.pending() > 0; ++t) {
    if (records().state_of(task_at(t)) == TaskState::pending) {
      tasks_.decide(now_, task_at(t), Outcome::cancelled);
    }
  }
}

void Scheduler::ask_to_cancel(const Session& session) {
  if (session.phase == SessionPhase::active && session.held > 0) {
    send(session, Cancel{session.assignments_sent});
  }
}

Receiver Scheduler::receiver(const Session& session) const {
  Receiver receiver;
  receiver.is_active = session.phase == SessionPhase::active;
  receiver.may_receive = receiver.is_active && commits_.knows(session.index) && !session.leaves() &&
                         session.in_flight() < limits::assignments_in_flight;
  const Duration patience = limits::resend_intervals * policy_.heartbeat_interval;
  const bool is_asked = session.revoked && now_ - session.revoked->asked < patience;
  receiver.may_be_revoked = receiver.is_active && !is_asked && !session.leaves();
  receiver.slots = session.slots;
  receiver.held = session.held;
  receiver.prefetch = session.measured_prefetch();
  return receiver;
}

Load Scheduler::load() const {
  return {tasks_.pending() - retries_.size(), tasks_.pending() + tasks_.assigned(),
          sessions_.active(), sessions_.slots()};
}

void Scheduler::make_ready(Session& session) {
  dealer_.make_ready(session.index, receiver(session), load());
}

void Scheduler::dispatch() {
  if (stop_.is_stopping()) return;
  if (policy_.journal && commits_.unpublished(records()) >= limits::uncommitted_outcomes) return;
  Dealer::Table table;
  table.receiver = [this](SessionIndex s) { return receiver(sessions_.at(s)); };
  table.is_pending = [this](TaskId t) { return records().state_of(t) == TaskState::pending; };
  table.assign = [this](SessionIndex s, const Batch& batch, std::uint64_t credit) {
    assign(sessions_.at(s), batch, credit);
  };
  dealer_.deal(load(), table);
}

void Scheduler::assign(Session& session, const Batch& batch, std::uint64_t credit) {
  session.most_credit = std::max(session.most_credit, credit);
  if (!records().first_dispatch) tasks_.mutable_records().first_dispatch = now_;
  Assignment assignment;
  tasks_.assign(now_, session, batch, assignment.attempts);
  if (records().spec.traits.has_known_cost) session.expect(assignment.attempts.pause);
  assignment.number = session.assignments_sent;
  send(session, std::move(assignment));
  if (records().spec.method == CollectionMethod::cancelled) ask_to_cancel(session);
}

/// Once a heartbeat interval: what may have got lost on its way is sent again.
void Scheduler::tick() {
  next_tick_ = now_ + policy_.heartbeat_interval;
  lose_those_without_goodbye();
  const Duration patience = limits::resend_intervals * policy_.heartbeat_interval;
  for (Session& session : sessions_.all()) {
    if (!session.live()) continue;
    if (phase_ == Phase::finishing) {
      send(session, Shutdown{});
      continue;
    }
    resend(session, patience);
    if (session.drain) send(session, Drain{*session.drain});
    if (stop_.is_draining()) {
      revoke_from(session, session.started_count);
    } else if (stop_.is_cancelling() || records().spec.method == CollectionMethod::cancelled) {
      ask_to_cancel(session);
    }
    make_ready(session);
  }
}

/// Sends again what is not acknowledged and was last sent at least this long ago, and all that
/// follows it: the worker has dropped that as out of order.
void Scheduler::resend(Session& session, Duration older_than) {
  if (session.phase != SessionPhase::active) return;
  bool is_overdue = false;
  for (HeldAssignment& held : session.held_assignments) {
    if (held.number <= session.assignments_received) continue;
    is_overdue = is_overdue || now_ - held.sent >= older_than;
    if (!is_overdue) continue;
    held.sent = now_;
    Assignment again;
    again.number = held.number;
    tasks_.describe(session, held, again.attempts);
    send(session, std::move(again));
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
  end_if_all_said_goodbye();
}

/// A local worker that is not gone may still come to join, and is then told that it is over.
void Scheduler::end_if_all_said_goodbye() {
  if (phase_ != Phase::finishing) return;
  const bool is_anybody_left = sessions_.live() > 0 || fleet_.running() > 0;
  if (is_anybody_left && now_ < finishing_since_ + limits::shutdown) return;
  if (!all_committed()) return;
  phase_ = Phase::ended;
  out_->push_back(End{});
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
  std::uint64_t held = 0;
  for (const Session& session : sessions_.all()) {
    held += session.held;
    CHECK(session.live() || session.held == 0);
    CHECK(session.held <= session.most_credit);
    CHECK(session.assignments_received <= session.assignments_sent);
    CHECK(session.started_count <= session.attempts_assigned);
  }
  CHECK(held == tasks_.assigned());
  CHECK(retries_.size() <= tasks_.pending());
  retries_.check_invariants();
  dealer_.check_invariants();
  stop_.check_invariants(records());
  commits_.check_invariants(records());
  acks_.check_invariants();
}

}  // namespace rollcall::coordinator
