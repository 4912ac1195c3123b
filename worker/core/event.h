// The input of a Session (events: facts, in the past tense) and its output (actions: imperatives).
// Both carry batches.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/base/log_line.h"
#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/output_stream.h"
#include "common/model/task.h"

namespace rollcall::worker {

/// What a worker process states about itself in each Hello.
struct Identity {
  std::string host;
  std::string name;
  std::uint32_t pid = 0;
  std::uint32_t slots = 0;  ///< 0: the default of the kind of task
  std::uint32_t processors = 0;
  std::uint32_t launch_id = 0;      ///< of a local worker; otherwise 0
  std::uint32_t command_slots = 0;  ///< commands that it could run at once; 0: it accepts none
  KindSet kinds = all_kinds();      ///< that it can run
};

// Events. References need to be valid during step() only.

/// A session begins, with a secret that cannot be guessed and a seed for nonces and jitter. The
/// very first event, and the response to StartOver.
struct Begun {
  SessionSecret secret;
  std::uint64_t seed = 0;
};

/// The socket was replaced: messages in flight are lost, and the coordinator does not know the new
/// connection.
struct Reconnected {};

struct MessageReceived {
  const CoordinatorMessage& message;
};

/// Attempts of earlier StartAttempts have ended, each once.
struct AttemptsEnded {
  const OutcomeColumns& outcomes;
};

/// All running attempts are lost, and no more of their kind can be started before its next Prepare.
struct ExecutorFailed {
  std::string reason;
};

/// This turn of the loop has no more events. Now its outcomes leave in one Report, or, without
/// outcomes, one Heartbeat has the numbers of assignments received and attempts started.
struct TurnEnded {};

/// next_deadline() has passed. The messages in the inbox come before this event.
struct DeadlineReached {};

/// The first SIGTERM or SIGUSR1.
struct TerminateRequested {
  DrainMode mode = DrainMode::return_running;
};

/// The response to ListRunning: the running attempts, in any order.
struct RunningListed {
  const HeldColumns& running;
};

/// How much of the output of one attempt was read.
struct OutputProgress {
  TaskId task{};
  Attempt attempt = 0;
  /// Of each stream, in all. Only at its end may they be fewer than before, but not fewer than
  /// sent.
  std::array<std::uint64_t, kOutputStreams.size()> bytes{};
  /// It has ended, and its outcome waits for ReleaseOutcomes. An attempt of which nothing was sent
  /// and no more than limits::output_tail was read needs none.
  bool has_ended = false;
};

/// Output of running or ended attempts was read: the last state of each attempt that has changed.
struct OutputRead {
  const std::vector<OutputProgress>& progress;
};

using Event =
    std::variant<Begun, RunningListed, Reconnected, MessageReceived, AttemptsEnded, ExecutorFailed,
                 TurnEnded, DeadlineReached, TerminateRequested, OutputRead>;

// Actions, to be performed in order.

/// Send this message. The runtime sets cpu_seconds and peak_rss_bytes of a Goodbye, which a core
/// cannot know.
struct Send {
  std::shared_ptr<const WorkerMessage> message;
};

/// Get ready for tasks of this kind. Precedes the first StartAttempts of the kind, and is repeated
/// before the next one each time the run was joined again.
struct Prepare {
  KindId kind = KindId::sleep;
  std::uint32_t slots = 0;            ///< 0: no limit
  bool has_output_in_chunks = false;  ///< attempts that are started later report OutputRead
};

/// Start these attempts of one job. AttemptsEnded follows for each, later.
struct StartAttempts {
  std::uint64_t assignment = 0;  ///< by which CancelAttempts names them
  AttemptColumns attempts;
  std::shared_ptr<const Job> job{};  ///< never null
};

/// Cancel the running attempts of the assignments up to this one. AttemptsEnded follows for each,
/// when it has ended.
struct CancelAttempts {
  std::uint64_t assignments_through = 0;
};

/// Cancel those of these attempts that run, or wait for a slot although they were started.
/// AttemptsEnded follows for each of them, when it has ended.
struct CancelListed {
  HeldColumns attempts;
};

/// Return the attempts of the assignments up to this one that wait for a slot although they were
/// started. AttemptsEnded follows for each, with the outcome `returned` once it is certain that it
/// never begins, or with its own outcome if it had begun.
struct ReturnWaiting {
  std::uint64_t assignments_through = 0;
};

/// Stop all running attempts. No AttemptsEnded follows.
struct DropAttempts {};

/// List the running attempts; RunningListed follows immediately.
struct ListRunning {};

/// Make a new secret and seed; Begun follows.
struct StartOver {};

/// Bytes [offset, offset + size) of a stream.
struct OutputPart {
  TaskId task{};
  Attempt attempt = 0;
  OutputStream stream = OutputStream::out;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Send these parts, which were read, in one Output. Parts of attempts that have an outcome by now
/// are left out.
struct SendOutput {
  Header header;
  std::vector<OutputPart> parts;
};

/// Forget the first bytes of a stream. kNotWanted: all of it, also what is read later.
struct ForgottenOutput {
  TaskId task{};
  Attempt attempt = 0;
  OutputStream stream = OutputStream::out;
  std::uint64_t bytes = 0;
};
struct ForgetOutput {
  std::vector<ForgottenOutput> streams;
};

/// These attempts have ended, and the bytes that were sent of them are durable. AttemptsEnded
/// follows for each, with the bytes that were not sent.
struct ReleaseOutcomes {
  HeldColumns attempts;
};

struct Log {
  Severity severity = Severity::info;
  std::string text;
};

/// Flush the messages sent, then end the process with this exit status. The last action.
struct Exit {
  int status = 0;
  std::string reason;
};

using Action = std::variant<Send, Prepare, StartAttempts, CancelAttempts, CancelListed,
                            ReturnWaiting, DropAttempts, ListRunning, StartOver, Log, Exit,
                            SendOutput, ForgetOutput, ReleaseOutcomes>;
using Actions = std::vector<Action>;

/// Messages that were dropped, by reason.
struct Dropped {
  std::uint64_t unassigned = 0;       ///< of another run, epoch or session
  std::uint64_t not_handshaking = 0;  ///< received between a Hello and its Welcome
  std::uint64_t old_welcome = 0;      ///< a Welcome that answers another Hello
  std::uint64_t out_of_order = 0;     ///< an Assignment that is not the next one
  std::uint64_t unknown_report = 0;   ///< an Ack of a report that was never sent
};

/// Exit statuses of rollcall-worker.
inline constexpr int kExitDone = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNoCoordinator = 4;

}  // namespace rollcall::worker
