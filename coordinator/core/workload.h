// The work of a run: which tasks wait to be dispatched, and which attempts each session holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/core/commits/commit_log.h"
#include "coordinator/core/event.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/sessions/assignments.h"
#include "coordinator/core/sessions/session_table.h"
#include "coordinator/core/tasks/dealer.h"
#include "coordinator/core/tasks/pace.h"
#include "coordinator/core/tasks/retries.h"
#include "coordinator/core/tasks/task_table.h"

namespace rollcall::coordinator {

/// Composed of the Dealer, the Retries and the Assignments of each session. The state of a task is
/// TaskTable's alone: the scheduler changes it there and passes the effect on, and this class
/// keeps what waits and what is held in step with it. Pure; one owner, one thread.
class Workload {
 public:
  /// What it reads of the other parts, as of now. Made for one call.
  struct View {
    Instant now;
    const TaskTable& tasks;
    const SessionTable& sessions;
    const CommitLog& commits;
  };
  /// Assigns the batch to the session, which may hold `credit` attempts: see add().
  using Assign = std::function<void(const Session&, Batch batch, std::uint64_t credit)>;
  struct Revocation {
    SessionIndex session{};
    Revoke revoke;
  };

  Workload(const RunSpec& spec, const Policy& policy);

  Duration longest_cost() const { return dealer_.longest_cost(); }
  /// What this session holds.
  const Assignments& of(const Session& session) const { return held_[index(session.index)]; }
  /// The next session, which holds nothing.
  void add_session() { held_.emplace_back(); }

  // Pending tasks.

  /// The run has `count` further tasks, which are pending: sessions are queued for them.
  void add_tasks(const View& view, std::uint32_t count);
  /// See Dealer::limit_batches().
  void limit_batches(std::size_t attempts) { dealer_.limit_batches(attempts); }
  /// These are pending again. A task that has failed before still waits for its retry.
  void put_back(Instant now, std::vector<TaskId> tasks);
  void put_back_due(Instant now) { dealer_.put_back(retries_.take_due(now)); }
  /// When the next retry is due; nullopt if none waits.
  std::optional<Instant> next_retry() const { return retries_.next(); }
  /// Tasks that have failed and wait for their retry.
  std::size_t retrying() const { return retries_.size(); }
  void cancel_retries() { retries_.clear(); }
  /// This task, which is pending, is not to be dispatched.
  void withdraw(TaskId task);
  /// Recovery is over: the tasks that are pending now are to be dispatched.
  void recovered(const TaskTable& tasks);

  /// An attempt that runs, as far as its worker has reported.
  struct Running {
    SessionIndex session{};
    TaskId task{};
    Instant sent;  ///< its assignment
  };
  /// The attempts that run, session by session, at most `most`. O(attempts held by sessions).
  std::vector<Running> running(const View& view, std::size_t most) const;

  // Dispatch.

  /// Queues the session for work if it has credit.
  void make_ready(const View& view, const Session& session);
  /// Deals pending tasks to the sessions that are ready. `assign` changes what `view` shows.
  void deal(const View& view, const Assign& assign);
  /// When deal() could hand out an attempt that must wait (Policy::start_interval); nullopt if none
  /// waits for its time alone.
  std::optional<Instant> next_start(const View& view) const;
  /// Records a new assignment, whose attempts are in `sent`. Returns its number.
  std::uint64_t add(Instant now, const Session& session, std::uint32_t dispatch, Batch batch,
                    std::uint64_t credit, const AttemptColumns& sent);
  /// The unacknowledged assignments of the session that were last sent at least `older_than` ago,
  /// to be sent again; see Assignments::take_overdue(). None before the session is active.
  std::vector<Assignment> take_overdue(const View& view, const Session& session,
                                       Duration older_than);
  /// How long an answer may take before a message is sent again.
  Duration patience() const { return patience_; }

  // Messages of a session.

  /// Its progress. Returns the attempts that have begun, with their tasks if Policy::name_starts.
  Begun progress(const View& view, const Session& session, std::uint64_t assignments_received,
                 std::uint64_t started);
  /// Its report, with the effect that it had on the tasks; Acceptance::returned is still to be
  /// put back. Returns as progress().
  Begun take(const View& view, const Session& session, const Report& report,
             Acceptance& acceptance);
  /// Its inventory, which has listed these attempts, with the effect that it had on the tasks.
  /// Returns as progress(), but all attempts that have begun and whose outcome is not committed.
  Begun adopt(const View& view, const Session& session, const Inventory& inventory,
              const HeldColumns& listed, Adoption adoption);
  /// The session has ended, and these attempts were taken back. Returns its tasks that are pending
  /// again.
  std::vector<TaskId> release(const Session& session, const std::vector<TakenBack>& taken);

  // Revocation.

  /// Asks the session to return all attempts that it has not started; nullopt if it has none. It
  /// may have counted attempts as started that wait for a slot, so it is asked even if nothing else
  /// waits there.
  std::optional<Revoke> revoke_unstarted(Instant now, const Session& session);
  /// Asks one session for attempts that wait for a slot, if another one has free slots.
  std::optional<Revocation> rebalance(const View& view);

  /// What is held is what is assigned; what waits for its retry is pending. O(tasks + sessions).
  void check_invariants(const View& view) const;

 private:
  Assignments& mine(const Session& session) { return held_[index(session.index)]; }
  Receiver receiver(const View& view, const Session& session) const;
  Load load(const View& view) const;
  Dealer::Ask receivers(const View& view) const;
  void release_superseded(const View& view, const std::vector<Superseded>& superseded);

  Duration patience_;
  bool has_known_cost_;
  bool name_starts_;
  Pace pace_;
  Dealer dealer_;
  Retries retries_;
  std::deque<Assignments> held_;  ///< by session
};

}  // namespace rollcall::coordinator
