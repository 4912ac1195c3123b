// The rules of the coordinator: what to dispatch, which messages to obey, when the run is over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/core/attendance.h"
#include "coordinator/core/commits/commit_log.h"
#include "coordinator/core/early_printing.h"
#include "coordinator/core/event.h"
#include "coordinator/core/local_fleet.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/output/output_intake.h"
#include "coordinator/core/recovery.h"
#include "coordinator/core/sessions/ack_batcher.h"
#include "coordinator/core/sessions/session_table.h"
#include "coordinator/core/stop_state.h"
#include "coordinator/core/tasks/cancel_requests.h"
#include "coordinator/core/tasks/task_table.h"
#include "coordinator/core/workload.h"

namespace rollcall::coordinator {

/// The pure machine of one run. It reads no clock and does no I/O: events go in with the time at
/// which they happened, actions come out, and the same events give the same actions. Its rules are
/// numbered in docs/architecture.md, "Exactly one result". It validates messages, decides the order
/// of a turn (see on(TurnEnded)), and connects its parts: each owns its data, has no pointer to
/// another one, and knows sessions by index. One owner, one thread.
class Scheduler {
 public:
  Scheduler(const RunSpec& spec, const Policy& policy, Epoch epoch);
  /// Resumes a run from its committed records; the first `published` records may already have been
  /// printed. Requires a journal and an epoch later than any before.
  Scheduler(RunRecords committed, std::uint64_t published, const Policy& policy, Epoch epoch);

  /// Handles one event and appends the actions to be performed. `now` never goes back. Never
  /// blocks.
  void step(Instant now, const Event& event, Actions& out);

  /// Why a message with this header is refused, whatever its body holds: then the body need not be
  /// read, and RefusedReceived takes the place of MessageReceived. nullopt: the body decides.
  std::optional<Reject> refusal(ConnectionId from, const Header& header, WorkerBodyKind kind) const;

  /// When TurnEnded is due at the latest; nullopt: never again.
  std::optional<Instant> next_deadline() const;

  const RunRecords& records() const { return tasks_.records(); }
  Duration longest_cost() const { return work_.longest_cost(); }
  const std::deque<Session>& sessions() const { return sessions_.all(); }
  std::size_t live_sessions() const { return sessions_.live(); }
  /// Attempts that the session owns.
  std::uint64_t held_by(const Session& session) const { return work_.of(session).held(); }
  /// See Workload::running().
  std::vector<Workload::Running> running(std::size_t most) const {
    return work_.running(view(), most);
  }
  /// The run is over, or is being left unfinished.
  bool is_over() const { return phase_ >= Phase::finishing; }
  std::size_t done() const { return tasks_.done(); }
  std::size_t assigned() const { return tasks_.assigned(); }
  /// Tasks that are added are run. False once the run is being stopped, or its input has ended.
  bool takes_tasks() const {
    return phase_ < Phase::finishing && !stop_.is_stopping() && tasks_.may_grow();
  }
  /// Tasks that were added and are not committed.
  std::uint64_t uncommitted_tasks() const { return commits_.uncommitted_tasks(); }
  /// Messages that were refused or malformed, in this epoch.
  std::uint64_t messages_refused() const { return messages_refused_; }
  /// What is on this connection, for the log: "worker NAME", or "a process at ADDRESS".
  std::string name_of(ConnectionId connection, const std::string& address) const;
  /// The run ended because no worker was left to do it.
  bool ran_out_of_workers() const { return ran_out_of_workers_; }
  /// The run was left unfinished, to be resumed.
  bool suspended() const { return suspended_; }
  /// The user has paused the run.
  bool is_paused() const { return is_paused_; }
  /// Tasks that have failed and wait for their retry.
  std::size_t retrying() const { return work_.retrying(); }
  /// The run was ended because the time of Policy::run_timeout had passed.
  bool run_timed_out() const { return stop_.has_timed_out(); }

  /// Rule 10: holds after every step. O(tasks + sessions).
  void check_invariants() const;

 private:
  enum class Phase : std::uint8_t {
    idle,
    recovering,  ///< resumed: waits for the inventories of sessions that may hold attempts
    joining,     ///< waits for workers
    running,
    finishing,  ///< no work is left, and that is durable; waits for Goodbyes
    leaving,    ///< waits for the last commit; workers stay for the next coordinator
    ended,
  };

  Scheduler(RunRecords committed, std::uint64_t published, const Policy& policy, Epoch epoch,
            bool is_resumed);

  void on(const ListeningStarted& event);
  void on(const MessageReceived& event);
  void on(const RefusedReceived& event);
  void on(const ContradictionReceived& event);
  void on(const MalformedReceived& event);
  void on(const ConnectionClosed& event);
  void on(const TurnEnded& event);
  void on(const LocalWorkerExited& event);
  void on(const DrainRequested& event);
  void on(const WorkerVanished& event) { recovery_.add_vanished(event.session); }
  void on(const Committed& event);
  void on(const TasksAdded& event);
  void on(const InputEnded& event);
  void on(const CancelRequested& event);
  void on(const PauseRequested& event);
  void on(const SlotsLimited& event);
  void on(const StopRequested& event);
  void on(const AbandonRequested& event);
  void on(const OutputFound& event);
  void on(const OutputWritten& event);

