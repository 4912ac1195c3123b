// One command of a CommandRunner, from start() to take_ended().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/model/command.h"
#include "common/model/time.h"
#include "common/os/cgroup.h"
#include "worker/executors/output_capture.h"
#include "worker/guardian/channel.h"
#include "worker/guardian/protocol.h"

namespace rollcall::worker {

/// The state of one command. Owned by CommandRunner; one thread.
struct Child {
  /// Why it was made to end.
  enum class Stop : std::uint8_t { no, timed_out, cancelled, dropped };
  enum class State : std::uint8_t {
    waiting,  ///< for a slot
    sent,     ///< to the guardians, which have not reported its start
    running,
    left,  ///< it has ended; others of its process group may not have
  };

  std::uint64_t key = 0;     ///< from start()
  std::uint64_t number = 0;  ///< of its last request to the guardians; 0: none yet
  std::uint32_t tries = 0;   ///< requests that failed for want of processes
  Command command;
  std::size_t max_output = 0;             ///< bytes to keep of each stream
  std::shared_ptr<CommandOutput> output;  ///< where they go; null: into the result
  Duration kill_after{};                  ///< from SIGTERM to SIGKILL
  std::uint32_t nice = 0;                 ///< its least niceness
  std::uint64_t max_memory = 0;           ///< bytes, with its descendants; 0: no limit
  std::optional<os::Cgroup> group;        ///< limits its memory; nullopt: the guardian does
  CommandResult result;
  OutputCapture out;
  OutputCapture err;
  State state = State::waiting;
  Stop stop = Stop::no;
  bool is_called_off = false;   ///< it is not to be started, if it has not been
  bool is_watched = false;      ///< its output is read while it runs
  bool is_killed = false;       ///< SIGKILL was sent
  Instant terminated = kNever;  ///< when SIGTERM was sent
  Instant deadline = kNever;    ///< as due() when it was set

  /// Returns when the next step is due: reading its output, SIGTERM or SIGKILL; kNever: no step.
  Instant due() const;
};

/// Frees the memory of a command that was started, except for the name of its program.
void forget_request(Command& command);

/// Returns the errno with which the system would refuse to start it, or 0.
int refusal(const Command& command);

/// Makes the pipes and the input of a command; the reading ends go into `child`. Returns 0 or
/// errno.
int open_files(Child& child, CommandFiles& files);

/// Sets the result of a command that could not be started.
void set_not_started(Child& child, int error, bool in_cwd, Instant now);

/// Sets the result of a command that has ended, except for its output.
void set_ended(Child& child, const GuardianEvent& event);

}  // namespace rollcall::worker
