// The scheduler's side that commits before it publishes (rule 5): accepted outcomes are handed over
// to be committed, and only when they are durable, the output, the workers and the end of the run
// learn of them.
#include "common/base/check.h"
#include "coordinator/core/scheduler.h"

namespace rollcall::coordinator {

/// At the end of a turn: one commit of all its changes. Without a journal it is durable at once.
void Scheduler::keep() {
  if (!commits_.has_changes(records())) return;
  std::shared_ptr<Commit> commit = commits_.hand_over(records());
  if (commit) out_->push_back(WriteCommit{commits_.handed_over(), std::move(commit)});
  if (!policy_.journal) publish(commits_.next_durable());
}

void Scheduler::on(const Committed& event) {
  CHECK(policy_.journal && event.commit <= commits_.handed_over());
  while (commits_.awaits(event.commit)) publish(commits_.next_durable());
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
    Session& session = sessions_.at(s.session);
    acks_.reports_durable(now_, s.session, s.last_report, session.leaves() || !session.live());
    if (session.parting && session.live()) on_goodbye(session, *std::exchange(session.parting, {}));
    make_ready(session);
  }
}

void Scheduler::acknowledge() {
  for (const DueAck& ack : acks_.take(now_)) {
    const Session& session = sessions_.at(ack.session);
    send(session, Ack{ack.reports, now_});
    if (session.live()) continue;
    if (record_of(session).end == SessionEnd::lost) {
      send(session, Reject{RejectReason::session_lost, "this session was given up"});
    }
  }
}

}  // namespace rollcall::coordinator
