#include "coordinator/core/scheduler.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include "common/base/check.h"
#include "common/cli/duration_text.h"
#include "common/limits.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/core/sessions/admission.h"
#include "coordinator/core/sessions/header_check.h"

namespace rollcall::coordinator {
namespace {

Duration time_to_reconnect(const Policy& policy) {
  const Duration part = policy.liveness / limits::reconnects_in_liveness;
  return std::max(std::min(part, limits::reconnect_most),
                  limits::liveness_intervals * policy.heartbeat_interval);
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
      work_(committed.spec, policy),
      tasks_(std::move(committed)),
      sessions_(policy.liveness, time_to_reconnect(policy)),
      output_(policy),
      early_(policy),
      commits_(policy.journal, records(), published),
      stop_(policy.halt, policy.run_timeout),
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
  if (phase_ == Phase::leaving) return std::nullopt;
  Instant next = std::min(*next_tick_, acks_.deadline().value_or(*next_tick_));
  if (phase_ == Phase::joining && !tasks_.all_done() && !stop_.is_suspending()) {
    next = std::min(next, attendance_.start_deadline());
  }
  if (phase_ == Phase::finishing && commits_.is_all_durable(records())) {
    next = std::min(next, finishing_since_ + limits::shutdown);
  }
  if (is_open()) next = std::min(next, stop_.deadline().value_or(next));
  if (may_start_workers()) next = std::min(next, fleet_.next_start().value_or(next));
  if (working() && !stop_.is_suspending()) {  // the next epoch retries
    next = std::min(next, work_.next_retry().value_or(next));
  }
  const auto start = work_.next_start(view());
  if (start && working() && may_deal()) next = std::min(next, *start);
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
  stop_.begin(now_);
  next_tick_ = now_ + policy_.heartbeat_interval;
  if (is_resumed_) begin_recovery();
  if (tasks_.all_done()) return finish();
  if (is_resumed_) return;
  start_local_workers(fleet_.start_all());
}

void Scheduler::on(const LocalWorkerExited& event) {
  exited_.push_back(event.launch_id);
  if (phase_ == Phase::finishing) return;
  const std::string text = fmt::format("local worker {}{} {}", event.launch_id,
                                       event.started ? " ended:" : ":", event.how);
  if (fleet_.is_retired(event.launch_id)) return log(Severity::info, text);
  const std::uint32_t launches = fleet_.lives_not_joined(event.launch_id);
  if (launches <= 1) return log(Severity::warning, text);
  if (!std::has_single_bit(launches)) return;  // logged the 2nd, 4th, 8th ... time
  log(Severity::warning, fmt::format("{} ({} times in a row)", text, launches));
}

void Scheduler::on(const DrainRequested& event) {
  for (const SessionIndex s : event.sessions) {
    const Session& session = sessions_.at(s);
    if (!session.live()) continue;
    if (session.launch_id != 0) fleet_.retire(session.launch_id);
    ask_to_drain(session, event.mode);
  }
}

/// An attempt is not cancelled before its task is known as cancelled on disk (rule 5). While the
/// run is being resumed, it is not known which tasks are held: see end_recovery().
void Scheduler::on(const CancelRequested& event) {
  if (phase_ >= Phase::finishing) return;
  for (const TaskId task : event.tasks) {
    if (!tasks_.note_cancelled(task)) continue;
    commits_.task_changed(task);
    if (phase_ == Phase::recovering) continue;
    if (tasks_.is_pending(task)) {
      work_.withdraw(task);
      tasks_.decide(now_, task, Outcome::cancelled);
    } else {
      commits_.task_cancelled(task);
    }
  }
}

/// What waits at a worker is returned.
void Scheduler::on(const PauseRequested& event) {
  if (std::exchange(is_paused_, event.is_paused) || !is_paused_) return;
  for (const Session& session : sessions_.all()) revoke_unstarted(session);
}

/// What waits for a slot at a worker would start there: its own slots are as before.
void Scheduler::on(const SlotsLimited& event) {
  for (const SessionIndex s : event.sessions) {
    const Session& session = sessions_.at(s);
    if (!session.live()) continue;
    sessions_.limit(session, event.slots);
    revoke_unstarted(session);
    work_.make_ready(view(), session);
  }
}

void Scheduler::on(const StopRequested& event) {
  if (phase_ == Phase::finishing) return;
  if (event.leave_running) {
    CHECK(policy_.journal);
    phase_ = Phase::leaving;
    return;
  }
  if (policy_.journal) return suspend(event.let_running_end);
  stop(event.let_running_end);
}

/// Not before the sessions have listed what they hold: else it would run on with them.
void Scheduler::on(const AbandonRequested& /*event*/) {
  CHECK(policy_.journal && is_resumed_);
  is_abandoned_ = true;
  if (phase_ > Phase::recovering && phase_ < Phase::finishing) stop(/*let_running_end=*/false);
}

void Scheduler::on(const Committed& event) {
  CHECK(policy_.journal && event.commit <= commits_.handed_over());
  while (commits_.awaits(event.commit)) publish(commits_.next_durable());
}

/// Once they are committed, they are tasks of the run: see take_added().
void Scheduler::on(const TasksAdded& event) {
  CHECK(event.count > 0 && records().spec.is_open);
  work_.limit_batches(event.assignment_attempts);
  if (tasks_.may_grow()) commits_.tasks_added(now_, event.count);
}

void Scheduler::on(const OutputFound& event) {
  CHECK(phase_ == Phase::idle && is_resumed_);
  for (const FoundOutput& output : event.attempts) output_.found(output);
}

void Scheduler::on(const OutputWritten& event) {
  for (const OutputWritten::Stream& s : event.streams) {
    output_.written(s.attempt, s.stream, s.bytes);
  }
}

void Scheduler::on(const InputEnded& event) {
  CHECK(records().spec.is_open);
  if (tasks_.may_grow()) commits_.input_ended(event.error);
}

/// The turn: every message that was waiting has been handled, so decisions can be made. The order
/// matters. Losses come first, since they return tasks; nothing is published or acknowledged before
/// it is committed (rule 5); the run finishes only when its last outcome is durable.
void Scheduler::on(const TurnEnded& event) {
  if (phase_ == Phase::idle) return;
  if (phase_ == Phase::leaving) return leave();
  compensate_stall();
  note_printed(event);
  if (event.inbox_empty) {
    lose_exited();
    lose_silent();
  }
  stop_at_run_timeout();
  if (may_start_workers()) start_local_workers(fleet_.start_due(now_));
  if (phase_ == Phase::recovering && recovery_.is_complete()) end_recovery();
  const bool goes_on = !tasks_.all_done() && !stop_.is_suspending();
  if (phase_ == Phase::joining && goes_on) start_if_joined();
  if (working() && goes_on) {
    stop_at_wait_timeout();
    stop_without_workers();
    stop_at_halt();
    work_.put_back_due(now_);
  }
  if (phase_ == Phase::leaving) return leave();
  if (now_ >= *next_tick_ && phase_ < Phase::finishing) commits_.note_progress(records());
  commit();
  if (working()) {
    deal();
    rebalance();
  }
  acknowledge();
  drop_unwanted_output();
  if (working()) print_early();
  answer_output();
  if (phase_ < Phase::finishing && is_work_over()) finish();
  if (now_ >= *next_tick_) tick();
  if (phase_ == Phase::finishing) end_if_all_left();
}

// Steps of a turn.

/// The room was determined before the outcomes of this turn are published: their output can be
/// printed. With a journal, what is printed makes room once a commit states it.
void Scheduler::note_printed(const TurnEnded& event) {
  OutputRoom room = event.output_room;
  const bool is_full = policy_.takes_output && room.bytes < limits::output_window;
  commits_.note_printed(event.printed, is_full && phase_ < Phase::finishing);
  const std::size_t accepted = records().accepted();
  if (std::exchange(accepted_before_, accepted) != accepted) room.is_stuck = false;
  if (policy_.journal && !commits_.is_all_printed(records())) room.is_stuck = false;
  output_.set_room(room);
}

/// Rule 6: the time by which the coordinator itself was late counts neither as silence of a worker
/// nor as absence of workers.
void Scheduler::compensate_stall() {
  const Duration late = now_ - *next_tick_;
  if (late <= Duration::zero()) return;
  sessions_.compensate_stall(late);
  attendance_.compensate_stall(late);
  if (late <= policy_.heartbeat_interval) return;
  log(Severity::warning, fmt::format("the coordinator stalled for {}", format_brief(late)));
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
    lose(*session, session->is_cut
                       ? "its connection was closed"
                       : fmt::format("no heartbeat for {}", format_brief(policy_.liveness)));
    if (tasks_.session(session->index).is_local) out_->push_back(KillLocalWorker{session->index});
  }
}

/// Rule 7: every session that the journal knows and that has not left may hold attempts. Nothing is
/// dispatched before each of them has listed its attempts, or was lost.
void Scheduler::begin_recovery() {
  phase_ = Phase::recovering;
  for (const SessionRecord& record : records().sessions) {
    const bool is_live = record.end == SessionEnd::none;
    sessions_.restore(now_, record.id, record.slots, is_live);
    work_.add_session();
    acks_.add_session(record.last_report);
    output_.add_session(is_live);
    recovery_.add_session(is_live);
  }
  tasks_.resume(now_);
  publish(commits_.take_unpublished());
}

void Scheduler::end_recovery() {
  log(Severity::info, fmt::format("resumed with {} of {} tasks done and {} held by workers",
                                  tasks_.done(), records().spec.task_count, tasks_.assigned()));
  for (const TaskId task : tasks_.cancelled()) {
    if (tasks_.is_pending(task)) {
      work_.withdraw(task);
      tasks_.decide(now_, task, Outcome::cancelled);
    } else {
      commits_.task_cancelled(task);
    }
  }
  if (is_abandoned_) stop(/*let_running_end=*/false);
  work_.recovered(tasks_);
  if (policy_.takes_output) out_->push_back(KeepOutput{output_.end_recovery()});
  phase_ = Phase::joining;
  attendance_.open(now_);
  std::uint32_t adopted = 0;
  for (const Session& session : sessions_.all()) {
    if (!session.live() || !tasks_.session(session.index).is_local) continue;
    recovery_.adopt_local(session.index);
    ++adopted;
  }
  if (may_start_workers()) start_local_workers(fleet_.start_all(adopted));
}

void Scheduler::start_if_joined() {
  const auto joined =
      std::count_if(sessions_.all().begin(), sessions_.all().end(),
                    [this](const Session& s) { return s.active() && commits_.knows(s.index); });
  const auto verdict =
      attendance_.may_start(now_, static_cast<std::size_t>(joined), fleet_.has_ended());
  if (verdict.kind == Attendance::Kind::fail) return fail_without_workers(verdict.warning);
  if (verdict.kind == Attendance::Kind::wait) return;
  if (!verdict.warning.empty()) log(Severity::warning, verdict.warning);
  phase_ = Phase::running;
}

void Scheduler::stop_without_workers() {
  const auto verdict = attendance_.may_go_on(now_, sessions_.live(), fleet_.has_ended());
  if (verdict.kind == Attendance::Kind::fail) fail_without_workers(verdict.warning);
}

void Scheduler::fail_without_workers(const std::string& reason) {
  log(Severity::warning, reason);
  ran_out_of_workers_ = true;
  if (policy_.journal) {  // there may be workers when the run is resumed
    phase_ = Phase::leaving;
    return;
  }
  cut_off_input();
  work_.cancel_retries();
  tasks_.decide_pending(now_, Outcome::lost);
}

void Scheduler::stop_at_wait_timeout() {
  const RunRecords& r = records();
  if (stop_.is_stopping() || !r.spec.wait_timeout || !r.first_dispatch) return;
  if (now_ < *r.first_dispatch + *r.spec.wait_timeout) return;
  tasks_.note_wait_timeout();
  cancel_everything();
}

/// As the second signal does: running attempts are cancelled, too.
void Scheduler::stop_at_run_timeout() {
  if (!is_open() || !stop_.take_timeout(now_)) return;
  log(Severity::warning,
      fmt::format("--run-timeout: the run is ended after {}", format_brief(*policy_.run_timeout)));
  on(StopRequested{});
}

void Scheduler::stop_at_halt() {
  if (!stop_.count_for_halt(records()) || tasks_.all_done()) return;
  const Halt& halt = *policy_.halt;
  const std::uint64_t count = stop_.halting();
  log(halt.on_success ? Severity::info : Severity::warning,
      fmt::format("--halt: {} {} {}; no new task is started", count, count == 1 ? "task" : "tasks",
                  halt.on_success ? "succeeded" : "failed"));
  stop(!halt.now);
}

/// One commit of all changes of the turn. Without a journal it is durable at once, which may have
/// further changes as its consequence.
void Scheduler::commit() {
  while (commits_.has_changes(records())) {
    std::shared_ptr<Commit> commit = commits_.hand_over(records());
    if (commit) out_->push_back(WriteCommit{commits_.handed_over(), std::move(commit)});
    if (!policy_.journal) publish(commits_.next_durable());
  }
}

void Scheduler::publish(const Durable& durable) {
  if (durable.end_record > durable.first_record) {
    out_->push_back(
        PublishOutcomes{durable.first_record, durable.end_record - durable.first_record});
  }
  if (durable.tasks) take_added(*durable.tasks);
  for (const SessionLeft& left : durable.left) {
    out_->push_back(PublishLeft{left.session, left.returned});
  }
  if (durable.cancel) {
    stop_.committed();
    for (const Session& session : sessions_.all()) ask_to_cancel(session);
  }
  if (!durable.cancelled.empty()) {
    cancels_.add(durable.cancelled);
    ask_to_cancel_tasks();
  }
  for (const Durable::Session& s : durable.sessions) {
    const Session& session = sessions_.at(s.session);
    acks_.reports_durable(now_, s.session, s.last_report, session.leaves() || !session.live());
    if (session.parting && session.live()) on_goodbye(session, *sessions_.take_parting(session));
    work_.make_ready(view(), session);
  }
}

/// A task exists once it is committed (rule 5). If the run was stopped meanwhile, it has ended,
/// too.
void Scheduler::take_added(const CommittedTasks& added) {
  tasks_.add_tasks(added.count, added.at);
  work_.add_tasks(view(), added.count);
  if (added.is_last) {
    tasks_.close(added.error);
    out_->push_back(PublishInputEnded{});
    stop_at_halt();
  }
  if (stop_.is_ending()) tasks_.decide_pending(now_, Outcome::cancelled);
}

bool Scheduler::may_deal() const {
  if (stop_.is_stopping() || is_paused_) return false;
  return !policy_.journal || commits_.unpublished(records()) < limits::uncommitted_outcomes;
}

void Scheduler::deal() {
  if (!may_deal()) return;
  work_.deal(view(), [this](const Session& session, Batch batch, std::uint64_t credit) {
    assign(session, std::move(batch), credit);
  });
}

void Scheduler::assign(const Session& session, Batch batch, std::uint64_t credit) {
  Assignment assignment;
  const std::uint32_t dispatch = tasks_.assign(now_, session.index, batch, assignment.attempts);
  assignment.number =
      work_.add(now_, session, dispatch, std::move(batch), credit, assignment.attempts);
  send_assignment(session, std::move(assignment));
  if (records().spec.method == CollectionMethod::cancelled) ask_to_cancel(session);
}

/// The job header is in each copy of the session's first assignment in this epoch.
void Scheduler::send_assignment(const Session& session, Assignment assignment) {
  if (assignment.number == work_.of(session).first()) {
    assignment.jobs.push_back(job_of(records().spec, policy_, session));
  }
  send(session, std::move(assignment));
}

/// Revokes attempts that wait for a slot, for sessions that have free slots.
void Scheduler::rebalance() {
  if (stop_.is_stopping() || is_paused_ || records().spec.method == CollectionMethod::cancelled)
    return;
  if (const auto revocation = work_.rebalance(view())) {
    send(sessions_.at(revocation->session), revocation->revoke);
  }
}

void Scheduler::acknowledge() {
  for (const DueAck& ack : acks_.take(now_)) {
    const Session& session = sessions_.at(ack.session);
    send(session, Ack{ack.reports, now_, output_.window(now_, ack.session)});
    if (session.live() || tasks_.session(ack.session).end != SessionEnd::lost) continue;
    send(session, Reject{RejectReason::session_lost, "this session was declared lost"});
  }
}

/// Output of attempts that still run, although another attempt has ended their task.
void Scheduler::drop_unwanted_output() {
  if (output_swept_ == records().accepted()) return;
  output_swept_ = records().accepted();
  drop_output(/*still_runs=*/true, [this](const SessionAttempt& attempt) {
    return records().state_of(attempt.task) == TaskState::done;
  });
}

void Scheduler::drop_output(bool still_runs,
                            const std::function<bool(const SessionAttempt&)>& is_unwanted) {
  for (const SessionAttempt& attempt : output_.kept(is_unwanted)) {
    give_up_output(attempt, still_runs);
  }
  const std::optional<SessionAttempt> early = output_.early();
  if (early && is_unwanted(*early)) give_up_output(*early, still_runs);
}

/// What is printed cannot be taken back.
void Scheduler::give_up_output(const SessionAttempt& attempt, bool still_runs) {
  const bool is_early = output_.early() == attempt;
  const bool was_kept = output_.drop(attempt, still_runs);
  if (is_early && was_kept) {
    out_->push_back(OutputStuck{
        fmt::format("the attempt at task {} was given up, whose output was printed while it ran",
                    index(attempt.task))});
  }
  if (is_early || was_kept) out_->push_back(DropOutput{attempt});
}

void Scheduler::print_early() {
  const auto decision = early_.decide(
      now_, tasks_, output_, [this](const SessionAttempt& attempt) { return may_print(attempt); });
  if (decision.next) {
    output_.print_early(*decision.next);
    out_->push_back(PrintEarly{*decision.next});
  }
  if (!decision.why_stuck.empty()) out_->push_back(OutputStuck{decision.why_stuck});
}

/// An attempt that counts as begun may wait for a slot. If those that have the slots wait for the
/// spool, it never gets one.
bool Scheduler::may_print(const SessionAttempt& attempt) const {
  const Session& session = sessions_.at(attempt.session);
  const Assignments& work = work_.of(session);
  if (!work.has_begun(attempt.task)) return false;
  if (session.slots == 0 || output_.keeps(attempt)) return true;
  const auto is_held = [this](std::uint32_t dispatch, TaskId task) {
    return tasks_.is_held(dispatch, task);
  };
  return work.begun_before(attempt.task, is_held) < session.slots;
}

void Scheduler::answer_output() {
  while (auto answer = output_.take_answer(now_)) {
    const Session& session = sessions_.at(answer->session);
    if (answer->ack) {
      send(session, std::move(*answer->ack));
    } else {
      send(session, Ack{acks_.durable(session.index), now_, answer->window});
    }
  }
}

/// Once a heartbeat interval: sends again what may have been lost on its way.
void Scheduler::tick() {
  next_tick_ = now_ + policy_.heartbeat_interval;
  for (const SessionIndex s : sessions_.take_without_goodbye(now_ - policy_.heartbeat_interval)) {
    lose(sessions_.at(s), "its process ended");
  }
  for (const Session& session : sessions_.all()) {
    if (!session.live()) continue;
    if (phase_ == Phase::finishing) {
      send(session, Shutdown{});
      continue;
    }
    resend(session, work_.patience());
    if (session.drain) send(session, Drain{*session.drain});
    repeat_stop(session);
    work_.make_ready(view(), session);
  }
  ask_to_cancel_tasks();
}

/// Every task is done; or the run is to be left unfinished, and no worker holds an attempt.
bool Scheduler::is_work_over() const {
  const bool is_left_unfinished =
      stop_.is_suspending() && recovery_.is_complete() && tasks_.assigned() == 0;
  return (tasks_.all_done() || is_left_unfinished) && commits_.is_all_durable(records());
}

void Scheduler::finish() {
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
  suspended_ = !tasks_.all_done();
  out_->push_back(End{});
}

/// Workers hold on to their attempts until the run is resumed.
void Scheduler::leave() {
  commit();
  if (!commits_.is_all_durable(records())) return;
  phase_ = Phase::ended;
  suspended_ = true;
  out_->push_back(End{/*workers_stay=*/true});
}

// Messages of workers: which ones are obeyed, and what they change.

void Scheduler::on(const MalformedReceived& event) {
  if (event.reason == RejectReason::protocol_version) return refuse_version(event);
  ++messages_refused_;
  log_of(event.from, fmt::format("dropped a malformed message of {}: {}",
                                 name_of(event.from, event.address), event.text));
  send(event.from, event.header.session, Reject{event.reason, event.text});
}

/// The answer has the version of the message: a Reject is the same in all.
void Scheduler::refuse_version(const MalformedReceived& event) {
  ++messages_refused_;
  const std::string who =
      event.worker.empty() ? name_of(event.from, event.address) : "worker " + event.worker;
  const std::uint32_t version = event.header.protocol;
  log_of(event.from, fmt::format("refused {}: it speaks protocol version {}, expected {}", who,
                                 version, kProtocolVersion));
  Header header;
  header.protocol = version;
  header.run = records().spec.id;
  header.epoch = epoch_;
  header.session = event.header.session;
  const std::string text = fmt::format("the worker speaks protocol version {}, the coordinator {}",
                                       version, kProtocolVersion);
  out_->push_back(Send{event.from, {header, Reject{RejectReason::protocol_version, text}}});
}

void Scheduler::on(const RefusedReceived& event) {
  if (phase_ == Phase::idle || phase_ == Phase::leaving) return;
  const auto reject = refusal(event.from, event.header, event.kind);
  CHECK(reject.has_value());
  refuse(event.from, event.header, *reject, event.address);
}

void Scheduler::on(const ConnectionClosed& event) {
  if (const Session* session = sessions_.find(event.connection)) {
    sessions_.connection_closed(now_, *session);
  }
}

/// To refuse the report alone would have the worker send it again for ever.
void Scheduler::on(const ContradictionReceived& event) {
  if (phase_ == Phase::idle || phase_ == Phase::leaving) return;
  if (const auto reject = refusal(event.from, event.header, WorkerBodyKind::report)) {
    return refuse(event.from, event.header, *reject, {});
  }
  refuse_report(*sessions_.find(event.from), event.text);
}

void Scheduler::refuse_report(const Session& session, const std::string& why) {
  ++messages_refused_;
  lose(session, "its report contradicts itself: " + why);
}

std::optional<Reject> Scheduler::refusal(ConnectionId from, const Header& header,
                                         WorkerBodyKind kind) const {
  return check_header(sessions_, {records().spec.id, epoch_}, from, header, kind);
}

/// A few of these are usual after a reconnection or a resume, and correct themselves.
void Scheduler::refuse(ConnectionId from, const Header& header, const Reject& reject,
                       const std::string& address) {
  ++messages_refused_;
  const Session* session = sessions_.find(from);
  const bool is_joining = session != nullptr && reject.reason == RejectReason::say_hello;
  if (is_joining) sessions_.heard(now_, *session);
  log_of(from, fmt::format("refused a message of {}: {}", name_of(from, address), reject.text),
         /*is_usual=*/true);
  send(from, header.session, reject);
}

void Scheduler::on(const MessageReceived& event) {
  if (phase_ == Phase::idle || phase_ == Phase::leaving) return;
  const Header& header = event.message.header;
  if (const auto reject = refusal(event.from, header, kind_of(event.message.body))) {
    return refuse(event.from, header, *reject, {});
  }
  if (const auto* hello = std::get_if<Hello>(&event.message.body)) {
    return on_hello(event.from, header.session, *hello);
  }
  const Session* session = sessions_.find(event.from);
  sessions_.heard(now_, *session);
  std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, Inventory>) on_inventory(*session, body);
        if constexpr (std::is_same_v<Body, Report>) on_report(*session, body);
        if constexpr (std::is_same_v<Body, Heartbeat>) on_heartbeat(*session, body);
        if constexpr (std::is_same_v<Body, Goodbye>) on_goodbye(*session, body);
        if constexpr (std::is_same_v<Body, Output>) on_output(*session, body);
      },
      event.message.body);
}

