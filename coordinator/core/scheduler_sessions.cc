// The scheduler's side that talks with sessions: from Hello to Goodbye or loss.
#include <algorithm>

#include "common/base/check.h"
#include "common/limits.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {

void Scheduler::on(const MalformedReceived& event) {
  log(LogLevel::warning, "dropped a message that is not understood: " + event.text);
  send(event.from, event.header.session, Reject{event.reason, event.text});
}

void Scheduler::on(const MessageReceived& event) {
  if (phase_ == Phase::idle || phase_ == Phase::suspending) return;
  if (const auto* hello = std::get_if<Hello>(&event.message.body)) {
    return on_hello(event.from, *hello);
  }
  const Header& header = event.message.header;
  Session* session = sessions_.find(event.from);
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

SessionRecord& Scheduler::record_of(const Session& session) {
  return tasks_.mutable_records().sessions[index(session.index)];
}

/// Rule 4, first half. A Hello changes nothing of what is known about the session's work.
void Scheduler::on_hello(ConnectionId from, const Hello& hello) {
  const SessionId id = session_of(hello.secret);
  Session* session = sessions_.find(id);
  if (session != nullptr && !session->live()) {
    return send(from, id, Reject{RejectReason::session_lost, "this session is over"});
  }
  if (session == nullptr) {
    if (sessions_.size() >= limits::sessions) {
      return log(LogLevel::warning, "a worker is turned away: there are too many sessions");
    }
    if (records().spec.traits.needs_slots && hello.command_slots == 0) {
      return send(from, id,
                  Reject{RejectReason::refused,
                         "this run is of commands, and the worker runs none: by --only, or as too "
                         "few files may be open"});
    }
    if (Session* before = sessions_.find(from); before != nullptr && before->live()) {
      lose(*before, "its process started over as a new session");
    }
    session = &sessions_.add(now_, id, from);
    if (fleet_.knows(hello.launch_id)) session->launch_id = hello.launch_id;
    session->slots = slots_for(hello);
    SessionRecord record;
    record.id = id;
    record.name = hello.name;
    record.host = hello.host;
    record.pid = hello.pid;
    record.slots = session->slots;
    record.is_local = hello.launch_id != 0;
    record.welcomed = now_;
    tasks_.mutable_records().sessions.push_back(std::move(record));
    commits_.add_session(session->index);
    acks_.add_session();
  }
  sessions_.bind(*session, from);
  sessions_.heard(now_, *session);
  session->nonce = hello.nonce;
  welcome(*session);
}

void Scheduler::welcome(Session& session) {
  Welcome welcome;
  welcome.nonce = session.nonce;
  welcome.sent = now_;
  welcome.kind = records().spec.kind;
  welcome.slots = session.slots;
  welcome.heartbeat_interval = policy_.heartbeat_interval;
  welcome.liveness = policy_.liveness;
  welcome.orphan_for = policy_.orphan_for;
  welcome.list_held = session.wants_inventory;
  welcome.reports_committed = acks_.durable(session.index);
  welcome.max_output = policy_.max_output;
  welcome.kill_after = policy_.kill_after;
  send(session, welcome);
  if (phase_ == Phase::finishing) send(session, Shutdown{});
}

/// Rule 4, second half: what the session holds is known, so work may flow.
void Scheduler::on_inventory(Session& session, const Inventory& inventory) {
  if (!session.live()) {
    return acks_.acknowledge(session.index);
  }
  if (inventory.nonce != session.nonce) {
    return send(session, Reject{RejectReason::say_hello, "an Inventory of an older Hello"});
  }
  record_of(session).clock.add(inventory.echo, now_);
  if (session.wants_inventory) {
    if (!collect(session, inventory)) return;
    if (!adopt(session, inventory)) return lose(session, "its inventory cannot be");
  }
  if (session.phase == SessionPhase::handshaking) {
    sessions_.activate(session);
    fleet_.joined(session.launch_id);
    out_->push_back(PublishJoined{session.index});
    if (session.drain) send(session, Drain{*session.drain});
  }
  session.draining = session.draining || inventory.draining;
  progress(session, inventory.assignments_received, session.started_count);
  resend(session, Duration::zero());  // what the old connection had may have died with it
  make_ready(session);
}

void Scheduler::on_heartbeat(Session& session, const Heartbeat& heartbeat) {
  if (session.phase == SessionPhase::handshaking) {
    return send(session, Reject{RejectReason::say_hello, "no Inventory since the last Hello"});
  }
  record_of(session).clock.add(heartbeat.echo, now_);
  if (session.live()) {
    session.draining = session.draining || heartbeat.draining;
    progress(session, heartbeat.assignments_received, heartbeat.started_count);
  }
  acks_.acknowledge(session.index);
}

/// Rule 5. Reports are taken in their order; what is sent again is acknowledged again.
void Scheduler::on_report(Session& session, const Report& report) {
  if (session.phase == SessionPhase::handshaking) {
    return send(session, Reject{RejectReason::say_hello, "no Inventory since the last Hello"});
  }
  // One that was lost before it could say what it holds: nobody knows whose these outcomes are.
  if (session.wants_inventory) return acks_.acknowledge(session.index);
  // It will come again. Without a journal all is committed at the end of the turn.
  if (policy_.journal && commits_.unpublished(records()) >= limits::uncommitted_outcomes_most)
    return;
  session.draining = session.draining || report.draining;
  SessionRecord& record = record_of(session);
  if (report.number <= record.last_report) ++tasks_.mutable_records().reports_repeated;
  if (report.number != record.last_report + 1) return acks_.acknowledge(session.index);
  record.last_report = report.number;
  commits_.session_changed(session.index);
  take_in(session, report);
}

void Scheduler::release_superseded(const std::vector<Superseded>& superseded) {
  for (const Superseded& attempt : superseded) {
    Session& owner = sessions_.at(attempt.owner);
    owner.expired[attempt.task] = attempt.attempt;
    --owner.held;
    make_ready(owner);
  }
}

/// What was returned is known before the starts are told: it has begun for nobody.
void Scheduler::take_in(Session& session, const Report& report) {
  Acceptance a =
      tasks_.accept(now_, session, report.outcomes, stop_.is_stopping() ? 0 : policy_.retries);
  session.count_ended(now_, a.accepted);
  settle_revocation(session, a.unstarted_returns);
  if (session.live()) progress(session, report.assignments_received, report.started_count);
  release_superseded(a.superseded);
  if (a.unassigned > 0) {
    log(LogLevel::warning, "dropped " + std::to_string(a.unassigned) + " outcomes of session " +
                               to_hex(session.id.bytes) + " of tasks that it was not given");
  }
  if (a.accepted > 0) {
    fleet_.completed(session.launch_id);
  }
  count_failed_starts(session, report.outcomes);
  retry_failed(a);
  if (stop_.is_stopping()) {
    for (const TaskId task : a.returned) tasks_.decide(now_, task, Outcome::cancelled);
  } else {
    dealer_.put_back(std::move(a.returned));
  }
  while (!session.held_assignments.empty()) {
    const HeldAssignment& oldest = session.held_assignments.front();
    if (records().dispatches[oldest.dispatch].remaining > 0 ||
        oldest.number > session.assignments_received)
      break;
    session.held_assignments.pop_front();
  }
  make_ready(session);
}

/// Rule 8: a session that cannot start anything is not given more to fail.
void Scheduler::count_failed_starts(Session& session, const OutcomeColumns& outcomes) {
  for (const Outcome outcome : outcomes.outcome) {
    if (outcome == Outcome::not_started) {
      ++session.failed_starts;
    } else if (outcome != Outcome::returned) {
      session.failed_starts = 0;
    }
  }
  if (session.failed_starts < limits::failed_starts || session.drain) return;
  log(LogLevel::warning,
      "session " + to_hex(session.id.bytes) + " could not start anything and is set aside");
  ask_to_drain(session, DrainMode::finish);
}

/// What a session says of the assignments that it has got, and of how many attempts it has begun.
void Scheduler::progress(Session& session, std::uint64_t assignments_received,
                         std::uint64_t started_count) {
  session.assignments_received = std::max(session.assignments_received,
                                          std::min(assignments_received, session.assignments_sent));
  const std::uint64_t begun =
      std::max(session.started_count, std::min(started_count, session.attempts_assigned));
  if (begun > session.started_count) publish_started(session, session.started_count, begun);
  session.started_count = begun;
  if (session.revoked && begun >= session.revoked->end) session.revoked.reset();
  make_ready(session);
}

void Scheduler::publish_started(const Session& session, std::uint64_t from, std::uint64_t to) {
  PublishStarted started;
  started.session = session.index;
  started.count = to - from;
  if (policy_.name_starts || session.unstarted_returns > 0) {
    started.tasks = started_between(session, from, to);
    started.count = started.tasks.size();
    if (started.count == 0) return;
    if (!policy_.name_starts) started.tasks.clear();
  }
  out_->push_back(std::move(started));
}

std::vector<TaskId> Scheduler::started_between(const Session& session, std::uint64_t from,
                                               std::uint64_t to) const {
  std::vector<TaskId> tasks;
  const auto& all = session.held_assignments;
  auto held = std::upper_bound(
      all.begin(), all.end(), from,
      [](std::uint64_t p, const HeldAssignment& h) { return p < h.first_position; });
  if (held != all.begin()) --held;
  for (; held != all.end() && held->first_position < to; ++held) {
    const std::uint64_t first = std::max(from, held->first_position) - held->first_position;
    const std::uint64_t last =
        std::min(to - held->first_position, std::uint64_t{held->batch.count});
    for (std::uint64_t i = first; i < last; ++i) {
      const TaskId task = held->batch.at(i);
      const bool has_begun =
          session.unstarted_returns == 0 || !tasks_.was_returned(session, *held, task);
      if (has_begun) tasks.push_back(task);
    }
  }
  return tasks;
}

/// The last word of a session, once all its reports are here.
void Scheduler::on_goodbye(Session& session, const Goodbye& goodbye) {
  if (session.phase == SessionPhase::ended) return send(session, Shutdown{});
  if (goodbye.reports_sent > record_of(session).last_report) {
    return acks_.acknowledge(session.index);
  }
  if (goodbye.reports_sent > acks_.durable(session.index)) {
    session.parting = goodbye;
    return;
  }
  SessionRecord& record = record_of(session);
  commits_.session_changed(session.index);
  record.goodbye = goodbye;
  record.end = SessionEnd::goodbye;
  if (phase_ == Phase::finishing) return sessions_.end(session);
  release(session, /*charge=*/false);
  send(session, Shutdown{});
}

void Scheduler::lose(Session& session, const std::string& why) {
  SessionRecord& record = record_of(session);
  if (phase_ == Phase::finishing) return sessions_.end(session);
  commits_.session_changed(session.index);
  record.end = SessionEnd::lost;
  record.end_reason = why;
  log(LogLevel::warning, "worker " + record.name + " is lost: " + why);
  send(session, Reject{RejectReason::session_lost, why});
  release(session, /*charge=*/true);
}

/// Rule 6: what an ended session held is pending again.
void Scheduler::release(Session& session, bool charge) {
  std::vector<TaskId> returned = tasks_.take_back(now_, session, charge, policy_.max_losses);
  if (stop_.is_stopping()) {
    for (const TaskId task : returned) tasks_.decide(now_, task, Outcome::cancelled);
    returned.clear();
  }
  sessions_.end(session);
  commits_.session_left({session.index, returned.size()});
  replace_adopted(session);
  dealer_.put_back(std::move(returned));
}

}  // namespace rollcall::coordinator
