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

void Scheduler::take_back_for_the_idle() {
  if (stop_.is_stopping() || records().spec.method == CollectionMethod::cancelled) return;
  const auto surplus = dealer_.find_surplus(
      load(), sessions_.size(), [this](SessionIndex s) { return receiver(sessions_.at(s)); });
  if (surplus) revoke(sessions_.at(surplus->session), surplus->count);
}

/// Asks for the last `count` attempts that it holds. Their places stay what they are, so the asking
/// may get lost or come late; a session that has begun them meanwhile says so.
void Scheduler::revoke(Session& session, std::uint64_t count) {
  std::uint64_t keep = session.attempts_assigned;
  const auto& all = session.held_assignments;
  for (auto held = all.rbegin(); held != all.rend() && count > 0; ++held) {
    for (std::uint32_t i = held->batch.count; i > 0 && count > 0; --i) {
      const std::size_t t = index(held->batch.at(i - 1));
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
  dealer_.note_revocation();
  session.revoked = asked;
  send(session, asked.revoke);
}

void Scheduler::settle_revocation(Session& session, std::uint64_t unstarted_returns) {
  if (unstarted_returns == 0) return;
  session.unstarted_returns += unstarted_returns;
  session.revoked.reset();
}

}  // namespace rollcall::coordinator
