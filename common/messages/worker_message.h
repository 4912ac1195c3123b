// The messages of a worker to the coordinator, as plain values.
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

/// "I am here": the first message on every connection, repeated unchanged until the Welcome.
struct Hello {
  SessionSecret secret;
  std::uint64_t nonce = 0;  ///< one for each connection; the same on every retry
  std::string host;
  std::string name;  ///< chosen by the user, or host-pid
  std::uint32_t pid = 0;
  std::uint32_t slots = 0;  ///< attempts it will run at once; 0: the default of the task kind
  std::uint32_t processors = 0;
  std::uint32_t launch_id = 0;      ///< local workers: which start of which process this is; else 0
  std::uint32_t command_slots = 0;  ///< commands that it could run at once; 0: it runs none
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

/// The last word of a session. What it held and did not report, it returns.
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

}  // namespace rollcall
