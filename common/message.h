// The messages between coordinator and worker as plain values. proto/wire.proto says what each
// field means on the wire; common/wire.h turns one into the other.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/give_back.h"
#include "common/ids.h"
#include "common/task.h"
#include "common/time.h"

namespace rollcall {

/// The version of the protocol that this program speaks, and the oldest that it understands.
inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::uint32_t kOldestProtocolVersion = 1;

/// What every message names: which run, which life of its coordinator, which session.
struct Header {
  std::uint32_t protocol = kProtocolVersion;
  RunId run;          ///< empty in a Hello and in an answer to one who knows no run
  Epoch epoch = 0;    ///< 0 in a Hello: not known yet
  SessionId session;  ///< empty in a Reject to one who named none

  friend bool operator==(const Header&, const Header&) = default;
};

/// Three of the four timestamps of one exchange; the fourth is the coordinator's clock at receipt
/// (RFC 5905 section 8). All zero when the worker has had nothing to answer to.
struct TimeEcho {
  Instant coordinator_sent;  ///< coordinator's clock: as it stood in its message
  Instant worker_received;   ///< worker's clock: when that message came
  Instant worker_sent;       ///< worker's clock: when the answer left
};

// Worker to coordinator.

/// "I am here": the first message on every connection, repeated unchanged until the Welcome.
struct Hello {
  SessionSecret secret;
  std::uint64_t nonce = 0;  ///< one for each connection; the same on every retry
  std::string host;
  std::string name;  ///< chosen by the user, or host-pid
  std::uint32_t pid = 0;
  std::uint32_t slots = 0;  ///< attempts it will run at once; 0: the default of the task kind
  std::uint32_t processors = 0;
  std::uint32_t ticket = 0;  ///< local workers: which start of which process this is; else 0
};

/// "What I hold": the answer to Welcome. Work flows only after it.
struct Inventory {
  TimeEcho echo;
  std::uint64_t nonce = 0;                 ///< of the Welcome that it answers
  std::uint64_t assignments_received = 0;  ///< highest number got in order
  std::uint64_t reports_sent = 0;          ///< highest number used so far
  bool draining = false;                   ///< starts nothing new, and is about to leave

  // For a Welcome that asks for it, in parts: all that it holds, that is, has not reported or has
  // no Ack for. What has begun comes first, then the rest in the order in which it was assigned.
  std::uint64_t started_count = 0;  ///< attempts begun so far
  std::uint64_t begun = 0;          ///< of what it holds, in all parts
  std::uint32_t list = 0;           ///< the same in all parts, another one each time; 0: no list
  std::uint32_t part = 0;           ///< from 0
  bool is_last_part = false;
  HeldColumns held{};
};

/// Outcomes, numbered per session without gaps, kept by the worker until acknowledged.
struct Report {
  std::uint64_t number = 0;  ///< from 1
  std::uint64_t assignments_received = 0;
  std::uint64_t started_count = 0;  ///< attempts begun so far, in the order they were assigned
  OutcomeColumns outcomes;
  bool draining = false;
};

/// "I live", from the event loop, every heartbeat interval; also acknowledges assignments.
struct Heartbeat {
  TimeEcho echo;
  std::uint64_t assignments_received = 0;
  std::uint64_t started_count = 0;
  bool draining = false;
};

/// The last word of a session. What it held and did not report, it gives back.
struct Goodbye {
  std::uint64_t reports_sent = 0;   ///< the number of its last report
  std::uint64_t outcomes_sent = 0;  ///< how many outcomes all its reports held together
  double cpu_seconds = 0;           ///< of the worker process, user and system
  std::uint64_t peak_rss_bytes = 0;
};

using WorkerBody = std::variant<Hello, Inventory, Report, Heartbeat, Goodbye>;

struct WorkerMessage {
  Header header;
  WorkerBody body;
};

// Coordinator to worker.

/// "You are in": names run and epoch, and the terms. Answered by an Inventory.
struct Welcome {
  std::uint64_t nonce = 0;  ///< of the Hello that it answers
  Instant sent;             ///< coordinator's clock
  TaskKind kind = TaskKind::sleep;
  std::uint32_t slots = 0;  ///< in force; 0: no limit
  Duration heartbeat_interval{};
  Duration liveness{};
  Duration orphan_for{};           ///< how long to live on without a coordinator
  bool list_held = false;          ///< a new epoch: the Inventory is to list what the session holds
  std::uint64_t reports_kept = 0;  ///< as in Ack, so that what is kept is not listed
};

/// Attempts to run, numbered per session without gaps, kept by the coordinator until acknowledged.
struct Assignment {
  std::uint64_t number = 0;  ///< from 1
  AttemptColumns attempts;
};

/// "Reports up to this one are kept: forget them." Also the coordinator's sign of life.
struct Ack {
  std::uint64_t reports_kept = 0;
  Instant sent;  ///< coordinator's clock; comes back in the next TimeEcho
};

/// Everything in the assignments up to this one is to be cancelled, also when it comes later.
struct Cancel {
  std::uint64_t assignments_through = 0;
};

enum class RejectReason : std::uint8_t {
  say_hello,         ///< this connection is not known: send Hello
  wrong_epoch,       ///< meant for another run or epoch: send Hello again
  session_lost,      ///< given up: start over as a new session
  protocol_version,  ///< not spoken here: give up
  bad_message,       ///< not understood, or not allowed there
};

struct Reject {
  RejectReason reason = RejectReason::bad_message;
  std::string text;
};

/// The run is over: answer with Goodbye and end.
struct Shutdown {};

using CoordinatorBody =
    std::variant<Welcome, Assignment, Ack, Cancel, Drain, Reject, Shutdown, Recall>;

struct CoordinatorMessage {
  Header header;
  CoordinatorBody body;
};

}  // namespace rollcall
