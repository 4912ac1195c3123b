// Who owns which task: the one place where a task changes its state (rule 1 of
// docs/architecture.md, "Exactly one result").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/messages/message.h"
#include "common/model/task.h"
#include "coordinator/core/model/records.h"
#include "coordinator/core/output/output_rows.h"
#include "coordinator/core/tasks/backlog.h"
#include "coordinator/core/tasks/expired_attempts.h"
#include "coordinator/core/tasks/unstarted_attempt.h"

namespace rollcall::coordinator {

/// An attempt whose owner was superseded: a late outcome of an older attempt has ended the task, or
/// another session has listed a later one.
struct Superseded {
  SessionIndex owner{};
  TaskId task{};
  ExpiredAttempt attempt;
};

/// The effect of the outcomes of one report.
struct Acceptance {
  std::size_t first_record = 0;
  std::size_t accepted = 0;      ///< records [first_record, first_record + accepted) are new
  std::size_t settled = 0;       ///< attempts that the session has owned, and does not any more
  std::uint64_t stale = 0;       ///< dropped: the task was done already
  std::uint64_t unassigned = 0;  ///< dropped: the session was never given that attempt
  std::vector<TaskId> returned;  ///< not started, or cancelled for now: pending again
  std::vector<TaskId> failed;    ///< failed or timed out, to be retried: pending again
  std::vector<std::uint32_t> failed_rows;   ///< the outcomes of these, by their place in the report
  std::vector<UnstartedAttempt> unstarted;  ///< attempts that never began
  std::vector<Superseded> superseded;
};

/// The effect of an inventory.
struct Adoption {
  std::uint32_t dispatch = 0;  ///< index of the new Dispatch
  std::size_t owned = 0;       ///< attempts that the session owns now
  ExpiredAttempts expired;     ///< attempts that it has listed and does not own
  std::vector<Superseded> superseded;
};

/// An attempt that was taken from its session.
struct TakenBack {
  TaskId task{};
  ExpiredAttempt attempt;
  bool is_pending = false;  ///< else the task was lost too often, and is done
};

/// A task is pending, assigned or done, and done is final. Owns the records of the run, and is the
/// only one to write them; knows sessions by index alone. Pure; one owner, one thread.
///
/// An attempt has two numbers. The one on the wire grows with each assignment of its task, so that
/// a late message cannot be taken for one about a later assignment. The one in the records, which
/// users and commands see, does not count assignments that never began.
class TaskTable {
 public:
  explicit TaskTable(const RunSpec& spec) : TaskTable(RunRecords(spec)) {}
  /// Continues from committed records: every task that is not done is pending.
  explicit TaskTable(RunRecords records)
      : records_(std::move(records)), pending_(records_.state.size() - records_.accepted()) {
    records_.attempts_total = records_.attempts().begun();
  }

  const RunRecords& records() const { return records_; }
  std::size_t pending() const { return pending_; }
  std::size_t assigned() const { return assigned_; }
  std::size_t done() const { return records_.accepted(); }
  /// Every task is done, and none will be added.
  bool all_done() const { return done() == records_.spec.task_count && !may_grow(); }
  /// The run is open, and its input was not cut off.
  bool may_grow() const { return records_.spec.is_open && !is_cut_off_; }
  bool is_pending(TaskId task) const { return records_.state_of(task) == TaskState::pending; }
  bool is_assigned(TaskId task) const { return records_.state_of(task) == TaskState::assigned; }

  // Input.

  /// The run has `count` further tasks, the last one since `at`. They are pending. Requires that it
  /// is open.
  void add_tasks(std::uint32_t count, Instant at);
  /// The input has ended; `error`: see InputEnded. Requires that the run is open.
  void close(const std::string& error) { records_.close(error); }
  /// Nothing more is read, and the run ends without the rest of its input.
  void cut_off_input() { is_cut_off_ = true; }

  // Attempts.

