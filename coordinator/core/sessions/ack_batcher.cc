#include "coordinator/core/sessions/ack_batcher.h"

#include <utility>

#include "common/base/check.h"

namespace rollcall::coordinator {

void AckBatcher::acknowledge(SessionIndex session) {
  if (!std::exchange(sessions_[index(session)].is_due, true)) due_.push_back(session);
}

void AckBatcher::reports_durable(Instant now, SessionIndex session, std::uint64_t number,
                                 bool is_urgent) {
  SessionAcks& acks = sessions_[index(session)];
  const bool is_news = number > acks.durable;
  acks.durable = number;
  if (!is_news) return;
  reports_.count(now, 1);
  const bool waits_for_many = number - acks.acknowledged >= limits::reports_per_ack;
  if (!reports_.busy() || is_urgent || waits_for_many) {
    acknowledge(session);
  } else if (!std::exchange(acks.is_held, true)) {
    held_.push_back(session);
  }
}

std::optional<Instant> AckBatcher::deadline() const {
  if (held_.empty()) return std::nullopt;
  return held_sent_ + limits::ack_wait;
}

std::vector<DueAck> AckBatcher::take(Instant now) {
  if (!held_.empty() && now >= *deadline()) {
    for (const SessionIndex session : held_) {
      SessionAcks& acks = sessions_[index(session)];
      acks.is_held = false;
      if (acks.acknowledged < acks.durable) acknowledge(session);
    }
    held_.clear();
    held_sent_ = now;
  }
  std::vector<DueAck> acks;
  acks.reserve(due_.size());
  for (const SessionIndex session : due_) {
    SessionAcks& sent = sessions_[index(session)];
    sent.is_due = false;
    sent.acknowledged = sent.durable;
    acks.push_back({session, sent.durable});
  }
  due_.clear();
  return acks;
}

void AckBatcher::check_invariants() const {
  std::size_t due = 0;
  std::size_t held = 0;
  for (const SessionAcks& acks : sessions_) {
    CHECK(acks.acknowledged <= acks.durable);
    due += acks.is_due ? 1 : 0;
    held += acks.is_held ? 1 : 0;
  }
  CHECK(due == due_.size() && held == held_.size());
}

}  // namespace rollcall::coordinator
