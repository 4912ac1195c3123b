// The scheduler's side for workers that come and go: who is to leave, and what is taken back from
// those who have more than they can start for those who have nothing to do.
#include <algorithm>

#include "common/limits.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {

void Scheduler::on(const DrainRequested& event) {
  for (const SessionIndex s : event.sessions) {
    Session& session = sessions_.at(s);
    if (!session.live()) continue;
    if (session.launch_id != 0) fleet_.retire(session.launch_id);
    ask_to_drain(session, event.mode);
  }
}

/// One that was about to leave has said Goodbye before its process ended: it may still be on its
/// way.
void Scheduler::lose_exited(Session& session) {
  if (session.leaves()) {
    awaiting_goodbye_.emplace_back(now_, session.index);
  } else {
    lose(session, "its process ended");
  }
}

void Scheduler::lose_those_without_goodbye() {
  std::erase_if(awaiting_goodbye_, [this](const auto& exited) {
    if (now_ < exited.first + policy_.heartbeat_interval) return false;
    Session& session = sessions_.at(exited.second);
    if (session.live()) lose(session, "its process ended");
    return true;
  });
}

/// A level, said again with each tick: a worker that drains may only be told to hurry.
void Scheduler::ask_to_drain(Session& session, DrainMode mode) {
  if (!session.live()) return;
  if (!session.drain || mode == DrainMode::return_running) session.drain = mode;
  if (session.phase == SessionPhase::active) send(session, Drain{*session.drain});
}

/// Slots bound what runs; without them there is always room, and nothing ever waits for it.
std::uint64_t Scheduler::free_slots(const Session& session) const {
  if (!has_credit(session)) return 0;
  if (session.slots == 0) return limits::task_count;
  return session.slots - std::min<std::uint64_t>(session.slots, session.held);
}

/// When nothing is left to deal, somebody has free slots, and somebody else holds attempts that
/// wait for theirs: half of those of the one who has most come back, as many as there is room for.
void Scheduler::take_back_for_the_idle() {
  if (!may_revoke_ || cancelling_ || waiting_to_be_dealt() > 0) return;
  if (records().spec.method == CollectionMethod::cancelled) return;
  Session* most_loaded = nullptr;
  std::uint64_t room = 0;
  bool is_anything_waiting = false;
  const Duration patience = limits::resend_intervals * policy_.heartbeat_interval;
  for (Session& session : sessions_.all()) {
    room = std::min(room + free_slots(session), limits::task_count);
    if (session.phase != SessionPhase::active || session.waiting() == 0) continue;
    is_anything_waiting = true;
    const bool is_asked = session.revoked && now_ - session.revoked->asked < patience;
    if (is_asked || session.leaves()) continue;
    if (most_loaded == nullptr || session.waiting() > most_loaded->waiting())
      most_loaded = &session;
  }
  may_revoke_ = is_anything_waiting;
  if (room == 0 || most_loaded == nullptr) return;
  revoke(*most_loaded, std::min(room, (most_loaded->waiting() + 1) / 2));
}

/// Asks for the last `count` attempts that it holds. Their places stay what they are, so the asking
/// may get lost or come late; a session that has begun them meanwhile says so.
void Scheduler::revoke(Session& session, std::uint64_t count) {
  std::uint64_t keep = session.attempts_assigned;
  const auto& all = session.held_assignments;
  for (auto held = all.rbegin(); held != all.rend() && count > 0; ++held) {
    for (std::uint32_t i = held->batch.count; i > 0 && count > 0; --i) {
      const std::size_t t = index(backlog_.at(held->batch, i - 1));
      const bool is_held = records().dispatch[t] == held->dispatch &&
                           records().state_of(task_at(t)) == TaskState::assigned;
      keep = held->first_position + i - 1;
      if (is_held) --count;
    }
  }
  revoke_from(session, std::max(keep, session.started_count));
}

void Scheduler::revoke_from(Session& session, std::uint64_t keep) {
  Revocation asked;
  asked.revoke.assignments_through = session.assignments_sent;
  asked.revoke.keep = keep;
  asked.end = session.attempts_assigned;
  asked.asked = now_;
  if (keep >= asked.end) return;
  has_revoked_ = true;
  session.revoked = asked;
  send(session, asked.revoke);
}

void Scheduler::settle_revocation(Session& session, std::uint64_t unstarted_returns) {
  if (unstarted_returns == 0) return;
  session.unstarted_returns += unstarted_returns;
  session.revoked.reset();
}

/// What was taken back goes to those who can start it, before those with credit alone.
void Scheduler::deal_to_the_idle() {
  std::vector<SessionIndex> idle;
  for (const SessionIndex s : ready_) {
    if (free_slots(sessions_.at(s)) > 0) idle.push_back(s);
  }
  while (waiting_to_be_dealt() > 0 && !idle.empty()) {
    const std::size_t share = (waiting_to_be_dealt() + idle.size() - 1) / idle.size();
    for (const SessionIndex s : idle) {
      Session& session = sessions_.at(s);
      const std::uint64_t room = free_slots(session);
      if (room == 0 || waiting_to_be_dealt() == 0) continue;
      dispatch_to(session, std::min<std::uint64_t>(share, room));
    }
    std::erase_if(idle, [this](SessionIndex s) { return free_slots(sessions_.at(s)) == 0; });
  }
}

}  // namespace rollcall::coordinator
