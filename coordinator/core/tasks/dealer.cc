#include "coordinator/core/tasks/dealer.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {
namespace {

/// Each round may cost each session an assignment, and few of those may be in flight.
constexpr int kInterleavedRounds = 2;

/// Tasks for each session in a round in which none has any yet. They are few, because the sessions
/// are sent their batches one after another, and the longest tasks decide when the run ends.
constexpr std::size_t kFirstInterleaved = 256;

std::size_t divide_up(std::size_t tasks, std::size_t sessions) {
  return (tasks + sessions - 1) / sessions;
}

}  // namespace

/// No session is sent more ahead of its slots than its part of the tasks that do not run: when few
/// are left, they would wait for a slot while slots of other sessions stay empty.
std::uint64_t Dealer::credit_of(const Receiver& receiver, const Load& load) const {
  if (receiver.is_limited) return receiver.slots;
  if (receiver.slots == 0) return limits::task_count;
  if (prefetch_) return receiver.slots + *prefetch_;
  const std::uint64_t beyond = load.unfinished - std::min(load.unfinished, load.slots);
  return receiver.slots + std::min(receiver.prefetch, beyond * receiver.slots / load.slots);
}

/// A session without a slot limit always has room, and nothing ever waits there.
std::uint64_t Dealer::free_slots(const Receiver& receiver, const Load& load) const {
  if (!has_credit(receiver, load)) return 0;
  if (receiver.slots == 0) return limits::task_count;
  return receiver.slots - std::min<std::uint64_t>(receiver.slots, receiver.held);
}

void Dealer::make_ready(SessionIndex session, const Receiver& receiver, const Load& load) {
  if (index(session) >= is_ready_.size()) is_ready_.resize(index(session) + 1);
  if (is_ready_[index(session)] || !has_credit(receiver, load)) return;
  is_ready_[index(session)] = true;
  ready_.push_back(session);
}

void Dealer::deal(Load load, const Table& table) {
  if (load.waiting == 0 || ready_.empty()) return;
  if (has_revoked_) deal_to_idle(load, table);
  const std::size_t share = divide_up(load.waiting, std::max<std::size_t>(load.active, 1));
  if (ready_.size() > 1) deal_interleaved(share, load, table);
  while (load.waiting > 0 && !ready_.empty()) {
    const SessionIndex session = ready_.front();
    ready_.pop_front();
    is_ready_[index(session)] = false;
    const Receiver receiver = table.receiver(session);
    if (!has_credit(receiver, load)) continue;
    deal_to(session, receiver, share, load, table);
    make_ready(session, table.receiver(session), load);
  }
}

/// Revoked attempts go to the sessions that can start them.
void Dealer::deal_to_idle(Load& load, const Table& table) {
  const auto room_of = [&](SessionIndex s) { return free_slots(table.receiver(s), load); };
  std::vector<SessionIndex> idle;
  for (const SessionIndex s : ready_) {
    if (room_of(s) > 0) idle.push_back(s);
  }
  while (load.waiting > 0 && !idle.empty()) {
    const std::size_t share = divide_up(load.waiting, idle.size());
    for (const SessionIndex s : idle) {
      const Receiver receiver = table.receiver(s);
      const std::uint64_t room = free_slots(receiver, load);
      if (room == 0 || load.waiting == 0) continue;
      deal_to(s, receiver, std::min<std::uint64_t>(share, room), load, table);
    }
    std::erase_if(idle, [&](SessionIndex s) { return room_of(s) == 0; });
  }
}

/// The most attempts of one batch. Requires that the session has credit.
std::size_t Dealer::quota(const Receiver& receiver, std::size_t share, const Load& load) const {
  return std::min({share, assignment_attempts_,
                   static_cast<std::size_t>(credit_of(receiver, load) - receiver.held)});
}

/// Each session with credit gets the same number of tasks. All of them stay in the queue, because
/// some may have more; deal() removes the others.
void Dealer::deal_interleaved(std::size_t share, Load& load, const Table& table) {
  for (int round = 0; round < kInterleavedRounds && backlog_.interleavable() > 0; ++round) {
    std::vector<SessionIndex> sessions;
    std::size_t count = share;
    bool is_first = true;
    for (const SessionIndex session : ready_) {
      const Receiver receiver = table.receiver(session);
      if (!has_credit(receiver, load)) continue;
      is_first &= receiver.held == 0;
      sessions.push_back(session);
      count = std::min(count, quota(receiver, share, load));
    }
    if (sessions.size() < 2) return;
    if (is_first) count = std::min(count, kFirstInterleaved);
    count = std::min(count, std::min(backlog_.interleavable(), load.waiting) / sessions.size());
    if (count == 0) return;
    std::vector<Batch> batches = backlog_.take_interleaved(sessions.size(), count);
    load.waiting -= sessions.size() * count;
    may_revoke_ = true;
    for (std::size_t s = 0; s < sessions.size(); ++s) {
      const std::uint64_t credit = credit_of(table.receiver(sessions[s]), load);
      table.assign(sessions[s], std::move(batches[s]), credit);
    }
  }
}

void Dealer::deal_to(SessionIndex session, const Receiver& receiver, std::size_t share, Load& load,
                     const Table& table) {
  const std::uint64_t credit = credit_of(receiver, load);
  const std::size_t most = quota(receiver, share, load);
  Batch batch = backlog_.take(most, table.is_pending);
  CHECK(batch.count > 0 && batch.count <= load.waiting);
  load.waiting -= batch.count;
  may_revoke_ = true;
  table.assign(session, std::move(batch), credit);
}

std::optional<Dealer::Surplus> Dealer::find_surplus(const Load& load, std::size_t sessions,
                                                    const Ask& receiver) {
  if (!may_revoke_ || load.waiting > 0) return std::nullopt;
  std::uint64_t room = 0;
  std::uint64_t most_waiting = 0;
  SessionIndex most_loaded{};
  bool is_any_waiting = false;
  for (std::size_t s = 0; s < sessions; ++s) {
    const auto session = static_cast<SessionIndex>(s);
    const Receiver r = receiver(session);
    room = std::min(room + free_slots(r, load), limits::task_count);
    if (!r.is_active || r.waiting() == 0) continue;
    is_any_waiting = true;
    if (!r.may_be_revoked || r.waiting() <= most_waiting) continue;
    most_waiting = r.waiting();
    most_loaded = session;
  }
  may_revoke_ = is_any_waiting;
  if (room == 0 || most_waiting == 0) return std::nullopt;
  return Surplus{most_loaded, std::min(room, (most_waiting + 1) / 2)};
}

void Dealer::check_invariants() const {
  backlog_.check_invariants();
  std::vector<bool> queued(is_ready_.size());
  for (const SessionIndex session : ready_) {
    CHECK(is_ready_[index(session)] && !queued[index(session)]);
    queued[index(session)] = true;
  }
  CHECK(queued == is_ready_);
}

}  // namespace rollcall::coordinator
