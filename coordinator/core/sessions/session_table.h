// The sessions of a run: who is who, and who has been silent for how long.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "coordinator/core/sessions/session.h"

namespace rollcall::coordinator {

/// Owns every session of the run, lost ones included: their indices never change. Finding one and
/// hearing from one take constant time. Pure; one owner, one thread.
class SessionTable {
 public:
  explicit SessionTable(Duration liveness) : liveness_(liveness) {}

  std::size_t size() const { return sessions_.size(); }
  std::size_t live() const { return by_silence_.size(); }
  std::size_t active() const { return active_; }
  /// Of all that are active; those without a limit have none.
  std::uint64_t slots() const { return slots_; }
  Session& at(SessionIndex session) { return sessions_[index(session)]; }
  const Session& at(SessionIndex session) const { return sessions_[index(session)]; }
  std::deque<Session>& all() { return sessions_; }
  const std::deque<Session>& all() const { return sessions_; }

  /// Null if there is none.
  Session* find(const SessionId& id);
  Session* find(ConnectionId connection);
  /// The live session of the local worker with this launch id.
  Session* find_launch(std::uint32_t launch_id);

  /// A new session, handshaking and just heard.
  Session& add(Instant now, const SessionId& id, ConnectionId connection);
  /// A session of an earlier epoch; nobody has said Hello for it yet.
  Session& restore(Instant now, const SessionId& id, bool live);
  /// From now on this is the way to the session.
  void bind(Session& session, ConnectionId connection);
  void activate(Session& session);
  /// Ends it. Its connection stays known, so that it can be told.
  void end(Session& session);

  void heard(Instant now, Session& session);
  /// The coordinator itself was late by this much: nobody's silence counts for that long.
  void compensate_stall(Duration late) { stall_compensation_ += late; }
  /// The live session that has been silent for longest, if for longer than the liveness time.
  Session* silent(Instant now);

 private:
  struct HashId {
    std::size_t operator()(const SessionId& id) const;
  };
  Instant deadline_of(const Session& session) const {
    return session.last_heard + liveness_ + (stall_compensation_ - session.compensation_then);
  }

  Duration liveness_;
  Duration stall_compensation_{};
  std::size_t active_ = 0;
  std::uint64_t slots_ = 0;
  std::deque<Session> sessions_;
  std::list<SessionIndex> by_silence_;  ///< live ones, the longest silent first
  std::unordered_map<SessionId, SessionIndex, HashId> by_id_;
  std::unordered_map<ConnectionId, SessionIndex> by_connection_;
};

}  // namespace rollcall::coordinator
