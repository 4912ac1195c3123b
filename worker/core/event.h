// What a session is told (events, facts in the past tense) and what it wants done (actions,
// imperatives). Both carry batches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/messages/message.h"
#include "common/model/ids.h"
#include "common/model/task.h"

namespace rollcall::worker {

/// What a worker process says of itself in each Hello.
struct Identity {
  std::string host;
  std::string name;
  std::uint32_t pid = 0;
  std::uint32_t slots = 0;  ///< 0: the default of the task kind
  std::uint32_t processors = 0;
  std::uint32_t launch_id = 0;      ///< of a local worker; else 0
  std::uint32_t command_slots = 0;  ///< commands that it could run at once; 0: it runs none
};

// Events. What is passed by reference needs to live during step() only.

/// A life begins, with a secret that nobody can guess and a seed for nonces and jitter. The first
/// event of all, and the answer to StartOver.
struct Begun {
  SessionSecret secret;
  std::uint64_t seed = 0;
};

/// The socket was replaced: what was under way is gone, and the coordinator knows no connection.
struct Reconnected {};

struct MessageReceived {
  const CoordinatorMessage& message;
};

/// Attempts of earlier StartAttempts have come to these outcomes, each attempt once.
struct AttemptsEnded {
  const OutcomeColumns& outcomes;
};

/// Everything that was there in this turn of the loop has been told. Now the outcomes of the turn
/// leave in one Report, or what was started and received in one Heartbeat.
struct TurnEnded {};

/// next_deadline() has passed. The inbox is to be drained before this is told.
struct DeadlineReached {};

/// The first SIGTERM or SIGUSR1: leave.
struct TerminateRequested {
  DrainMode mode = DrainMode::return_running;
};

/// The answer to ListRunning: what runs, in any order.
struct RunningListed {
  const HeldColumns& running;
};

using Event = std::variant<Begun, RunningListed, Reconnected, MessageReceived, AttemptsEnded,
                           TurnEnded, DeadlineReached, TerminateRequested>;

// Actions, to be done in order.

/// The shell fills in the Goodbye's cpu_seconds and peak_rss_bytes, which no core can know.
struct Send {
  std::shared_ptr<const WorkerMessage> message;
};

/// Get ready for the tasks of the run that was joined, on the terms of its Welcome. Before the
/// first StartAttempts, and again each time the run is joined anew.
struct Prepare {
  KindId kind = KindId::sleep;
  std::uint32_t slots = 0;       ///< 0: no limit
  std::uint64_t max_output = 0;  ///< bytes of each stream of each command
  Duration kill_after{};         ///< from SIGTERM to SIGKILL
};

/// Start these now. AttemptsEnded follows for each, later.
struct StartAttempts {
  std::uint64_t assignment = 0;  ///< by which CancelAttempts names them
  AttemptColumns attempts;
};

/// Cancel what runs of the assignments up to this one. AttemptsEnded follows for each: of sleeps in
/// this turn, of commands when they have ended.
struct CancelAttempts {
  std::uint64_t assignments_through = 0;
};

/// Stop everything that runs. No AttemptsEnded follows.
struct DropAttempts {};

/// Say what runs; RunningListed follows at once.
struct ListRunning {};

/// Make a new secret; Begun follows.
struct StartOver {};

enum class Severity : std::uint8_t { debug, info, warning, error };

struct Log {
  Severity severity = Severity::info;
  std::string text;
};

/// Hand what was sent to the wire, then end the process with this exit status. The last action.
struct Exit {
  int status = 0;
  std::string reason;
};

using Action = std::variant<Send, Prepare, StartAttempts, CancelAttempts, DropAttempts, ListRunning,
                            StartOver, Log, Exit>;
using Actions = std::vector<Action>;

/// Messages that were not obeyed, by why.
struct Dropped {
  std::uint64_t unassigned = 0;       ///< of another run, epoch or session
  std::uint64_t not_handshaking = 0;  ///< came between a Hello and its Welcome
  std::uint64_t old_welcome = 0;      ///< a Welcome that answers another Hello
  std::uint64_t out_of_order = 0;     ///< an Assignment got twice, or after a lost one
  std::uint64_t unknown_report = 0;   ///< an Ack of a report that was never sent
};

/// Exit statuses of rollcall-worker.
inline constexpr int kExitDone = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNoCoordinator = 4;

}  // namespace rollcall::worker
