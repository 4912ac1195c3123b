// Which session gets which pending tasks, and which one is to return what it cannot start.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "common/model/ids.h"
#include "coordinator/core/tasks/backlog.h"

namespace rollcall::coordinator {

/// What the dealer needs to know of a session, as of now.
struct Receiver {
  bool is_active = false;       ///< its slots are part of Load::slots
  bool may_receive = false;     ///< may be sent a further assignment, if it has credit
  bool may_be_revoked = false;  ///< may be asked to return attempts
  std::uint32_t slots = 0;      ///< 0: no limit, unless is_limited
  bool is_limited = false;      ///< nothing may wait there: it would start
  std::uint64_t held = 0;       ///< attempts that it owns
  std::uint64_t prefetch = 0;   ///< attempts to send ahead of its slots, as measured

  /// Attempts that wait for a slot.
  std::uint64_t waiting() const { return slots == 0 || held < slots ? 0 : held - slots; }
};

/// What the dealer needs to know of the run, as of now.
struct Load {
  std::size_t waiting = 0;       ///< pending tasks that do not wait for a retry
  std::uint64_t unfinished = 0;  ///< pending and assigned tasks
  std::size_t active = 0;        ///< sessions
  std::uint64_t slots = 0;       ///< of all active sessions; those without a limit have none
};

/// Deals the backlog to the sessions that have credit. Owns the backlog, the queue of sessions that
/// are ready for work, and the rules of credit and of balancing. Knows sessions by index alone: it
/// asks for a Receiver when it needs one, since each assignment changes it. Pure; one owner, one
/// thread.
class Dealer {
 public:
  using Ask = std::function<Receiver(SessionIndex)>;
  /// What the dealer asks and does while it deals. Called once a batch, or once a task put back.
  struct Table {
    Ask receiver;
    std::function<bool(TaskId)> is_pending;
    /// Assigns the batch to the session, which may hold `credit` attempts.
    std::function<void(SessionIndex session, Batch batch, std::uint64_t credit)> assign;
  };
  /// A session is to return the last `count` attempts that it has not started.
  struct Surplus {
    SessionIndex session{};
    std::uint64_t count = 0;
  };

  /// `prefetch`: attempts to send ahead of the slots; nullopt: as measured. `assignment_attempts`:
  /// the most in one batch.
  Dealer(const RunSpec& spec, std::optional<std::uint32_t> prefetch,
         std::size_t assignment_attempts)
      : backlog_(spec), prefetch_(prefetch), assignment_attempts_(assignment_attempts) {}

  Duration longest_cost() const { return backlog_.longest_cost(); }
  /// See Backlog::add().
  void add(std::uint32_t count) { backlog_.add(count); }
  /// From now on a batch has at most `attempts` (> 0).
  void limit_batches(std::size_t attempts) {
    assignment_attempts_ = std::min(assignment_attempts_, attempts);
  }
  /// See Backlog::note_gaps().
  void note_gaps() { backlog_.note_gaps(); }
  /// See Backlog.
  void put_back(std::vector<TaskId> tasks) { backlog_.put_back(std::move(tasks)); }
  void keep_only(const std::function<bool(TaskId)>& is_pending) { backlog_.keep_only(is_pending); }

  /// Queues the session for work if it has credit and is not queued.
  void make_ready(SessionIndex session, const Receiver& receiver, const Load& load);
  /// A session is queued. Some of those may have no credit any more, until deal() was called.
  bool has_ready() const { return !ready_.empty(); }
  /// Deals the backlog to the queued sessions in turns, each at most its share. Tasks of different
  /// cost are interleaved, so that the longest do not all go to one session. Once attempts were
  /// revoked, sessions with free slots go first. Deals at most load.waiting tasks.
  void deal(Load load, const Table& table);

  /// When nothing is left to deal, a session has free slots, and another one holds attempts that
  /// wait for theirs: half of those of the most loaded session, as many as fit into free slots.
  /// `sessions`: how many there are. O(sessions), if attempts may wait at all.
  std::optional<Surplus> find_surplus(const Load& load, std::size_t sessions, const Ask& receiver);
  /// Attempts were revoked: see deal().
  void note_revocation() { has_revoked_ = true; }

  /// The queue holds each session once.
  void check_invariants() const;

 private:
  std::uint64_t credit_of(const Receiver& receiver, const Load& load) const;
  bool has_credit(const Receiver& receiver, const Load& load) const {
    return receiver.may_receive && receiver.held < credit_of(receiver, load);
  }
  std::uint64_t free_slots(const Receiver& receiver, const Load& load) const;
  void deal_to_idle(Load& load, const Table& table);
  void deal_interleaved(std::size_t share, Load& load, const Table& table);
  std::size_t quota(const Receiver& receiver, std::size_t share, const Load& load) const;
  void deal_to(SessionIndex session, const Receiver& receiver, std::size_t share, Load& load,
               const Table& table);

  Backlog backlog_;
  std::optional<std::uint32_t> prefetch_;
  std::size_t assignment_attempts_;
  std::deque<SessionIndex> ready_;  ///< each once
  std::vector<bool> is_ready_;      ///< by session
  bool may_revoke_ = false;         ///< dealt since no attempt was found waiting for a slot
  bool has_revoked_ = false;        ///< ever
};

}  // namespace rollcall::coordinator
