// Events and actions: the scheduler's only interface.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/log_line.h"
#include "common/base/result.h"
#include "common/limits.h"
#include "common/messages/message.h"
#include "common/messages/worker_body_kind.h"
#include "common/model/ids.h"
#include "coordinator/core/commits/commit.h"
#include "coordinator/core/output/output_rows.h"

namespace rollcall::coordinator {

// Events: facts, in the past tense.

/// The coordinator listens; workers may connect.
struct ListeningStarted {};
struct MessageReceived {
  ConnectionId from{};
  WorkerMessage message;
};
/// A message whose header alone shows that it is refused (Scheduler::refusal). Its body was not
/// read.
struct RefusedReceived {
  ConnectionId from{};
  Header header;
  WorkerBodyKind kind = WorkerBodyKind::hello;
  std::string address{};  ///< of the sender; empty: unknown
};
/// A report whose outcomes cannot be true. None of them was accepted.
struct ContradictionReceived {
  ConnectionId from{};
  Header header;
  std::string text;  ///< what contradicts what, with the task
};
/// Received bytes are not a valid message. The header is filled in if it could be read.
struct MalformedReceived {
  ConnectionId from{};
  Header header;
  RejectReason reason = RejectReason::bad_message;
  std::string text;
  std::string address{};  ///< of the sender; empty: unknown
  std::string worker{};   ///< "NAME on HOST" of a Hello of another protocol version, or empty
};
/// All waiting messages were received, or as many as one turn takes, or a deadline has passed. Only
/// now are tasks dispatched and reports acknowledged; sessions are lost only if the inbox is empty.
struct TurnEnded {
  bool inbox_empty = true;
  OutputRoom output_room{};  ///< only with Policy::takes_output
  /// Records that were printed, from the first one; beyond those published if nothing waits.
  std::uint64_t printed = std::numeric_limits<std::uint64_t>::max();
};
/// A local worker process has ended, or could not be started.
struct LocalWorkerExited {
  std::uint32_t launch_id = 0;
  std::string how;      ///< "exit status 1", "killed by signal 9"; or why it was not started
  bool started = true;  ///< there was a process
};
/// The input has given the next tasks of the run. Requires that the run is open and InputEnded has
/// not happened. They are dispatched once they are committed.
struct TasksAdded {
  std::uint32_t count = 0;  ///< > 0
  /// From now on at most this many attempts (> 0) fit into one message.
  std::size_t assignment_attempts = limits::assignment_attempts;
};
/// No task will be added any more.
struct InputEnded {
  std::string error;  ///< why the input ended before its end; empty: it did not
};
/// The process of a worker that another epoch has started has ended. Reported for each of its
/// sessions.
struct WorkerVanished {
  SessionIndex session{};
};
/// Commits up to this number are durable. Only with a journal.
struct Committed {
  std::uint64_t commit = 0;
};
/// The user has asked these sessions to leave. Local ones are not restarted.
struct DrainRequested {
  std::vector<SessionIndex> sessions;
  DrainMode mode = DrainMode::finish;
};
/// The user has cancelled these tasks (each < RunSpec::task_count). Attempts that run are
/// cancelled, and none is started or repeated. Tasks that are done stay as they are.
struct CancelRequested {
  std::vector<TaskId> tasks;
};
/// The user has asked that no attempt be started until further notice, or that they be started
/// again. Running attempts go on.
struct PauseRequested {
  bool is_paused = true;
};
/// The user has limited how many attempts each of these sessions may run at once, to at most its
/// slots. 0: it gets no work.
struct SlotsLimited {
  std::vector<SessionIndex> sessions;
  std::uint32_t slots = 0;
};
/// The user has asked to stop. No new attempt is started, running attempts end or are cancelled,
/// and all workers leave. Without a journal the run ends, and tasks without an outcome are
/// cancelled. With one they stay pending, and the run can be resumed.
struct StopRequested {
  bool let_running_end = false;
  /// Only with a journal: attempts go on, and workers wait for the next coordinator.
  bool leave_running = false;
};

/// The user wants the resumed run to end: running attempts are cancelled, and so are all tasks
/// without an outcome, once it is known which are held. Only with a journal, after
/// ListeningStarted.
struct AbandonRequested {};

/// A connection was closed: its worker's process has ended, or it will soon connect again. Messages
/// that it has sent may still arrive.
struct ConnectionClosed {
  ConnectionId connection{};
};

/// The run was resumed, and the spool has this output of earlier epochs. Before ListeningStarted.
struct OutputFound {
  std::vector<FoundOutput> attempts;
};

/// More bytes of these streams are durable. Only with a journal: without one, output is as durable
/// as it can be when it is taken.
struct OutputWritten {
  struct Stream {
    SessionAttempt attempt;
    OutputStream stream = OutputStream::out;
    std::uint64_t bytes = 0;  ///< from the first one
  };
  std::vector<Stream> streams;
};

using Event =
    std::variant<ListeningStarted, MessageReceived, RefusedReceived, ContradictionReceived,
                 MalformedReceived, ConnectionClosed, TurnEnded, LocalWorkerExited, WorkerVanished,
                 Committed, TasksAdded, InputEnded, DrainRequested, CancelRequested, PauseRequested,
                 SlotsLimited, StopRequested, AbandonRequested, OutputFound, OutputWritten>;

// Actions: imperatives, to be performed in this order.

struct Send {
  ConnectionId to{};
  CoordinatorMessage message;
};
/// Start a local worker process and hand it this launch id.
struct StartLocalWorker {
  std::uint32_t launch_id = 0;
};
/// Kill the process of this session, a silent local worker: it may be stopped or hang.
/// LocalWorkerExited or WorkerVanished follows. It may have ended already.
struct KillLocalWorker {
  SessionIndex session{};
};
/// Write this commit to the journal, and report Committed once it is durable. Numbers begin at 1
/// and have no gaps. Only with a journal. The receiver owns the commit and may complete it: add
/// `commands`.
struct WriteCommit {
  std::uint64_t number = 0;
  std::shared_ptr<Commit> commit;
};
/// For the output: these attempts have started, in this order. A task is repeated with each of its
/// attempts.
struct PublishStarted {
  SessionIndex session{};
  std::uint64_t count = 0;
  std::vector<TaskId> tasks;  ///< empty without Policy::name_starts
};
/// For the output: these outcomes of the Report that was just received were failures, and their
/// tasks will be retried. Not committed. Only with Policy::name_starts.
struct PublishFailed {
  SessionIndex session{};
  std::vector<std::uint32_t> rows;  ///< places in the columns of the report
};
/// For the output: records [first, first + count) of RunRecords were accepted, and are durable.
struct PublishOutcomes {
  std::size_t first = 0;
  std::size_t count = 0;
};
/// Append to the spool the bytes of these rows of the Output that was just received; ignore the
/// other rows. The rows belong to attempts that the session holds, and follow what the spool has.
struct TakeOutput {
  SessionIndex session{};
  std::vector<bool> is_taken;  ///< by row
};
/// Keep the first `bytes` of this stream of an attempt of an earlier epoch, and drop the rest. The
/// worker sends what follows.
struct CutOutput {
  SessionAttempt attempt;
  OutputStream stream = OutputStream::out;
  std::uint64_t bytes = 0;
};
/// Recovery is over: of the output of earlier epochs, delete all that belongs neither to an
/// accepted outcome nor to these attempts.
struct KeepOutput {
  std::vector<SessionAttempt> attempts;
};
/// Delete the output of this attempt from the spool: its outcome does not count, or will never
/// come. The spool may have none of it if it was to be printed early.
struct DropOutput {
  SessionAttempt attempt;
};
/// The spool is full, and no command has ended whose output can be printed: print the output of
/// this attempt as it arrives. Later comes its outcome or DropOutput. If the spool had some of it,
/// OutputStuck precedes DropOutput.
struct PrintEarly {
  SessionAttempt attempt;
};
/// Commands wait for ever, since no output can be printed: the run must be stopped.
struct OutputStuck {
  std::string why;
};
/// The input has ended: RunRecords has the number of tasks, and why the input ended before its end.
struct PublishInputEnded {};
struct PublishJoined {
  SessionIndex session{};
};
/// SessionRecord has the reason. `returned`: tasks that are pending again because of it.
struct PublishLeft {
  SessionIndex session{};
  std::uint64_t returned = 0;
};
/// For the log: this session, which had joined, is heard again, on a new connection.
struct PublishBack {
  SessionIndex session{};
  Duration silent{};  ///< since it was last heard
};
/// One line for the log.
struct Log {
  Severity severity = Severity::info;
  std::string text;
  /// Set if messages on this connection can cause the line again and again: it is logged the first
  /// time, and then with its count (RepeatedLines).
  std::optional<ConnectionId> connection{};
  /// An honest worker causes it, too, for example after a reconnection. The line is logged from the
  /// limits::usual_refusals-th time on, and does not count for RefusedConnections.
  bool is_usual = false;
};
/// Every task is done, or the run is left unfinished, and the workers are about to shut down. Stop
/// measuring the time.
struct FinishRun {};
/// All workers have left, or had enough time to leave; if `workers_stay`, they were not asked to,
/// and wait for the next coordinator. No action follows.
struct End {
  bool workers_stay = false;
};

using Action = std::variant<Send, StartLocalWorker, KillLocalWorker, WriteCommit, PublishStarted,
                            PublishFailed, PublishOutcomes, PublishInputEnded, PublishJoined,
                            PublishLeft, Log, FinishRun, End, TakeOutput, DropOutput, PrintEarly,
                            OutputStuck, CutOutput, KeepOutput, PublishBack>;
using Actions = std::vector<Action>;

}  // namespace rollcall::coordinator
