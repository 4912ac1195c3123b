#include "coordinator/core/sessions/session_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::coordinator {

std::size_t SessionTable::HashId::operator()(const SessionId& id) const {
  std::size_t hash = 0;  // the id is a hash already: any part of it will do
  std::memcpy(&hash, id.bytes.data(), sizeof hash);
  return hash;
}

const Session* SessionTable::find(const SessionId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &at(found->second);
}

const Session* SessionTable::find(ConnectionId connection) const {
  const auto found = by_connection_.find(connection);
  return found == by_connection_.end() ? nullptr : &at(found->second);
}

const Session* SessionTable::find_launch(std::uint32_t launch_id) const {
  const auto found = std::find_if(by_silence_.begin(), by_silence_.end(),
                                  [&](SessionIndex s) { return at(s).launch_id == launch_id; });
  return found == by_silence_.end() ? nullptr : &at(*found);
}

const Session& SessionTable::add(Instant now, const SessionId& id, ConnectionId connection,
                                 std::uint32_t slots, std::uint32_t launch_id) {
  const Session& session = restore(now, id, slots, /*live=*/true);
  mine(session).launch_id = launch_id;
  bind(session, connection);
  return session;
}

const Session& SessionTable::restore(Instant now, const SessionId& id, std::uint32_t slots,
                                     bool live) {
  Session& session = sessions_.emplace_back();
  session.index = static_cast<SessionIndex>(sessions_.size() - 1);
  session.id = id;
  session.slots = slots;
  session.last_heard = now;
  session.last_message = now;
  session.compensation_then = stall_compensation_;
  by_id_[id] = session.index;
  if (live) {
    session.by_silence = by_silence_.insert(by_silence_.end(), session.index);
  } else {
    session.phase = SessionPhase::ended;
  }
  return session;
}

void SessionTable::greet(Instant now, const Session& session, ConnectionId connection,
                         std::uint64_t nonce) {
  bind(session, connection);
  heard(now, session);
  mine(session).nonce = nonce;
}

void SessionTable::bind(const Session& session, ConnectionId connection) {
  Session& bound = mine(session);
  const auto old = by_connection_.find(bound.connection);
  if (bound.connected && old != by_connection_.end() && old->second == bound.index) {
    if (bound.connection == connection) return;
    by_connection_.erase(old);
  }
  bound.connected = true;
  bound.connection = connection;
  by_connection_[connection] = bound.index;
}

void SessionTable::activate(const Session& session) {
  CHECK(session.phase == SessionPhase::handshaking);
  mine(session).phase = SessionPhase::active;
  ++active_;
  slots_ += session.slots;
}

void SessionTable::end(const Session& session) {
  CHECK(session.live());
  if (session.active()) {
    --active_;
    slots_ -= session.slots;
  }
  mine(session).phase = SessionPhase::ended;
  by_silence_.erase(session.by_silence);
}

void SessionTable::note_draining(const Session& session, bool draining) {
  mine(session).draining = session.draining || draining;
}

void SessionTable::ask_to_drain(const Session& session, DrainMode mode) {
  if (!session.drain || mode == DrainMode::return_running) mine(session).drain = mode;
}

void SessionTable::set_parting(const Session& session, const Goodbye& goodbye) {
  mine(session).parting = goodbye;
}

std::optional<Goodbye> SessionTable::take_parting(const Session& session) {
  return std::exchange(mine(session).parting, std::nullopt);
}

void SessionTable::note_process_end(Instant now, const Session& session) {
  process_ended_.emplace_back(now, session.index);
}

std::vector<SessionIndex> SessionTable::take_without_goodbye(Instant until) {
  std::vector<SessionIndex> sessions;
  std::erase_if(process_ended_, [&](const auto& ended) {
    if (ended.first > until) return false;
    if (at(ended.second).live()) sessions.push_back(ended.second);
    return true;
  });
  return sessions;
}

bool SessionTable::count_failed_starts(const Session& session,
                                       const std::vector<Outcome>& outcomes) {
  std::uint32_t failed = session.failed_starts;
  for (const Outcome outcome : outcomes) {
    if (outcome == Outcome::not_started) {
      ++failed;
    } else if (outcome != Outcome::returned) {
      failed = 0;
    }
  }
  mine(session).failed_starts = failed;
  return failed >= limits::failed_starts;
}

void SessionTable::heard(Instant now, const Session& session) {
  if (!session.live()) return;
  mine(session).last_heard = now;
  mine(session).last_message = now;
  mine(session).compensation_then = stall_compensation_;
  mine(session).is_cut = false;
  by_silence_.splice(by_silence_.end(), by_silence_, session.by_silence);
}

void SessionTable::connection_closed(Instant now, const Session& session) {
  if (!session.live() || now - session.last_heard >= limits::silent_connection) return;
  mine(session).last_heard = std::min(session.last_heard, now + reconnect_ - liveness_);
  mine(session).compensation_then = stall_compensation_;
  mine(session).is_cut = true;
  const Instant deadline = deadline_of(session);
  const auto next = std::find_if(by_silence_.begin(), by_silence_.end(), [&](SessionIndex other) {
    return other == session.index || deadline_of(at(other)) > deadline;
  });
  by_silence_.splice(next, by_silence_, session.by_silence);
}

const Session* SessionTable::silent(Instant now) const {
  if (by_silence_.empty()) return nullptr;
  const Session& longest = at(by_silence_.front());
  return now >= deadline_of(longest) ? &longest : nullptr;
}

void SessionTable::check_invariants() const {
  std::size_t live = 0;
  std::size_t active = 0;
  std::uint64_t slots = 0;
  for (const Session& session : sessions_) {
    CHECK(find(session.id) == &session);
    live += session.live() ? 1 : 0;
    if (!session.active()) continue;
    ++active;
    slots += session.slots;
  }
  CHECK(live == by_silence_.size());
  CHECK(active == active_ && slots == slots_);
}

}  // namespace rollcall::coordinator
