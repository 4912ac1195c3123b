// The attempts that one session was assigned, and their progress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/core/sessions/prefetch_estimate.h"
#include "coordinator/core/tasks/backlog.h"
#include "coordinator/core/tasks/expired_attempts.h"
#include "coordinator/core/tasks/unstarted_attempt.h"

namespace rollcall::coordinator {

/// One assignment that the session has not wholly answered.
struct HeldAssignment {
  std::uint32_t dispatch = 0;        ///< index of its Dispatch in RunRecords
  std::uint64_t number = 0;          ///< which of the session's assignments
  std::uint64_t first_position = 0;  ///< attempts that the session was assigned before it
  Instant sent;                      ///< last time
  Batch batch;
};

/// A place is the number of an attempt in the order of assignment, from 0. A worker starts its
/// attempts in this order. Places [from, to).
struct PlaceRange {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// Attempts of a session that have begun, or if negative, that were counted and never began.
struct Begun {
  std::int64_t count = 0;
  std::vector<TaskId> tasks;  ///< of those counted now, if they were asked for
};

/// Selects attempts by dispatch and task.
using AttemptFilter = std::function<bool(std::uint32_t dispatch, TaskId task)>;

/// Owned by the scheduler, one for each session. Knows nothing of the states of tasks: it asks with
/// an AttemptFilter, or is notified. Pure; one thread; `now` never goes back.
class Assignments {
 public:
  /// Attempts that the session owns now.
  std::uint64_t held() const { return held_; }
  std::uint64_t sent() const { return sent_; }
  /// The number of the first assignment of this epoch, sent or not: it has the job header.
  std::uint64_t first() const { return earlier_ + 1; }
  /// Assignments that the session has not acknowledged.
  std::uint64_t in_flight() const { return sent_ - received_; }
  std::uint64_t started() const { return started_; }
  /// Attempts to send ahead of this many slots.
  std::uint64_t prefetch(std::uint32_t slots) const { return prefetch_.attempts(slots); }
  const ExpiredAttempts& expired() const { return expired_; }
  const std::deque<HeldAssignment>& all_held() const { return held_assignments_; }

  /// A new assignment, of which `credit` attempts may be held in all. Returns its number. `costs`:
  /// of its attempts if they are known, else empty.
  std::uint64_t add(Instant now, std::uint32_t dispatch, Batch batch, std::uint64_t credit,
                    std::span<const Duration> costs);
  /// What a session of an earlier epoch has listed: `owned` of these attempts are its own.
  void adopt(const Inventory& inventory, const HeldColumns& listed, std::uint32_t dispatch,
             std::uint64_t owned, ExpiredAttempts expired);
  /// Assignments that were not acknowledged and last sent at least `older_than` ago, and all that
  /// follow the first of these: the worker has dropped those as out of order. They count as sent
  /// now. Valid until the next change.
  std::vector<const HeldAssignment*> take_overdue(Instant now, Duration older_than);

  /// What the session reports of its assignments, and of how many attempts it has started. Returns
  /// the attempts that have begun since; `with_tasks`: with their tasks.
  Begun progress(std::uint64_t assignments_received, std::uint64_t started, bool with_tasks);
  /// How many attempts of this assignment have begun.
  std::uint64_t started_of(const HeldAssignment& held) const;

  /// Its last attempt at this task has begun. O(attempts).
  bool has_begun(TaskId task) const;
  /// Attempts that `is_held` selects, and that have begun before its last attempt at this task.
  /// O(attempts).
  std::uint64_t begun_before(TaskId task, const AttemptFilter& is_held) const;

  /// The session does not own `settled` attempts any more, as they have ended. `elapsed`: how long
  /// those took that were accepted.
  void attempts_ended(Instant now, std::uint64_t settled, std::span<const Duration> elapsed);
  /// Removes assignments, the oldest first, that were acknowledged and whose dispatch has ended.
  void drop_answered(const std::function<bool(std::uint32_t dispatch)>& has_ended);
  /// It does not own this attempt any more, as another one counts.
  void supersede(TaskId task, const ExpiredAttempt& attempt);
  /// The attempt was taken from it. Followed by release().
  void expire(TaskId task, const ExpiredAttempt& attempt) { expired_[task] = attempt; }
  /// The session has ended, and holds nothing.
  void release();

  /// Asks the session to return attempts that it has not started: all from place `keep` on.
  /// Returns nullopt without such attempts. Places do not change, so a Revoke may be lost or late:
  /// a session that has started the attempts meanwhile reports so.
  std::optional<Revoke> revoke_from(Instant now, std::uint64_t keep);
  /// The same for all, and also for those that the session has counted as started while they wait
  /// for a slot.
  Revoke revoke_all(Instant now);
  /// The same for the last `count` attempts that `is_held` selects.
  std::optional<Revoke> revoke_last(Instant now, std::uint64_t count, const AttemptFilter& is_held);
  /// A Revoke less than `patience` ago was not answered.
  bool awaits_returns(Instant now, Duration patience) const {
    return revoked_ && now - revoked_->asked < patience;
  }
  /// These attempts of the session never began. Returns how many of them it had counted as started.
  std::uint64_t never_began(std::vector<UnstartedAttempt> attempts);

  void check_invariants() const;

 private:
  /// What the session was last asked to return.
  struct Revocation {
    std::uint64_t end = 0;  ///< one past the last place
    Instant asked;
  };

  std::vector<TaskId> tasks_at(PlaceRange places) const;

  std::deque<HeldAssignment> held_assignments_;  ///< by number and by dispatch
  std::uint64_t earlier_ = 0;                    ///< assignments of earlier epochs
  std::uint64_t sent_ = 0;                       ///< assignments
  std::uint64_t received_ = 0;                   ///< of those, acknowledged
  std::uint64_t assigned_ = 0;                   ///< attempts
  std::uint64_t started_ = 0;                    ///< of those, begun
  std::uint64_t held_ = 0;
  std::uint64_t most_credit_ = 0;      ///< the most that it was ever allowed to hold
  std::set<std::uint64_t> skipped_;    ///< places from started_ on whose attempts never began
  std::optional<Revocation> revoked_;  ///< not answered yet
  ExpiredAttempts expired_;
  PrefetchEstimate prefetch_;
};

}  // namespace rollcall::coordinator
