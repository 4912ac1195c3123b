// The messages of the coordinator to a worker, as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/messages/drain.h"
#include "common/messages/header.h"
#include "common/messages/output.h"
#include "common/model/ids.h"
#include "common/model/job.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall {

/// Accepts a session, and carries the run, the epoch and the settings. The worker answers with an
/// Inventory.
struct Welcome {
  std::uint64_t nonce = 0;  ///< of the Hello
  Instant sent;             ///< coordinator's clock
  std::uint32_t slots = 0;  ///< attempts of jobs with needs_slot to run at once; 0: no limit
  Duration heartbeat_interval{};
  Duration liveness{};
  Duration orphan_for{};   ///< how long to keep attempts without a coordinator
  bool list_held = false;  ///< after a resume: the Inventory must list the attempts held
  std::uint64_t reports_committed = 0;  ///< as in Ack: these reports need not be listed
  Duration rejoin_for{};                ///< how long to try to join without hearing from it
  FeatureSet features{};
  OutputWindow window{};
  std::string run_name{};  ///< for the log; empty: none
};

/// Attempts to run. Numbered per session without gaps; sent again until acknowledged.
struct Assignment {
  std::uint64_t number = 0;  ///< from 1
  AttemptColumns attempts;
  /// The headers of their jobs, except for jobs that the Assignment before it had attempts of. The
  /// same in every copy.
  std::vector<Job> jobs{};
};

/// Reports up to this one are committed: the worker drops them. Also the coordinator's heartbeat.
struct Ack {
  std::uint64_t reports_committed = 0;
  Instant sent;  ///< coordinator's clock; returned in the next TimeEcho
  OutputWindow window{};
};

/// Cancels attempts, including those that arrive later.
struct Cancel {
  std::uint64_t assignments_through = 0;  ///< all in assignments up to this one; 0: none
  HeldColumns attempts{};                 ///< and each of these
};

enum class RejectReason : std::uint8_t {
  say_hello,         ///< unknown connection: send Hello
  wrong_epoch,       ///< the message is for another run or epoch: send Hello
  session_lost,      ///< the session is lost: start a new one
  protocol_version,  ///< unsupported version: exit
  bad_message,       ///< malformed or unexpected message
  refused,           ///< this run cannot use the worker: exit
};

struct Reject {
  RejectReason reason = RejectReason::bad_message;
  std::string text;
};

/// The run has ended: answer with Goodbye and exit.
struct Shutdown {};

using CoordinatorBody =
    std::variant<Welcome, Assignment, Ack, Cancel, Drain, Reject, Shutdown, Revoke, OutputAck>;

struct CoordinatorMessage {
  Header header;
  CoordinatorBody body;
};

}  // namespace rollcall
