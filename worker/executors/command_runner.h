// Runs the attempts of a run of commands: what SleepExecutor is to sleeps.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/model/task.h"
#include "worker/executors/exec_executor.h"

namespace rollcall::worker {

/// Names the commands of an ExecExecutor by attempt, and says what they came to in columns. Owns
/// the executor and with it the guardians. One thread, that of `loop`, which outlives it.
class CommandRunner {
 public:
  /// `descriptors`: the limit that commands get. `name`: theirs as ROLLCALL_WORKER. `on_ended` is
  /// called from the loop when commands have ended, for take_ended(). Error: as Guardians::start().
  static Result<std::unique_ptr<CommandRunner>> start(boost::asio::io_context& loop,
                                                      const ExecExecutor::Settings& settings,
                                                      std::uint64_t descriptors,
                                                      const std::string& name,
                                                      ExecExecutor::Handlers handlers);

  /// Each row has its command.
  void start(std::uint64_t assignment, AttemptColumns attempts);
  /// Replaces `out` by the outcomes of what has ended. False: nothing has.
  bool take_ended(OutcomeColumns& out);
  /// Tells what was started for assignments up to this one to end.
  void cancel(std::uint64_t assignments_through);
  /// Kills everything.
  void drop();
  /// Replaces `out` by what runs.
  void list(HeldColumns& out) const;

 private:
  struct Running {
    std::uint64_t assignment = 0;
    TaskId task{};
    Attempt attempt = 0;
  };

  CommandRunner(boost::asio::io_context& loop, Guardians guardians,
                const ExecExecutor::Settings& settings, const std::string& name,
                ExecExecutor::Handlers handlers)
      : variable_("ROLLCALL_WORKER=" + name),
        executor_(loop, std::move(guardians), settings, std::move(handlers)) {}

  std::string variable_;
  ExecExecutor executor_;
  boost::unordered_flat_map<std::uint64_t, Running> running_;  ///< by the executor's key
  std::uint64_t next_key_ = 0;
};

}  // namespace rollcall::worker
