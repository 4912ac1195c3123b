// The messages of the coordinator to a worker, as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/messages/drain.h"
#include "common/messages/header.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall {

/// "You are in": names run and epoch, and the terms. Answered by an Inventory.
struct Welcome {
  std::uint64_t nonce = 0;  ///< of the Hello that it answers
  Instant sent;             ///< coordinator's clock
  KindId kind = KindId::sleep;
  std::uint32_t slots = 0;  ///< in force; 0: no limit
  Duration heartbeat_interval{};
  Duration liveness{};
  Duration orphan_for{};   ///< how long to live on without a coordinator
  bool list_held = false;  ///< a new epoch: the Inventory is to list what the session holds
  std::uint64_t reports_committed = 0;  ///< as in Ack, so that what is kept is not listed
  std::uint64_t max_output = 0;         ///< exec: bytes of each stream of a command that are kept
  Duration kill_after{};                ///< exec: from SIGTERM to SIGKILL
};

/// Attempts to run, numbered per session without gaps, kept by the coordinator until acknowledged.
struct Assignment {
  std::uint64_t number = 0;  ///< from 1
  AttemptColumns attempts;
};

/// "Reports up to this one are kept: forget them." Also the coordinator's sign of life.
struct Ack {
  std::uint64_t reports_committed = 0;
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
  refused,           ///< what the worker offers is of no use to this run: give up
};

struct Reject {
  RejectReason reason = RejectReason::bad_message;
  std::string text;
};

/// The run is over: answer with Goodbye and end.
struct Shutdown {};

using CoordinatorBody =
    std::variant<Welcome, Assignment, Ack, Cancel, Drain, Reject, Shutdown, Revoke>;

struct CoordinatorMessage {
  Header header;
  CoordinatorBody body;
};

}  // namespace rollcall
