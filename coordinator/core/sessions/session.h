// One session as the coordinator knows it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <vector>

#include "common/messages/drain.h"
#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/core/tasks/backlog.h"

namespace rollcall::coordinator {

/// How far a session has come.
enum class SessionPhase : std::uint8_t {
  handshaking,  ///< has had its Welcome; no work before its Inventory
  active,       ///< may be given work
  ended,        ///< said goodbye, or is lost; never comes back
};

/// One assignment that the session has not wholly answered.
struct HeldAssignment {
  std::uint32_t dispatch = 0;        ///< which Dispatch of RunRecords
  std::uint64_t number = 0;          ///< which of the session's assignments
  std::uint64_t first_position = 0;  ///< how many attempts the session was assigned before it
  Instant sent;                      ///< last time
  Batch batch;
};

/// An attempt that a session does not own any more. Its late outcome may still count.
struct ExpiredAttempt {
  Attempt attempt = 0;
  std::uint32_t dispatch = 0;
};

/// What a session was last asked to return: places are counted in the order of assignment.
struct Revocation {
  Revoke revoke;
  std::uint64_t end = 0;  ///< one past the last place that is meant
  Instant asked;
};

/// What a session of an earlier epoch holds, as far as it has said.
struct PartialInventory {
  std::uint32_t list = 0;       ///< which of its inventories
  std::uint32_t next_part = 0;  ///< the part that is to come
  HeldColumns held;
};

/// The rules' own view of a session; what the results say of it is SessionRecord. Owned by Session
/// table.
struct Session {
  SessionIndex index{};
  SessionId id;
  ConnectionId connection{};
  bool connected = false;  ///< has said Hello in this epoch
  SessionPhase phase = SessionPhase::handshaking;
  std::uint64_t nonce = 0;      ///< of the last Hello
  std::uint32_t launch_id = 0;  ///< local workers of this epoch; else 0
  std::uint32_t slots = 0;      ///< 0: no limit

  Instant last_heard;
  Duration compensation_then{};  ///< Session table's grace when it was last heard
  std::list<SessionIndex>::iterator by_silence;

  // Of an earlier epoch.
  bool wants_inventory = false;  ///< what it holds is not known yet
  bool is_adopted = false;       ///< one of the local workers, though no child of this process
  PartialInventory inventory;

  // Assignments.
  std::deque<HeldAssignment> held_assignments;  ///< by number
  std::uint64_t assignments_sent = 0;
  std::uint64_t assignments_received = 0;  ///< acknowledged by it
  std::uint64_t attempts_assigned = 0;     ///< in all
  std::uint64_t started_count = 0;         ///< of those, begun
  std::uint64_t held = 0;                  ///< attempts that it owns now
  std::uint64_t most_credit = 0;           ///< the most that it was ever allowed to own
  bool in_ready_list = false;
  bool draining = false;                ///< says that it is about to leave
  std::optional<DrainMode> drain;       ///< what it is told to do, again and again
  std::uint64_t unstarted_returns = 0;  ///< attempts that it returned before they began
  std::optional<Revocation> revoked;    ///< not answered yet
  std::uint32_t failed_starts = 0;      ///< in a row
  boost::unordered_flat_map<TaskId, ExpiredAttempt> expired;

  // Reports. The last one that was taken in is in SessionRecord.
  std::optional<Goodbye> parting;  ///< said, while its last reports are not committed
  Duration run_time{};             ///< of its accepted attempts, the newest counting most
  std::uint64_t run_count = 0;
  Instant ended_since;           ///< `ended` counts from here, for limits::prefetch_time
  std::uint64_t ended = 0;       ///< accepted attempts
  std::uint64_t most_ended = 0;  ///< the most that `ended` ever was

  bool live() const { return phase != SessionPhase::ended; }
  /// Gets no more work.
  bool leaves() const { return draining || drain.has_value(); }
  /// Attempts that it holds and has not begun, as far as its slots tell.
  std::uint64_t waiting() const { return slots == 0 || held < slots ? 0 : held - slots; }
  std::uint64_t in_flight() const { return assignments_sent - assignments_received; }
  /// How much to send ahead of its slots: about limits::prefetch_time of work as measured so far.
  /// Tasks that began together end together: then that is the most that have ended within it.
  std::uint64_t measured_prefetch() const;
  /// Known pauses (> 0 of them) stand for what is not measured yet.
  void expect(const std::vector<Duration>& pauses);
  void count_ended(Instant now, std::uint64_t count);
  /// Halves the weight of what was measured before, once it is much.
  void count_run_time(Duration elapsed);
};

}  // namespace rollcall::coordinator
