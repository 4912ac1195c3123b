// The messages of a worker to the coordinator, as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/messages/drain.h"
#include "common/messages/header.h"
#include "common/messages/output.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"

namespace rollcall {

/// Asks to join: the first message on every connection, repeated unchanged until the Welcome.
struct Hello {
  SessionSecret secret;
  std::uint64_t nonce = 0;  ///< new for each connection; the same in every retry
  std::string host;
  std::string name;  ///< chosen by the user, or host-pid
  std::uint32_t pid = 0;
  std::uint32_t slots = 0;  ///< attempts it offers to run at once; 0: the default of the task kind
  std::uint32_t processors = 0;
  std::uint32_t launch_id = 0;      ///< of a local worker; else 0
  std::uint32_t command_slots = 0;  ///< commands it can run at once; 0: it accepts none
  KindSet kinds{};                  ///< that it can run; others than this program knows are dropped
  FeatureSet features{};
};

/// Lists the attempts held: the answer to Welcome. The session gets no work before it.
struct Inventory {
  TimeEcho echo;
  std::uint64_t nonce = 0;                 ///< of the Welcome
  std::uint64_t assignments_received = 0;  ///< last number received in order
  std::uint64_t reports_sent = 0;          ///< last number used
  bool draining = false;                   ///< starts no attempts and is about to exit

  // If the Welcome asks for a list, in parts: all attempts that are not reported or not
  // acknowledged. Started attempts come first, the others follow in the order of assignment.
  std::uint64_t started_count = 0;  ///< attempts started so far
  std::uint64_t begun = 0;          ///< started attempts in all parts of the list
  std::uint32_t list = 0;           ///< number of the list, the same in all its parts; 0: no list
  std::uint32_t part = 0;           ///< from 0
  bool is_last_part = false;
  HeldColumns held{};
  ListedOutput output{};
};

/// Outcomes. Numbered per session without gaps; sent again until acknowledged.
struct Report {
  std::uint64_t number = 0;  ///< from 1
  std::uint64_t assignments_received = 0;
  std::uint64_t started_count = 0;  ///< attempts started so far, in the order of assignment
  OutcomeColumns outcomes;
  bool draining = false;
  std::uint64_t window_received = 0;  ///< as in Heartbeat
};

/// Sent by the event loop every heartbeat interval; also acknowledges assignments.
struct Heartbeat {
  TimeEcho echo;
  std::uint64_t assignments_received = 0;
  std::uint64_t started_count = 0;
  bool draining = false;
  std::uint64_t window_received = 0;  ///< the number of the newest window that it knows
};

/// The last message of a session. It returns all attempts that the session has not reported.
struct Goodbye {
  std::uint64_t reports_sent = 0;   ///< the number of its last report
  std::uint64_t outcomes_sent = 0;  ///< the number of outcomes in all its reports
  double cpu_seconds = 0;           ///< of the worker process, user and system
  std::uint64_t peak_rss_bytes = 0;
};

using WorkerBody = std::variant<Hello, Inventory, Report, Heartbeat, Goodbye, Output>;

struct WorkerMessage {
  Header header;
  WorkerBody body;
};

}  // namespace rollcall
