// Messages of workers: which ones are obeyed, and what they change.
#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {
namespace {

/// Slots of commands are bounded by what the worker's system allows.
std::uint32_t slots_for(const Hello& hello, const KindTraits& traits) {
  if (!traits.needs_slots) return hello.slots;
  const std::uint32_t offered = hello.slots > 0 ? hello.slots : std::max(hello.processors, 1U);
  return std::min(offered, hello.command_slots);
}

}  // namespace

void Scheduler::on(const MalformedReceived& event) {
  log(LogLevel::warning, "dropped a malformed message: " + event.text);
  send(event.from, event.header.session, Reject{event.reason, event.text});
}

void Scheduler::on(const MessageReceived& event) {
  if (phase_ == Phase::idle || phase_ == Phase::suspending) return;
  if (const auto* hello = std::get_if<Hello>(&event.message.body)) {
    return on_hello(event.from, *hello);
  }
  const Header& header = event.message.header;
  const Session* session = sessions_.find(event.from);
  if (session == nullptr) {
    return send(event.from, header.session, Reject{RejectReason::say_hello, "unknown connection"});
  }
  if (header.run != records().spec.id || header.epoch != epoch_ || header.session != session->id) {
    return send(event.from, header.session,
                Reject{RejectReason::wrong_epoch, "meant for another run, epoch or session"});
  }
  sessions_.heard(now_, *session);
  std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, Inventory>) on_inventory(*session, body);
        if constexpr (std::is_same_v<Body, Report>) on_report(*session, body);
        if constexpr (std::is_same_v<Body, Heartbeat>) on_heartbeat(*session, body);
        if constexpr (std::is_same_v<Body, Goodbye>) on_goodbye(*session, body);
      },
      event.message.body);
}

/// Rule 4, first half. A Hello changes nothing of what is known about the session's work.
void Scheduler::on_hello(ConnectionId from, const Hello& hello) {
  const SessionId id = session_of(hello.secret);
  const Session* session = sessions_.find(id);
  if (session != nullptr && !session->live()) {
    return send(from, id, Reject{RejectReason::session_lost, "this session has ended"});
  }
  if (session == nullptr) session = add_session(from, hello);
  if (session == nullptr) return;
  sessions_.greet(now_, *session, from, hello.nonce);
  welcome(*session);
}

/// Returns null if the worker is rejected.
const Session* Scheduler::add_session(ConnectionId from, const Hello& hello) {
  const SessionId id = session_of(hello.secret);
  if (sessions_.size() >= limits::sessions) {
    log(LogLevel::warning, "rejected a worker: too many sessions");
    return nullptr;
  }
  const KindTraits& traits = records().spec.traits;
  if (traits.needs_slots && hello.command_slots == 0) {
    send(from, id,
         Reject{RejectReason::refused,
                "the worker accepts no commands (--only sleep, or open-file limit too low)"});
    return nullptr;
  }
  const Session* before = sessions_.find(from);
  if (before != nullptr && before->live()) lose(*before, "its process started a new session");
  const std::uint32_t launch_id = fleet_.knows(hello.launch_id) ? hello.launch_id : 0;
  const Session& session = sessions_.add(now_, id, from, slots_for(hello, traits), launch_id);
  SessionRecord record;
  record.id = id;
  record.name = hello.name;
  record.host = hello.host;
  record.pid = hello.pid;
  record.slots = session.slots;
  record.is_local = hello.launch_id != 0;
  record.welcomed = now_;
  tasks_.add_session(std::move(record));
  commits_.add_session(session.index);
  acks_.add_session();
  recovery_.add_session(/*is_awaited=*/false);
  work_.emplace_back();
  return &session;
}

void Scheduler::welcome(const Session& session) {
  Welcome welcome;
  welcome.nonce = session.nonce;
  welcome.sent = now_;
  welcome.kind = records().spec.kind;
  welcome.slots = session.slots;
  welcome.heartbeat_interval = policy_.heartbeat_interval;
  welcome.liveness = policy_.liveness;
  welcome.orphan_for = policy_.orphan_for;
  welcome.list_held = recovery_.awaits(session.index);
  welcome.reports_committed = acks_.durable(session.index);
  welcome.max_output = policy_.max_output;
  welcome.kill_after = policy_.kill_after;
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
  progress(session, inventory.assignments_received, work_of(session).started());
  resend(session, Duration::zero());  // messages of the old connection may be lost with it
  make_ready(session);
}

/// Attempts that the session holds are its own, and are not dispatched again. Returns false if its
/// inventory contradicts itself.
bool Scheduler::adopt(const Session& session, const Inventory& inventory) {
  const std::optional<HeldColumns> listed = recovery_.take_list(session.index, inventory);
  if (!listed) return false;
  Adoption adoption = tasks_.adopt(session.index, *listed);
  work_of(session).adopt(inventory, *listed, adoption.dispatch, adoption.owned,
                         std::move(adoption.expired));
  release_superseded(adoption.superseded);
  for (const TaskId task : listed->task) {  // a task that has failed elsewhere may run here
    if (!retries_.contains(task)) continue;
    if (tasks_.is_assigned(task)) retries_.forget(task);
  }
  log(LogLevel::info, "worker " + tasks_.session(session.index).name + " reconnected with " +
                          std::to_string(adoption.owned) + " tasks");
  PublishStarted started;
  started.session = session.index;
  for (std::size_t i = 0; i < inventory.begun; ++i) {
    const TaskId task = listed->task[i];
    if (index(task) >= records().state.size()) continue;
    if (tasks_.is_assigned(task)) started.tasks.push_back(task);
  }
  started.count = started.tasks.size();
  if (!policy_.name_starts) started.tasks.clear();
  out_->push_back(std::move(started));
  return true;
}