/// A Hello that its worker repeats for as long as it runs.
void Scheduler::refuse_hello(ConnectionId from, const Hello& hello, const Reject& reject) {
  ++messages_refused_;
  log_of(from, fmt::format("refused worker {} on {}: {}", hello.name, hello.host, reject.text));
  send(from, session_of(hello.secret), reject);
}

/// Rule 4, first half. A Hello does not change the session's work. A worker that names another
/// session in the header would name it in every message, and none would be obeyed.
void Scheduler::on_hello(ConnectionId from, const SessionId& named, const Hello& hello) {
  const SessionId id = session_of(hello.secret);
  if (!named.empty() && named != id) {
    return refuse_hello(from, hello,
                        {RejectReason::bad_message, "its session is not the hash of its secret"});
  }
  const Session* session = sessions_.find(id);
  if (session != nullptr && !session->live()) {
    return send(from, id, Reject{RejectReason::session_lost, "this session has ended"});
  }
  if (session == nullptr) session = add_session(from, hello);
  if (session == nullptr) return;
  if (session->active() && session->connected && session->connection != from) {
    out_->push_back(PublishBack{session->index, now_ - session->last_message});
  }
  sessions_.greet(now_, *session, from, hello.nonce);
  welcome(*session, hello.features);
}

/// Returns null if the worker is refused. A process starts another session only after it was sent
/// SESSION_LOST, so one connection cannot fill the memory with sessions that do nothing.
const Session* Scheduler::add_session(ConnectionId from, const Hello& hello) {
  const SessionId id = session_of(hello.secret);
  const Session* before = sessions_.find(from);
  if (before != nullptr && before->phase == SessionPhase::handshaking) {
    refuse_hello(from, hello,
                 {RejectReason::bad_message, "another session is joining on this connection"});
    return nullptr;
  }
  if (sessions_.size() >= limits::sessions) {
    ++messages_refused_;
    log_of(from, "refused a worker: too many sessions");
    return nullptr;
  }
  const KindTraits& traits = records().spec.traits;
  if (const auto refused = coordinator::refusal(hello, records().spec, policy_)) {
    send(from, id, *refused);
    return nullptr;
  }
  if (before != nullptr && before->live()) lose(*before, "its process started a new session");
  const std::uint32_t launch_id = fleet_.knows(hello.launch_id) ? hello.launch_id : 0;
  const Session& session =
      sessions_.add(now_, id, from, slots_for(hello, traits, policy_.slots), launch_id);
  tasks_.add_session(record_of(hello, session.slots, now_));
  commits_.add_session(session.index);
  acks_.add_session();
  output_.add_session();
  recovery_.add_session(/*is_awaited=*/false);
  work_.add_session();
  return &session;
}