  // Messages.
  void refuse(ConnectionId from, const Header& header, const Reject& reject,
              const std::string& address);
  void refuse_report(const Session& session, const std::string& why);
  void refuse_version(const MalformedReceived& event);
  void refuse_hello(ConnectionId from, const Hello& hello, const Reject& reject);
  void on_hello(ConnectionId from, const SessionId& named, const Hello& hello);
  const Session* add_session(ConnectionId from, const Hello& hello);
  void welcome(const Session& session, const FeatureSet& features);
  void on_inventory(const Session& session, const Inventory& inventory);
  bool adopt(const Session& session, const Inventory& inventory);
  void resume_output(const Session& session, const std::vector<ListedStream>& streams);
  void on_report(const Session& session, const Report& report);
  void take_outcomes(const Session& session, const Report& report);
  void on_heartbeat(const Session& session, const Heartbeat& heartbeat);
  void on_goodbye(const Session& session, const Goodbye& goodbye);
  void on_output(const Session& session, const Output& output);
  void settle_output(const Session& session, const OutcomeColumns& outcomes);

  // Sessions that end or are to leave.
  void lose(const Session& session, const std::string& reason);
  void release(const Session& session, bool charge);
  void release_output(const Session& session);
  void lose_silent();
  void lose_exited();
  void process_ended(const Session& session);
  void ask_to_drain(const Session& session, DrainMode mode);

  // Steps of a turn.
  void note_printed(const TurnEnded& event);
  void compensate_stall();
  void begin_recovery();
  void end_recovery();
  void start_if_joined();
  void stop_without_workers();
  void fail_without_workers(const std::string& reason);
  void stop_at_wait_timeout();
  void stop_at_halt();
  void stop_at_run_timeout();
  void commit();
  void publish(const Durable& durable);
  void take_added(const CommittedTasks& added);
  bool may_deal() const;
  void deal();
  void assign(const Session& session, Batch batch, std::uint64_t credit);
  void send_assignment(const Session& session, Assignment assignment);
  void rebalance();
  void acknowledge();
  void drop_unwanted_output();
  void drop_output(bool still_runs, const std::function<bool(const SessionAttempt&)>& is_unwanted);
  void give_up_output(const SessionAttempt& attempt, bool still_runs);
  void print_early();
  bool may_print(const SessionAttempt& attempt) const;
  void answer_output();
  void tick();
  bool is_work_over() const;
  void finish();
  void end_if_all_left();
  void leave();

  // Stopping.
  void stop(bool let_running_end);
  void suspend(bool let_running_end);
  void repeat_stop(const Session& session);
  bool ends_cancelled() const;
  void cancel_everything();
  void cancel_pending();
  void cut_off_input();
  void ask_to_cancel(const Session& session);
  void ask_to_cancel_tasks();

  bool working() const { return phase_ == Phase::running; }
  /// Some task has no outcome yet.
  bool is_open() const { return phase_ < Phase::finishing && !tasks_.all_done(); }
  bool may_start_workers() const { return phase_ < Phase::finishing && !stop_.is_stopping(); }
  Workload::View view() const { return {now_, tasks_, sessions_, commits_}; }
  void make_pending(std::vector<TaskId> tasks);
  void resend(const Session& session, Duration older_than);
  void revoke_unstarted(const Session& session);
  void begun(const Session& session, Begun begun);
  void start_local_workers(const std::vector<std::uint32_t>& launch_ids);
  void send(const Session& session, CoordinatorBody body);
  void send(ConnectionId to, const SessionId& session, CoordinatorBody body);
  void log(Severity severity, std::string text);
  void log_of(ConnectionId connection, std::string text, bool is_usual = false);

  Policy policy_;
  Epoch epoch_;
  bool is_resumed_;

  Workload work_;
  TaskTable tasks_;
  SessionTable sessions_;
  AckBatcher acks_;
  OutputIntake output_;
  EarlyPrinting early_;
  CommitLog commits_;
  CancelRequests cancels_;
  StopState stop_;
  Attendance attendance_;
  Recovery recovery_;
  LocalFleet fleet_;

  Phase phase_ = Phase::idle;
  bool ran_out_of_workers_ = false;
  bool suspended_ = false;
  bool is_paused_ = false;
  bool is_abandoned_ = false;
  std::uint64_t messages_refused_ = 0;
  std::vector<std::uint32_t> exited_;  ///< launch ids, since the inbox was last empty
  std::size_t accepted_before_ = 0;    ///< records at the end of the last turn
  std::size_t output_swept_ = 0;       ///< records when kept output was last looked through
  std::optional<Instant> next_tick_;
  Instant finishing_since_;
  Instant now_;             ///< of the current step
  Actions* out_ = nullptr;  ///< of the current step
};

}  // namespace rollcall::coordinator
