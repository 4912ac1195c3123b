// The scheduler's side that keeps before it tells (rule 5): what was accepted is handed over to be
// committed, and only when it is committed the output, the workers and the end of the run get to
// know of it.
#include "common/base/check.h"
#include "common/limits.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {

void Scheduler::changed(Session& session) {
  if (!std::exchange(session.changed, true)) changed_.push_back(session.index);
}

/// At the end of a turn: one commit of all that it has brought. Without a journal memory is what is
/// committed.
void Scheduler::keep() {
  if (handed_over_ == tasks_.done() && changed_.empty() && left_.empty() && !cancel_uncommitted_)
    return;
  Uncommitted uncommitted;
  uncommitted.cancel = std::exchange(cancel_uncommitted_, false);
  uncommitted.records = tasks_.done();
  uncommitted.left = std::exchange(left_, {});
  for (const SessionIndex s : changed_) {
    sessions_.at(s).changed = false;
    uncommitted.sessions.push_back({s, record_of(sessions_.at(s)).last_report});
  }
  changed_.clear();
  if (policy_.journal) {
    auto commit = std::make_shared<Commit>();
    add_outcomes(records(), handed_over_, *commit);
    for (const UncommittedSession& s : uncommitted.sessions) {
      if (index(s.session) >= sessions_handed_over_) {
        CHECK(index(s.session) == sessions_handed_over_++);
        commit->sessions.push_back(committed_session(records(), s.session));
      }
      commit->progress.push_back(committed_progress(records(), s.session));
    }
    const auto& odd = records().result_mismatches;
    commit->result_mismatches.assign(
        odd.begin() + static_cast<std::ptrdiff_t>(mismatches_handed_over_), odd.end());
    mismatches_handed_over_ = odd.size();
    commit->counters = committed_counters(records(), published_);
    out_->push_back(WriteCommit{++commits_, std::move(commit)});
  }
  handed_over_ = uncommitted.records;
  uncommitted_.push_back(std::move(uncommitted));
  if (!policy_.journal) tell_next();
}

void Scheduler::on(const Committed& event) {
  CHECK(policy_.journal && event.commit <= commits_);
  while (commits_ - uncommitted_.size() < event.commit) tell_next();
}

/// The oldest commit is committed: now it may be known.
void Scheduler::tell_next() {
  const Uncommitted committed = std::move(uncommitted_.front());
  uncommitted_.pop_front();
  if (committed.records > published_) {
    out_->push_back(PublishOutcomes{published_, committed.records - published_});
    published_ = committed.records;
  }
  for (const PublishLeft& left : committed.left) out_->push_back(left);
  if (committed.cancel) {
    may_cancel_ = true;
    for (const Session& session : sessions_.all()) ask_to_cancel(session);
  }
  for (const UncommittedSession& s : committed.sessions) {
    Session& session = sessions_.at(s.session);
    session.committed = true;
    const bool is_more = s.last_report > session.reports_committed;
    session.reports_committed = s.last_report;
    if (is_more) acknowledge_in_time(session);
    if (session.parting && session.live()) on_goodbye(session, *std::exchange(session.parting, {}));
    make_ready(session);
  }
}

/// What has waited for its time, and what goes at once.
void Scheduler::acknowledge() {
  if (!acks_held_.empty() && now_ >= acks_sent_ + limits::ack_wait) {
    for (const SessionIndex s : acks_held_) {
      Session& session = sessions_.at(s);
      session.ack_held = false;
      if (session.reports_acknowledged < session.reports_committed) acknowledge_later(session);
    }
    acks_held_.clear();
    acks_sent_ = now_;
  }
  for (const SessionIndex s : unacknowledged_) {
    Session& session = sessions_.at(s);
    session.ack_due = false;
    session.reports_acknowledged = session.reports_committed;
    send(session, Ack{session.reports_committed, now_});
    if (session.live()) continue;
    if (record_of(session).end == SessionEnd::lost) {
      send(session, Reject{RejectReason::session_lost, "this session was given up"});
    }
  }
  unacknowledged_.clear();
}

}  // namespace rollcall::coordinator