void Scheduler::welcome(const Session& session, const FeatureSet& features) {
  Welcome welcome = terms_of(policy_, session, now_);
  welcome.list_held = recovery_.awaits(session.index);
  welcome.reports_committed = acks_.durable(session.index);
  welcome.run_name = records().spec.name;
  const bool takes_output = policy_.takes_output && features.test(kOutputInChunks);
  welcome.features.set(kOutputInChunks, takes_output);
  welcome.window = output_.joined(now_, session.index, takes_output);
  send(session, welcome);
  if (phase_ == Phase::finishing) send(session, Shutdown{});
}

/// Rule 4, second half: it is known what the session holds, so work may flow.
void Scheduler::on_inventory(const Session& session, const Inventory& inventory) {
  if (!session.live()) return acks_.acknowledge(session.index);
  if (inventory.nonce != session.nonce) {
    return send(session,
                Reject{RejectReason::say_hello, "this Inventory answers an earlier Hello"});
  }
  tasks_.add_clock_sample(session.index, inventory.echo, now_);
  if (recovery_.awaits(session.index)) {
    if (!recovery_.collect(session.index, inventory)) return;
    if (!adopt(session, inventory)) return lose(session, "its inventory contradicts itself");
  }
  if (session.phase == SessionPhase::handshaking) {
    sessions_.activate(session);
    fleet_.joined(session.launch_id);
    out_->push_back(PublishJoined{session.index});
    if (session.drain) send(session, Drain{*session.drain});
  }
  sessions_.note_draining(session, inventory.draining);
  work_.progress(view(), session, inventory.assignments_received, work_.of(session).started());
  resend(session, Duration::zero());  // messages of the old connection may be lost with it
  repeat_stop(session);
  ask_to_cancel_tasks();
}

