// Who owns which task: the one place where a task changes its state (rule 1 of
// docs/architecture.md, "Exactly one result").
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/messages/message.h"
#include "common/model/task.h"
#include "coordinator/core/model/records.h"
#include "coordinator/core/sessions/session.h"

namespace rollcall::coordinator {

/// An attempt whose owner was superseded: a late outcome of an older one has ended the task, or a
/// later one was found with somebody else.
struct Superseded {
  SessionIndex owner{};
  TaskId task{};
  ExpiredAttempt attempt;
};

/// What became of the outcomes of one report.
struct Acceptance {
  std::size_t first_record = 0;
  std::size_t accepted = 0;
  std::uint64_t stale = 0;              ///< dropped: the task was done already
  std::uint64_t unassigned = 0;         ///< dropped: the session was never given that attempt
  std::vector<TaskId> returned;         ///< not started by the worker: pending again
  std::vector<TaskId> failed;           ///< failed or timed out, to be tried again: pending again
  std::uint64_t unstarted_returns = 0;  ///< of those, returned before their turn
  std::vector<Superseded> superseded;
};

/// A task is pending, assigned or done, and done is final. Owns the records of the run; sessions
/// and the backlog are the scheduler's. Pure; one owner, one thread.
class TaskTable {
 public:
  explicit TaskTable(const RunSpec& spec) : TaskTable(RunRecords(spec)) {}
  /// Goes on with what was committed: what is not done is pending.
  explicit TaskTable(RunRecords records)
      : records_(std::move(records)), pending_(records_.state.size() - records_.accepted()) {}

  const RunRecords& records() const { return records_; }
  /// For what the scheduler alone knows: sessions, the first dispatch, how the run ended.
  RunRecords& mutable_records() { return records_; }

  std::size_t pending() const { return pending_; }
  std::size_t assigned() const { return assigned_; }
  std::size_t done() const { return records_.accepted(); }
  bool all_done() const { return done() == records_.spec.task_count; }

  /// Gives pending tasks to a session: fills in task, attempt and pause of each, returns the number
  /// of the new Dispatch.
  std::uint32_t assign(Instant now, Session& session, const Batch& batch, AttemptColumns& out);
  /// The same columns again, for sending once more what the session may not have got. Tasks that
  /// have ended since stay in: the worker counts its starts by place.
  void describe(const Session& session, const HeldAssignment& held, AttemptColumns& out) const;

  /// Takes in what one report says. The first outcome of a task wins; others are counted. Of a
  /// failure that was not the last of `retries` more attempts the task is not done.
  Acceptance accept(Instant now, Session& session, const OutcomeColumns& outcomes,
                    std::uint32_t retries = 0);
  /// How often it has failed and was to be tried again.
  std::uint32_t failures(TaskId task) const;
  /// The coordinator's own word on a task that is not done.
  void decide(Instant now, TaskId task, Outcome outcome);

  /// Gives to a session of an earlier epoch what it has listed in its inventory, the first `begun`
  /// of it begun. What is done, another session's or was returned, it does not own. Returns how
  /// many it owns.
  std::size_t adopt(Session& session, const Inventory& inventory, const HeldColumns& listed,
                    std::vector<Superseded>& superseded);

  /// Attempts that were dispatched after the last commit are counted as far as they are known: with
  /// what is done and what is adopted. O(tasks).
  void count_known_attempts();

  /// Takes a session's attempts from it. Those that were begun are charged to their task if
  /// `charge`. Returns the tasks, now pending; what was lost too often is decided as lost.
  std::vector<TaskId> take_back(Instant now, Session& session, bool charge,
                                std::uint32_t max_losses);

  /// The attempt at this task, of an assignment of that session, was returned before it began.
  bool was_returned(const Session& session, const HeldAssignment& held, TaskId task) const;

  /// Every task is counted once, in the state that it is in. O(tasks).
  void check_invariants() const;

 private:
  bool accept_late(Session& session, const OutcomeColumns& outcomes, std::size_t i,
                   std::uint32_t retries, Acceptance& acceptance);
  bool is_last_word(TaskId task, Outcome outcome, std::uint32_t retries) const;
  void take_again(TaskId task, Outcome outcome, Acceptance& acceptance);
  bool claim(Session& session, TaskId task, const ExpiredAttempt& claimed,
             std::vector<Superseded>& superseded);
  void look_ahead(TaskId task) const;
  void record(Instant started, Duration elapsed, TaskId task, Outcome outcome);
  void open_batch(Instant now, std::optional<SessionIndex> session, Duration bound);

  RunRecords records_;
  std::size_t pending_;
  std::size_t assigned_ = 0;
  boost::unordered_flat_map<TaskId, std::uint32_t> losses_;    ///< sessions that a task has cost
  boost::unordered_flat_map<TaskId, std::uint32_t> failures_;  ///< tasks to be tried again
  boost::unordered_flat_set<TaskId> returned_;  ///< the next attempt is none more than before
};

}  // namespace rollcall::coordinator
