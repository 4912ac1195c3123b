// One command on its way through the executor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/model/command.h"
#include "common/model/time.h"
#include "worker/executors/output_capture.h"
#include "worker/guardian/channel.h"
#include "worker/guardian/protocol.h"

namespace rollcall::worker {

struct Child {
  /// Why it was told to end.
  enum class Stop : std::uint8_t { no, timed_out, cancelled, dropped };
  enum class State : std::uint8_t {
    waiting,  ///< for the guardian to have time
    sent,     ///< the guardian starts it, or has
    running,
    left,  ///< it has ended; others of its process group have not
  };

  std::uint64_t key = 0;
  std::uint64_t number = 0;  ///< of its last request to the guardian; 0: there was none
  std::uint32_t tries = 0;   ///< requests that came back for want of processes
  Command command;
  CommandResult result;
  OutputCapture out;
  OutputCapture err;
  State state = State::waiting;
  Stop stop = Stop::no;
  bool is_watched = false;    ///< its output is read while it runs
  bool is_killed = false;     ///< SIGKILL was sent
  Instant told = kNever;      ///< when SIGTERM was sent
  Instant deadline = kNever;  ///< when something is to be done about it

  /// When what `state` and `stop` ask for next is due; kNever: never.
  Instant due(Duration kill_after) const;
};

/// What the guardian has started need not be kept for as long as it runs. Keeps its name.
void forget_request(Command& command);

/// 0, or the errno with which the system would refuse it.
int refusal(const Command& command);

/// Makes the pipes and the input of a command; the reading ends go into `child`. Returns 0, or
/// errno.
int open_files(Child& child, std::size_t max_output, CommandFiles& files);

/// Fills in why it never was.
void set_not_started(Child& child, int error, bool in_cwd, Instant now);

/// Fills in what the guardian says of its end. Output is not touched.
void set_ended(Child& child, const GuardianEvent& event);

}  // namespace rollcall::worker