/// Attempts that the session holds are its own, and are not dispatched again. Returns false if its
/// inventory contradicts itself.
bool Scheduler::adopt(const Session& session, const Inventory& inventory) {
  const std::optional<ListedAttempts> listed = recovery_.take_list(session.index, inventory);
  if (!listed) return false;
  Adoption adoption = tasks_.adopt(session.index, listed->held);
  resume_output(session, listed->output);
  log(Severity::info, fmt::format("worker {} reconnected with {} tasks",
                                  tasks_.session(session.index).name, adoption.owned));
  begun(session, work_.adopt(view(), session, inventory, listed->held, std::move(adoption)));
  return true;
}

/// Output of an attempt whose task is done elsewhere is not wanted. If bytes are lost, its outcome
/// will not count, and its task is pending then.
void Scheduler::resume_output(const Session& session, const std::vector<ListedStream>& streams) {
  for (const ListedStream& s : streams) {
    const SessionAttempt attempt{session.index, s.task, s.attempt};
    if (!tasks_.is_held_by(attempt.session, attempt.task, attempt.attempt)) {
      output_.drop(attempt, /*still_runs=*/true);
    } else if (const auto from = output_.resume(attempt, s.stream, s.durable)) {
      out_->push_back(CutOutput{attempt, s.stream, *from});
    }
  }
}