void Scheduler::on_heartbeat(const Session& session, const Heartbeat& heartbeat) {
  if (session.phase == SessionPhase::handshaking) {
    return send(session, Reject{RejectReason::say_hello, "no Inventory since the last Hello"});
  }
  tasks_.add_clock_sample(session.index, heartbeat.echo, now_);
  if (session.live()) {
    sessions_.note_draining(session, heartbeat.draining);
    progress(session, heartbeat.assignments_received, heartbeat.started_count);
  }
  acks_.acknowledge(session.index);
}

/// Rule 5. Reports are taken in order; a repeated one is acknowledged again.
void Scheduler::on_report(const Session& session, const Report& report) {
  if (session.phase == SessionPhase::handshaking) {
    return send(session, Reject{RejectReason::say_hello, "no Inventory since the last Hello"});
  }
  // It was lost before its inventory was complete: it is not known which attempts these are.
  if (recovery_.awaits(session.index)) return acks_.acknowledge(session.index);
  // It will be sent again. Without a journal everything is durable at the end of the turn.
  const bool is_full = commits_.unpublished(records()) >= limits::uncommitted_outcomes_most;
  if (policy_.journal && is_full) return;
  sessions_.note_draining(session, report.draining);
  if (!tasks_.receive_report(session.index, report.number)) {
    return acks_.acknowledge(session.index);
  }
  commits_.session_changed(session.index);
  take_outcomes(session, report);
}

/// Returned attempts are known before starts are published: a returned attempt has not started.
void Scheduler::take_outcomes(const Session& session, const Report& report) {
  Assignments& work = work_of(session);
  Acceptance a = tasks_.accept(now_, session.index, report.outcomes, work.expired(),
                               stop_.is_stopping() ? 0 : policy_.retries);
  work.attempts_ended(now_, a.settled,
                      std::span(records().elapsed).subspan(a.first_record, a.accepted));
  work.unstarted_returned(a.unstarted_returns);
  if (session.live()) progress(session, report.assignments_received, report.started_count);
  release_superseded(a.superseded);
  if (a.unassigned > 0) {
    log(LogLevel::warning, "dropped " + std::to_string(a.unassigned) + " outcomes of session " +
                               to_hex(session.id.bytes) + ": their tasks were not assigned to it");
  }
  if (a.accepted > 0) fleet_.completed(session.launch_id);
  // Rule 8: a session that cannot start attempts is not given more to fail.
  if (sessions_.count_failed_starts(session, report.outcomes.outcome) && !session.drain) {
    log(LogLevel::warning,
        "session " + to_hex(session.id.bytes) + " could not start any attempt and is quarantined");
    ask_to_drain(session, DrainMode::finish);
  }
  retry_failed(a);
  make_pending(std::move(a.returned));
  work.drop_answered([this](std::uint32_t dispatch) { return tasks_.has_ended(dispatch); });
  make_ready(session);
}

/// A failed task waits for its retry; one that was ended by a late outcome no longer does.
void Scheduler::retry_failed(const Acceptance& acceptance) {
  for (std::size_t i = 0; i < acceptance.accepted && !retries_.empty(); ++i) {
    retries_.forget(records().task[acceptance.first_record + i]);
  }
  for (const TaskId task : acceptance.failed) retries_.failed(now_, task, tasks_.failures(task));
}

void Scheduler::release_superseded(const std::vector<Superseded>& superseded) {
  for (const Superseded& attempt : superseded) {
    const Session& owner = sessions_.at(attempt.owner);
    work_of(owner).supersede(attempt.task, attempt.attempt);
    make_ready(owner);
  }
}

void Scheduler::progress(const Session& session, std::uint64_t assignments_received,
                         std::uint64_t started) {
  const PlaceRange begun = work_of(session).progress(assignments_received, started);
  if (begun.to > begun.from) publish_started(session, begun);
  make_ready(session);
}

void Scheduler::publish_started(const Session& session, PlaceRange places) {
  const Assignments& work = work_of(session);
  PublishStarted started;
  started.session = session.index;
  started.count = places.to - places.from;
  if (policy_.name_starts || work.has_returned_unstarted()) {
    AttemptFilter has_begun;  // all
    if (work.has_returned_unstarted()) {
      has_begun = [&](std::uint32_t dispatch, TaskId task) {
        return !tasks_.was_returned(dispatch, task, work.expired());
      };
    }
    started.tasks = work.tasks_at(places, has_begun);
    started.count = started.tasks.size();
    if (started.count == 0) return;
    if (!policy_.name_starts) started.tasks.clear();
  }
  out_->push_back(std::move(started));
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

}  // namespace rollcall::coordinator