  /// Gives pending tasks to a session. Fills in the task, the numbers and the cost of each attempt;
  /// returns the index of the new Dispatch.
  std::uint32_t assign(Instant now, SessionIndex session, const Batch& batch, AttemptColumns& out);
  /// The same columns again, to be sent once more to a session with these expired attempts. Tasks
  /// that have ended since are included: workers count their starts by place.
  void describe(std::uint32_t dispatch, const Batch& batch, const ExpiredAttempts& expired,
                AttemptColumns& out) const;
  /// Accepts the outcomes of one report. The first outcome of a task wins; others are counted. A
  /// task that has failed less than `retries` times before is not done, but pending, unless the
  /// outcome is final or the user has cancelled the task; so is one whose outcome is `cancelled`,
  /// unless the user has cancelled it or `ends_cancelled`, and one whose outcome is `lost`.
  Acceptance accept(Instant now, SessionIndex session, const OutcomeColumns& outcomes,
                    const ExpiredAttempts& expired, std::uint32_t retries = 0,
                    bool ends_cancelled = true);
  /// How often the task has failed and was to be retried.
  std::uint32_t failures(TaskId task) const;
  /// The user has cancelled the task: the next end of an attempt at it is its own. Returns false if
  /// it is done, or was cancelled before.
  bool note_cancelled(TaskId task);
  bool is_cancelled(TaskId task) const;
  /// All tasks that the user has cancelled and that are not done, by their ids.
  std::vector<TaskId> cancelled() const;
  /// Whether this outcome ends the task, as the result of its last attempt.
  bool is_last_word(const OutcomeColumns& outcomes, std::size_t i, std::uint32_t retries,
                    bool ends_cancelled) const;
  /// The coordinator itself decides the outcome of a pending task.
  void decide(Instant now, TaskId task, Outcome outcome);
  /// The same for every pending task. O(tasks).
  void decide_pending(Instant now, Outcome outcome);
  /// Pending tasks that have failed and were to be retried have failed for good, unless the user
  /// has cancelled them.
  void decide_failed(Instant now);
  /// Gives to a session of an earlier epoch the attempts that its inventory has listed. It does not
  /// own tasks that are done, returned attempts, or tasks of which another session has a later one.
  Adoption adopt(SessionIndex session, const HeldColumns& listed);
  /// Takes the attempts of one assignment from their session, and appends them to `taken`. Of its
  /// first `turns`, at most `running` have begun, which is reduced by those that have. With
  /// `max_losses`, those that have begun are charged to their tasks: a task that has cost so many
  /// sessions is decided as lost.
  void take_back(Instant now, std::uint32_t dispatch, const Batch& batch, std::uint64_t turns,
                 std::uint64_t& running, std::optional<std::uint32_t> max_losses,
                 std::vector<TakenBack>& taken);

  /// The session has this attempt, by its number on the wire.
  bool is_held_by(SessionIndex session, TaskId task, Attempt on_wire) const {
    return index(task) < records_.state.size() && is_assigned(task) &&
           is_last_of(session, task, on_wire);
  }
  /// The attempt at the task that is assigned; nullopt: none is.
  std::optional<SessionAttempt> holder(TaskId task) const;
  /// This attempt of the session has ended the task.
  bool is_ended_by(SessionIndex session, TaskId task, Attempt on_wire) const {
    return index(task) < records_.state.size() && records_.state_of(task) == TaskState::done &&
           is_last_of(session, task, on_wire);
  }
  /// The attempt of this dispatch at the task is assigned.
  bool is_held(std::uint32_t dispatch, TaskId task) const {
    return records_.dispatch[index(task)] == dispatch && is_assigned(task);
  }
  /// Every attempt of this dispatch has ended.
  bool has_ended(std::uint32_t dispatch) const {
    return records_.dispatches[dispatch].remaining == 0;
  }

  // Sessions and the run itself.

  const SessionRecord& session(SessionIndex s) const { return records_.sessions[index(s)]; }
  void add_session(SessionRecord record) { records_.sessions.push_back(std::move(record)); }
  void add_clock_sample(SessionIndex session, const TimeEcho& echo, Instant received);
  /// Returns true if this is the session's next report, which counts as received from now on.
  /// Repeated ones are counted.
  bool receive_report(SessionIndex session, std::uint64_t number);
  /// `more` attempts of the session have begun; negative if it has counted some that never began.
  void attempts_began(SessionIndex session, std::int64_t more);
  void session_said_goodbye(SessionIndex session, const Goodbye& goodbye);
  void session_lost(SessionIndex session, const std::string& reason);
  /// The run is resumed: see RunRecords::first_dispatch, wait_timeout_passed.
  void resume(Instant now);
  void note_wait_timeout() { records_.wait_timeout_passed = true; }
  void note_stop_request() { records_.stop_requested = true; }

  /// Every task is counted once, in the state that it is in. O(tasks).
  void check_invariants() const;

 private:
  bool accept_late(SessionIndex session, const OutcomeColumns& outcomes, std::size_t i,
                   const ExpiredAttempts& expired, bool is_last, Acceptance& acceptance);
  void take_again(const OutcomeColumns& outcomes, std::size_t i, Acceptance& acceptance);
  bool is_last_of(SessionIndex session, TaskId task, Attempt on_wire) const;
  Attempt unstarted(TaskId task) const;
  Attempt on_wire(TaskId task) const;
  ExpiredAttempt last_attempt(TaskId task) const;
  Attempt number_of(TaskId task, Attempt on_wire) const;
  void set_last_attempt(TaskId task, const ExpiredAttempt& attempt);
  void attempt_ended(TaskId task);
  void never_began(TaskId task);
  void end_session(SessionIndex session, SessionEnd end);
  void set_counts(SessionRecord& session, std::uint64_t begun, std::uint64_t ended);
  bool claim(TaskId task, Attempt on_wire, std::uint32_t dispatch, Adoption& adoption);
  void look_ahead(TaskId task) const;
  void record(Instant started, Duration elapsed, TaskId task, Outcome outcome);
  void open_batch(Instant now, std::optional<SessionIndex> session, Duration bound);
  SessionRecord& record_of(SessionIndex session) { return records_.sessions[index(session)]; }

  RunRecords records_;
  std::size_t pending_;
  std::size_t assigned_ = 0;
  bool is_cut_off_ = false;  ///< the input is not read any more
};

}  // namespace rollcall::coordinator