void Scheduler::on_heartbeat(const Session& session, const Heartbeat& heartbeat) {
  output_.window_received(session.index, heartbeat.window_received);
  tasks_.add_clock_sample(session.index, heartbeat.echo, now_);
  if (session.live()) {
    sessions_.note_draining(session, heartbeat.draining);
    begun(session,
          work_.progress(view(), session, heartbeat.assignments_received, heartbeat.started_count));
  }
  acks_.acknowledge(session.index);
}

/// Rule 5. Reports are taken in order; a repeated one is acknowledged again.
void Scheduler::on_report(const Session& session, const Report& report) {
  // It was lost before its inventory was complete: it is not known which attempts these are.
  if (recovery_.awaits(session.index)) return acks_.acknowledge(session.index);
  // It will be sent again. Without a journal everything is durable at the end of the turn.
  const bool is_full = commits_.unpublished(records()) >= limits::uncommitted_outcomes_most;
  if (policy_.journal && is_full) return;
  if (report.number == tasks_.session(session.index).last_report + 1) {
    const std::string why = output_.contradiction(session.index, report.outcomes);
    if (session.live() && !why.empty()) return refuse_report(session, why);
  }
  output_.window_received(session.index, report.window_received);
  sessions_.note_draining(session, report.draining);
  if (!tasks_.receive_report(session.index, report.number)) {
    return acks_.acknowledge(session.index);
  }
  commits_.session_changed(session.index);
  take_outcomes(session, report);
}

