// Runs commands on the event loop: starts them through guardians, reads their output, ends them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/model/command.h"
#include "common/model/time.h"
#include "common/os/cgroup.h"
#include "worker/executors/output_buffer.h"
#include "worker/guardian/guardian.h"

namespace rollcall::worker {

/// A command that has ended, with the key that it was started with.
struct EndedCommand {
  std::uint64_t key = 0;
  CommandResult result;
  bool was_called_off = false;  ///< it never started, because of call_off()
};

/// How many commands can run at once under this limit of open files; may be 0.
std::uint32_t command_slots(std::uint64_t descriptors);

/// A command has ended when its first process has. Then the rest of its process group gets SIGTERM,
/// and SIGKILL after its `kill_after`; processes that have left the group end with the worker. Uses
/// no signal handler. Memory is bounded by two streams for each slot. With
/// CommandRunner::Terms::output, a command blocks while its buffer has no room. One thread, that of
/// `loop`, which outlives it.
class CommandRunner {
 public:
  /// Of one command.
  struct Terms {
    std::size_t max_output = 0;  ///< bytes to keep of each stream
    Duration kill_after{};       ///< from SIGTERM to SIGKILL
    std::uint32_t nice = 0;      ///< its least niceness, up to limits::nicest
    /// Bytes of memory for it and its descendants, which get SIGKILL beyond it; 0: no limit.
    std::uint64_t max_memory = 0;
    /// Where its output goes, while it runs; null: into the result.
    std::shared_ptr<CommandOutput> output = nullptr;
  };

  struct Handlers {
    /// Commands have ended: call take_ended(). Called once for commands that ended together.
    std::function<void()> on_ended;
    /// A guardian was killed or stopped, and all commands and their descendants were killed.
    /// Nothing can be started any more, and no result follows.
    std::function<void(const std::string& reason)> on_broken;
    /// The system allows fewer commands than there are slots. Called once; may be empty.
    std::function<void(const std::string& text)> on_short = {};
    /// Makes the groups of commands with a limit of memory; null, or if it cannot: the guardians
    /// watch them.
    std::shared_ptr<os::MemoryCgroups> memory_groups = nullptr;
  };

  /// Makes this process a subreaper, so that commands end even if a guardian is killed. `slots`:
  /// commands to run at once, from 1 to command_slots(). Requires that `guardians` were started for
  /// as many.
  CommandRunner(boost::asio::io_context& loop, Guardians guardians, std::uint32_t slots,
                Handlers handlers);
  /// Ends every command and every descendant of one.
  ~CommandRunner();
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  /// Starts the command once fewer than `slots` run. `key`: any number that no running command has.
  /// With limits::spawns_ahead more commands than slots, a slot is filled again without the caller.
  /// A command that cannot be started ends as not_started. If it is for want of processes, it is
  /// first tried again when others have ended, up to limits::start_tries times.
  void start(std::uint64_t key, Command command, const Terms& terms);
  /// Sends SIGTERM to its group, and SIGKILL after kill_after; the command ends as cancelled if
  /// that ended it. A command that has not started never will, and ends as cancelled at the latest
  /// when its turn would have come. Unknown keys are ignored.
  void cancel(std::uint64_t key);
  void cancel_all();
  /// Of the commands with these keys, those that have not started never will: each ends at the
  /// latest when its turn would have come. Commands that have started go on.
  void call_off(const std::function<bool(std::uint64_t key)>& is_chosen);
  /// Sends SIGKILL to all commands and drops their results.
  void drop();

  /// Returns the commands that have ended since the last call.
  std::vector<EndedCommand> take_ended();
  /// Commands that were passed to start() and have not ended.
  std::size_t running() const;

 private:
  class Children;
  std::unique_ptr<Children> children_;
};

}  // namespace rollcall::worker
