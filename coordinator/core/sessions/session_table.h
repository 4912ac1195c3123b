// The sessions of a run: who they are, how far they have come, and which have been silent too long.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/messages/drain.h"
#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

enum class SessionPhase : std::uint8_t {
  handshaking,  ///< was sent a Welcome; gets no work before its Inventory
  active,       ///< may be given work
  ended,        ///< said goodbye, or is lost; never comes back
};

/// One session. Only SessionTable changes it. Its results are in SessionRecord, its work in
/// Assignments.
struct Session {
  SessionIndex index{};
  SessionId id;
  ConnectionId connection{};
  bool connected = false;  ///< has said Hello in this epoch
  SessionPhase phase = SessionPhase::handshaking;
  std::uint64_t nonce = 0;                     ///< of the last Hello
  std::uint32_t launch_id = 0;                 ///< local workers of this epoch; else 0
  std::uint32_t slots = 0;                     ///< 0: no limit
  std::optional<std::uint32_t> slots_limit{};  ///< by the user: attempts at once
  bool draining = false;                       ///< has announced that it is about to leave
  std::optional<DrainMode> drain;              ///< what it is asked to do, again and again
  std::optional<Goodbye> parting;              ///< said before its last reports were durable
  std::uint32_t failed_starts = 0;             ///< in a row
  bool is_cut = false;  ///< its connection was closed after it was last heard

  Instant last_heard;            ///< earlier, once its connection was closed
  Instant last_message;          ///< when it was heard
  Duration compensation_then{};  ///< SessionTable's stall compensation when it was last heard
  std::list<SessionIndex>::iterator by_silence;

  bool live() const { return phase != SessionPhase::ended; }
  bool active() const { return phase == SessionPhase::active; }
  /// Gets no more work.
  bool leaves() const { return draining || drain.has_value(); }
};

/// Owns every session of the run, ended ones included: their indices never change. Finding one and
/// hearing from one take constant time. Pure; one owner, one thread.
class SessionTable {
 public:
  /// A session may be silent for `liveness`, and for `reconnect` once its connection was closed.
  SessionTable(Duration liveness, Duration reconnect)
      : liveness_(liveness), reconnect_(std::min(liveness, reconnect)) {}

  std::size_t size() const { return sessions_.size(); }
  std::size_t live() const { return by_silence_.size(); }
  std::size_t active() const { return active_; }
  /// Of all active sessions; those without a limit have none.
  std::uint64_t slots() const { return slots_; }
  const Session& at(SessionIndex session) const { return sessions_[index(session)]; }
  const std::deque<Session>& all() const { return sessions_; }

  /// The session with this id, or on this connection; null without one.
  const Session* find(const SessionId& id) const;
  const Session* find(ConnectionId connection) const;
  /// The live session of the local worker with this launch id, or null. O(live sessions).
  const Session* find_launch(std::uint32_t launch_id) const;

  /// A new session, handshaking and just heard.
  const Session& add(Instant now, const SessionId& id, ConnectionId connection,
                     std::uint32_t slots = 0, std::uint32_t launch_id = 0);
  /// A session of an earlier epoch, which has not said Hello in this one.
  const Session& restore(Instant now, const SessionId& id, std::uint32_t slots, bool live);
  /// The session has said Hello on this connection.
  void greet(Instant now, const Session& session, ConnectionId connection, std::uint64_t nonce);
  void bind(const Session& session, ConnectionId connection);
  /// Requires that it is handshaking.
  void activate(const Session& session);
  /// Requires that it is live. Its connection stays known, so that it can be answered.
  void end(const Session& session);

  void note_draining(const Session& session, bool draining);
  /// The session is asked to leave. return_running replaces finish, but not the other way round.
  void ask_to_drain(const Session& session, DrainMode mode);
  void limit(const Session& session, std::uint32_t slots) { mine(session).slots_limit = slots; }
  void set_parting(const Session& session, const Goodbye& goodbye);
  std::optional<Goodbye> take_parting(const Session& session);
  /// The worker's process has ended, though its Goodbye may still be on its way.
  void note_process_end(Instant now, const Session& session);
  /// Takes out the live sessions whose process has ended until `until`, in that order.
  std::vector<SessionIndex> take_without_goodbye(Instant until);
  /// Returns true if the session has failed to start limits::failed_starts attempts in a row.
  bool count_failed_starts(const Session& session, const std::vector<Outcome>& outcomes);

  void heard(Instant now, const Session& session);
  /// Its connection was closed: silent() returns it after `reconnect`, unless it is heard again.
  /// Does nothing if it was already silent for limits::silent_connection.
  void connection_closed(Instant now, const Session& session);
  /// The coordinator itself was late by this much, which does not count as silence of anyone.
  void compensate_stall(Duration late) { stall_compensation_ += late; }
  /// The live session that must be given up first, if one has been silent for long enough.
  const Session* silent(Instant now) const;

  /// Counters and indices agree with the sessions. O(sessions).
  void check_invariants() const;

 private:
  struct HashId {
    std::size_t operator()(const SessionId& id) const;
  };
  Session& mine(const Session& session) { return sessions_[index(session.index)]; }
  Instant deadline_of(const Session& session) const {
    return session.last_heard + liveness_ + (stall_compensation_ - session.compensation_then);
  }

  Duration liveness_;
  Duration reconnect_;
  Duration stall_compensation_{};
  std::size_t active_ = 0;
  std::uint64_t slots_ = 0;
  std::deque<Session> sessions_;
  std::list<SessionIndex> by_silence_;  ///< live ones, the first to be given up first
  std::unordered_map<SessionId, SessionIndex, HashId> by_id_;
  std::unordered_map<ConnectionId, SessionIndex> by_connection_;
  std::vector<std::pair<Instant, SessionIndex>> process_ended_;  ///< Goodbyes may be on their way
};

}  // namespace rollcall::coordinator