void Scheduler::take_outcomes(const Session& session, const Report& report) {
  const OutcomeColumns* outcomes = &report.outcomes;
  std::optional<OutcomeColumns> corrected;
  const std::uint32_t retries = stop_.is_ending() ? 0 : policy_.retries;
  if (const auto places = output_.incomplete(session.index, *outcomes); !places.empty()) {
    outcomes = &corrected.emplace(report.outcomes);
    for (const std::uint32_t place : places) {
      // Of an attempt that is followed by another one no output is needed.
      if (!tasks_.is_last_word(*corrected, place, retries, ends_cancelled())) continue;
      corrected->outcome[place] = Outcome::lost;
    }
  }
  Acceptance acceptance = tasks_.accept(now_, session.index, *outcomes, work_.of(session).expired(),
                                        retries, ends_cancelled());
  settle_output(session, *outcomes);
  for (const TaskId task : acceptance.returned) commits_.task_changed(task);
  for (const TaskId task : acceptance.failed) commits_.task_changed(task);
  begun(session, work_.take(view(), session, report, acceptance));
  if (policy_.name_starts && !acceptance.failed_rows.empty()) {
    out_->push_back(PublishFailed{session.index, std::move(acceptance.failed_rows)});
  }
  if (acceptance.unassigned > 0) {
    log(Severity::warning,
        fmt::format("dropped {} outcomes of session {}: their tasks were not assigned to it",
                    acceptance.unassigned, to_hex(session.id.bytes)));
  }
  if (acceptance.accepted > 0) fleet_.completed(session.launch_id);
  // Rule 8: a session that cannot start attempts is not given more to fail.
  if (sessions_.count_failed_starts(session, report.outcomes.outcome) && !session.drain) {
    log(Severity::warning, fmt::format("session {} could not start any attempt and is quarantined",
                                       to_hex(session.id.bytes)));
    ask_to_drain(session, DrainMode::finish);
  }
  make_pending(std::move(acceptance.returned));
}

