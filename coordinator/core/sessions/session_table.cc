#include "coordinator/core/sessions/session_table.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"

namespace rollcall::coordinator {

std::size_t SessionTable::HashId::operator()(const SessionId& id) const {
  std::size_t hash = 0;  // the id is a hash already: any piece of it will do
  std::memcpy(&hash, id.bytes.data(), sizeof hash);
  return hash;
}

Session* SessionTable::find(const SessionId& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &at(found->second);
}

Session* SessionTable::find(ConnectionId connection) {
  const auto found = by_connection_.find(connection);
  return found == by_connection_.end() ? nullptr : &at(found->second);
}

Session* SessionTable::find_launch(std::uint32_t launch_id) {
  const auto found = std::find_if(by_silence_.begin(), by_silence_.end(),
                                  [&](SessionIndex s) { return at(s).launch_id == launch_id; });
  return found == by_silence_.end() ? nullptr : &at(*found);
}

Session& SessionTable::add(Instant now, const SessionId& id, ConnectionId connection) {
  Session& session = restore(now, id, /*live=*/true);
  bind(session, connection);
  return session;
}

Session& SessionTable::restore(Instant now, const SessionId& id, bool live) {
  Session& session = sessions_.emplace_back();
  session.index = static_cast<SessionIndex>(sessions_.size() - 1);
  session.id = id;
  session.last_heard = now;
  session.compensation_then = stall_compensation_;
  by_id_[id] = session.index;
  if (live) {
    session.by_silence = by_silence_.insert(by_silence_.end(), session.index);
  } else {
    session.phase = SessionPhase::ended;
  }
  return session;
}

void SessionTable::bind(Session& session, ConnectionId connection) {
  const auto old = by_connection_.find(session.connection);
  if (session.connected && old != by_connection_.end() && old->second == session.index) {
    if (session.connection == connection) return;
    by_connection_.erase(old);
  }
  session.connected = true;
  session.connection = connection;
  by_connection_[connection] = session.index;
}

void SessionTable::activate(Session& session) {
  CHECK(session.phase == SessionPhase::handshaking);
  session.phase = SessionPhase::active;
  ++active_;
  slots_ += session.slots;
}

void SessionTable::end(Session& session) {
  CHECK(session.live());
  if (session.phase == SessionPhase::active) {
    --active_;
    slots_ -= session.slots;
  }
  session.phase = SessionPhase::ended;
  by_silence_.erase(session.by_silence);
}

void SessionTable::heard(Instant now, Session& session) {
  if (!session.live()) return;
  session.last_heard = now;
  session.compensation_then = stall_compensation_;
  by_silence_.splice(by_silence_.end(), by_silence_, session.by_silence);
}

Session* SessionTable::silent(Instant now) {
  if (by_silence_.empty()) return nullptr;
  Session& longest = at(by_silence_.front());
  return now >= deadline_of(longest) ? &longest : nullptr;
}

}  // namespace rollcall::coordinator
