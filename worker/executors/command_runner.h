// Runs commands on the event loop: starts them by guardians, reads what they write, ends them.
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
#include "worker/guardian/guardian.h"

namespace rollcall::worker {

/// A command that has ended, by the key that it was started with.
struct EndedCommand {
  std::uint64_t key = 0;
  CommandResult result;
};

/// How many commands can run at once with this limit of descriptors; 0: none.
std::uint32_t command_slots(std::uint64_t descriptors);

/// An attempt ends when its command does. Then its process group gets SIGTERM, and SIGKILL after
/// `kill_after`; what hides from that ends with the worker. No thread and no signal handler; memory
/// is bounded by the slots times two streams. One thread, that of `loop`, which outlives it.
class CommandRunner {
 public:
  struct Settings {
    std::uint32_t slots = 0;     ///< commands that run at once, from 1 to command_slots()
    std::size_t max_output = 0;  ///< bytes kept of each stream of each command
    Duration kill_after{};       ///< from SIGTERM to SIGKILL

    friend bool operator==(const Settings&, const Settings&) = default;
  };

  struct Handlers {
    /// Commands have ended, for take_ended(). Once for those that ended together.
    std::function<void()> on_ended;
    /// A guardian was killed, and with it everything that ran: the session is over.
    std::function<void(const std::string& why)> on_broken;
    /// The system lets fewer run than there are slots; told once, for a person. May be empty.
    std::function<void(const std::string& what)> on_short = {};
  };

  /// From now on this process adopts orphans, so that commands end even if a guardian is killed.
  /// Requires that `guardians` were started for as many slots.
  CommandRunner(boost::asio::io_context& loop, Guardians guardians, const Settings& settings,
                Handlers handlers);
  /// Ends every command and every descendant of any, hidden or not.
  ~CommandRunner();
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  /// `key` is any number that no running command has. It starts once fewer than `slots` run. With
  /// limits::spawns_ahead more than the slots a slot is filled again without asking the caller.
  /// What cannot be started ends as not_started; for want of processes only if it could not while
  /// no other ran, or limits::start_tries times before.
  void start(std::uint64_t key, Command command);
  /// SIGTERM to its group, SIGKILL after kill_after. It ends as cancelled if that ended it. What
  /// has not started never does, and is told so by the time that it would have. Other keys are
  /// ignored.
  void cancel(std::uint64_t key);
  void cancel_all();
  /// SIGKILL to all, of which nothing is told any more.
  void drop();

  /// What has ended and was not taken yet.
  std::vector<EndedCommand> take_ended();
  /// Commands that were started and have not ended.
  std::size_t running() const;

 private:
  class Children;
  std::unique_ptr<Children> children_;
};

}  // namespace rollcall::worker