/// Bytes of a session whose inventory is not complete are not taken: it is not known what it holds.
void Scheduler::on_output(const Session& session, const Output& output) {
  if (recovery_.awaits(session.index) || !session.active()) return;
  std::vector<bool> taken =
      output_.receive(now_, session.index, output, [this](const SessionAttempt& attempt) {
        return tasks_.is_held_by(attempt.session, attempt.task, attempt.attempt);
      });
  if (std::ranges::find(taken, true) == taken.end()) return;
  out_->push_back(TakeOutput{session.index, std::move(taken)});
}

/// These attempts have ended.
void Scheduler::settle_output(const Session& session, const OutcomeColumns& outcomes) {
  if (outcomes.command.empty() && !output_.knows(session.index)) return;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!output_.concerns(session.index, outcomes, i)) continue;
    const SessionAttempt attempt{session.index, outcomes.task[i], outcomes.attempt[i]};
    if (tasks_.is_ended_by(attempt.session, attempt.task, attempt.attempt)) {
      output_.accepted(attempt);
    } else {
      give_up_output(attempt, /*still_runs=*/false);
    }
  }
}

/// The last message of a session. It counts once all reports before it are durable.
void Scheduler::on_goodbye(const Session& session, const Goodbye& goodbye) {
  if (session.phase == SessionPhase::ended) return send(session, Shutdown{});
  if (goodbye.reports_sent > tasks_.session(session.index).last_report) {
    return acks_.acknowledge(session.index);
  }
  if (goodbye.reports_sent > acks_.durable(session.index)) {
    return sessions_.set_parting(session, goodbye);
  }
  commits_.session_changed(session.index);
  tasks_.session_said_goodbye(session.index, goodbye);
  if (phase_ == Phase::finishing) return sessions_.end(session);
  release(session, /*charge=*/false);
  send(session, Shutdown{});
}

// Stopping.

/// No new attempt is started, not even at workers. Running ones end by themselves, or are
/// cancelled.
void Scheduler::stop(bool let_running_end) {
  tasks_.note_stop_request();
  if (!let_running_end) return cancel_everything();
  if (!stop_.drain()) return;
  for (const Session& session : sessions_.all()) revoke_unstarted(session);
  cancel_pending();
}

/// The same, but no task is cancelled: those without an outcome are left to the next coordinator.
void Scheduler::suspend(bool let_running_end) {
  stop_.suspend(let_running_end);
  for (const Session& session : sessions_.all()) {
    if (let_running_end) {
      revoke_unstarted(session);
    } else {
      ask_to_cancel(session);
    }
  }
}

/// A Revoke or a Cancel may be lost.
void Scheduler::repeat_stop(const Session& session) {
  const bool has_too_many = session.slots_limit && work_.of(session).held() > *session.slots_limit;
  const bool is_held_back = is_paused_ || has_too_many;
  if (stop_.is_draining() || (is_held_back && !stop_.is_stopping())) {
    revoke_unstarted(session);
  } else if (stop_.is_cancelling() || records().spec.method == CollectionMethod::cancelled) {
    ask_to_cancel(session);
  }
}

/// Whether a cancelled attempt ends its task. It does not if the run is left unfinished, by this
/// coordinator or by an earlier one, which workers may still answer.
bool Scheduler::ends_cancelled() const {
  const RunRecords& r = records();
  if (r.spec.method == CollectionMethod::cancelled || r.wait_timeout_passed) return true;
  return !stop_.is_suspending() && (r.stop_requested || !is_resumed_);
}

