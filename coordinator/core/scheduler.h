// The rules of the coordinator: what to dispatch, whom to believe, when it is over.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/model/ids.h"
#include "common/model/rate_meter.h"
#include "common/model/time.h"
#include "coordinator/core/event.h"
#include "coordinator/core/local_fleet.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/scheduler_state.h"
#include "coordinator/core/sessions/session_table.h"
#include "coordinator/core/tasks/task_table.h"

namespace rollcall::coordinator {

/// The pure machine of one run. It reads no clock and does no I/O: events go in with the time at
/// which they happened, actions come out, and the same events give the same actions. The rules that
/// it keeps are numbered in docs/architecture.md, "Exactly one result". One owner, one thread.
class Scheduler : private SchedulerState {
 public:
  Scheduler(const RunSpec& spec, const Policy& policy, Epoch epoch);
  /// Resumes a run of which this was committed, the first `published` records perhaps told to the
  /// output. Requires a journal and a later epoch than any before.
  Scheduler(RunRecords committed, std::uint64_t published, const Policy& policy, Epoch epoch);

  /// Takes in one event and appends what is to be done. `now` never goes back. Never blocks.
  void step(Instant now, const Event& event, Actions& out);

  /// When to be given TurnEnded at the latest; nullopt: never again.
  std::optional<Instant> next_deadline() const;

  const RunRecords& records() const { return tasks_.records(); }
  Duration longest_cost() const { return dealer_.longest_cost(); }
  const std::deque<Session>& sessions() const { return sessions_.all(); }
  std::size_t live_sessions() const { return sessions_.live(); }
  std::size_t done() const { return tasks_.done(); }
  std::size_t assigned() const { return tasks_.assigned(); }
  /// The run ended because there was nobody left to do it.
  bool ran_out_of_workers() const { return ran_out_of_workers_; }
  /// The run was left as it is, to be resumed.
  bool suspended() const { return suspended_; }

  /// Rule 10: what holds after every step. O(tasks + sessions).
  void check_invariants() const;

 private:
  void on(const ListeningStarted&);
  void on(const MessageReceived& event);
  void on(const MalformedReceived& event);
  void on(const TurnEnded& event);
  void on(const LocalWorkerExited& event);
  void on(const DrainRequested& event);
  void on(const WorkerVanished& event);
  void on(const Committed& event);
  void on(const StopRequested&);

  // Messages (scheduler_sessions.cc).
  void on_hello(ConnectionId from, const Hello& hello);
  void on_inventory(Session& session, const Inventory& inventory);
  void on_report(Session& session, const Report& report);
  void on_heartbeat(Session& session, const Heartbeat& heartbeat);
  void on_goodbye(Session& session, const Goodbye& goodbye);
  void progress(Session& session, std::uint64_t assignments_received, std::uint64_t started_count);
  void publish_started(const Session& session, std::uint64_t from, std::uint64_t to);
  std::vector<TaskId> started_between(const Session& session, std::uint64_t from,
                                      std::uint64_t to) const;
  void take_in(Session& session, const Report& report);
  void release_superseded(const std::vector<Superseded>& superseded);
  void count_failed_starts(Session& session, const OutcomeColumns& outcomes);
  void lose(Session& session, const std::string& why);

  // Workers that come and go (scheduler_elastic.cc).
  void lose_exited(Session& session);
  void lose_those_without_goodbye();
  void ask_to_drain(Session& session, DrainMode mode);
  void take_back_for_the_idle();
  void revoke(Session& session, std::uint64_t count);
  void revoke_from(Session& session, std::uint64_t keep);
  void settle_revocation(Session& session, std::uint64_t unstarted_returns);
  void release(Session& session, bool charge);
  void welcome(Session& session);
  SessionRecord& record_of(const Session& session);
  const SessionRecord& record_of(const Session& session) const {
    return records().sessions[index(session.index)];
  }

  // Keeping (scheduler_keep.cc).
  void keep();
  void publish(const Durable& durable);
  void acknowledge();
  bool all_committed() const { return commits_.is_all_durable(records()); }

  // Resuming (scheduler_resume.cc).
  void begin_recovery();
  void end_recovery();
  bool collect(Session& session, const Inventory& inventory);
  bool adopt(Session& session, const Inventory& inventory);
  void replace_adopted(Session& session);

  // Commands (scheduler_exec.cc).
  std::uint32_t slots_for(const Hello& hello) const;
  void retry_failed(const Acceptance& acceptance);
  void notice_halt();
  void stop(bool let_running_end);

  // What is done once a turn (scheduler.cc).
  void notice_own_lateness();
  void suspend();
  void lose_the_silent();
  void lose_the_exited();
  void start_if_joined();
  void notice_lack_of_workers();
  void notice_wait_timeout();
  void dispatch();
  Receiver receiver(const Session& session) const;
  Load load() const;
  void assign(Session& session, const Batch& batch, std::uint64_t credit);
  void make_ready(Session& session);
  void tick();
  void resend(Session& session, Duration older_than);
  void cancel_everything();
  void cancel_pending();
  void ask_to_cancel(const Session& session);
  void finish();
  void end_if_all_said_goodbye();
  void fail_for_lack_of_workers(const std::string& why);

  void send(const Session& session, CoordinatorBody body);
  void send(ConnectionId to, const SessionId& session, CoordinatorBody body);
  void log(LogLevel level, std::string text);
};

}  // namespace rollcall::coordinator