void Scheduler::cancel_everything() {
  stop_.cancel();
  commits_.cancel_requested();
  cancel_pending();
}

void Scheduler::cancel_pending() {
  cut_off_input();
  work_.cancel_retries();
  if (is_abandoned_) tasks_.decide_failed(now_);  // no coordinator will retry them
  tasks_.decide_pending(now_, Outcome::cancelled);
}

/// The run ends without the rest of its input.
void Scheduler::cut_off_input() {
  tasks_.cut_off_input();
  commits_.drop_tasks();
}

void Scheduler::ask_to_cancel(const Session& session) {
  if (!session.active() || work_.of(session).held() == 0) return;
  send(session, Cancel{work_.of(session).sent()});
}

void Scheduler::ask_to_cancel_tasks() {
  if (cancels_.empty()) return;
  for (const auto& [holder, attempts] : cancels_.open(tasks_)) {
    const Session& session = sessions_.at(holder);
    if (session.active()) send(session, Cancel{0, attempts});
  }
}

// Sessions that end or are to leave.

void Scheduler::lose(const Session& session, const std::string& reason) {
  if (phase_ == Phase::finishing) return sessions_.end(session);
  commits_.session_changed(session.index);
  tasks_.session_lost(session.index, reason);
  send(session, Reject{RejectReason::session_lost, reason});
  release(session, /*charge=*/true);
}

/// Rule 6: attempts of an ended session are pending again. Those that it has started are charged to
/// their tasks.
void Scheduler::release(const Session& session, bool charge) {
  const Assignments& work = work_.of(session);
  std::vector<TakenBack> taken;
  std::uint64_t running =
      session.slots > 0 ? session.slots : std::numeric_limits<std::uint64_t>::max();
  for (const HeldAssignment& held : work.all_held()) {
    tasks_.take_back(now_, held.dispatch, held.batch, work.started_of(held), running,
                     charge ? std::optional(policy_.max_losses) : std::nullopt, taken);
  }
  for (const TakenBack& attempt : taken) commits_.task_changed(attempt.task);
  std::vector<TaskId> pending = work_.release(session, taken);
  release_output(session);
  const std::uint64_t returned = stop_.is_ending() ? 0 : pending.size();
  make_pending(std::move(pending));
  sessions_.end(session);
  recovery_.session_ended(session.index);
  commits_.session_left({session.index, returned});
  // A worker that was asked to leave is not replaced.
  if (recovery_.take_local(session.index) && may_start_workers() && !session.drain) {
    start_local_workers({fleet_.start_another()});
  }
}

/// Its late outcomes do not count if a part of their output came before.
void Scheduler::release_output(const Session& session) {
  output_.session_ended(session.index);
  drop_output(/*still_runs=*/false, [&session](const SessionAttempt& attempt) {
    return attempt.session == session.index;
  });
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

void Scheduler::make_pending(std::vector<TaskId> tasks) {
  const auto is_to_end = [this](TaskId t) { return stop_.is_ending() || tasks_.is_cancelled(t); };
  const auto rest = std::stable_partition(tasks.begin(), tasks.end(), is_to_end);
  for (auto task = tasks.begin(); task != rest; ++task) {
    tasks_.decide(now_, *task, Outcome::cancelled);
  }
  tasks.erase(tasks.begin(), rest);
  work_.put_back(now_, std::move(tasks));
}

void Scheduler::resend(const Session& session, Duration older_than) {
  for (Assignment& again : work_.take_overdue(view(), session, older_than)) {
    send_assignment(session, std::move(again));
  }
}

void Scheduler::revoke_unstarted(const Session& session) {
  if (const auto revoke = work_.revoke_unstarted(now_, session)) send(session, *revoke);
}

void Scheduler::begun(const Session& session, Begun begun) {
  tasks_.attempts_began(session.index, begun.count);
  if (begun.count <= 0 || (policy_.name_starts && begun.tasks.empty())) return;
  const auto count = static_cast<std::uint64_t>(begun.count);
  out_->push_back(PublishStarted{session.index, count, std::move(begun.tasks)});
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

void Scheduler::log(Severity severity, std::string text) {
  out_->push_back(Log{severity, std::move(text)});
}

void Scheduler::log_of(ConnectionId connection, std::string text, bool is_usual) {
  out_->push_back(Log{Severity::warning, std::move(text), connection, is_usual});
}

std::string Scheduler::name_of(ConnectionId connection, const std::string& address) const {
  if (const Session* session = sessions_.find(connection)) {
    return "worker " + tasks_.session(session->index).name;
  }
  return address.empty() ? "an unknown process" : "a process at " + address;
}

void Scheduler::check_invariants() const {
  tasks_.check_invariants();
  for (const SessionRecord& session : records().sessions) CHECK(session.ended <= session.begun);
  CHECK(records().attempts_total == records().attempts().begun());
  sessions_.check_invariants();
  work_.check_invariants(view());
  acks_.check_invariants();
  commits_.check_invariants(records());
  stop_.check_invariants(records());
  attendance_.check_invariants();
  recovery_.check_invariants();
  fleet_.check_invariants();
  output_.check_invariants();
}

}  // namespace rollcall::coordinator
