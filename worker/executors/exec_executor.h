// The executor of commands.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>

#include "common/model/task.h"
#include "worker/executors/command_runner.h"
#include "worker/executors/executor.h"

namespace rollcall::worker {

/// Maps attempts to the commands of a CommandRunner, and their results to outcomes. Runs as many
/// commands at once as prepare() sets slots; the others wait. Owns the guardians.
class ExecExecutor final : public Executor {
 public:
  explicit ExecExecutor(const ExecutorContext& context) : context_(context) {}

  /// Starts the guardians. If the slots have changed, or a guardian was lost, kills the running
  /// commands and starts new guardians. Fails as Guardians::start() does.
  Result<void> prepare(const Prepare& terms) override;
  /// Requires a job. An attempt without a command ends as not started.
  void start(Instant now, StartAttempts batch) override;
  bool take_ended(Instant now, OutcomeColumns& out) override;
  void cancel(Instant now, std::uint64_t assignments_through) override;
  void cancel_listed(Instant now, const AttemptSet& attempts) override;
  void return_waiting(std::uint64_t assignments_through) override;
  void drop() override;
  void list(HeldColumns& out) const override;

 private:
  struct Running {
    std::uint64_t assignment = 0;
    TaskId task{};
    Attempt attempt = 0;
  };

  /// Cancels the commands that `is_chosen` selects.
  template <class Chosen>
  void cancel_those(const Chosen& is_chosen);
  Command complete(Command command, const Job& job) const;
  void warn_of_shortage(const OutcomeColumns& ended) const;

  ExecutorContext context_;
  std::uint32_t slots_ = 0;
  std::unique_ptr<CommandRunner> runner_;                      ///< null before the first prepare()
  bool is_broken_ = false;                                     ///< the runner can start nothing
  boost::unordered_flat_map<std::uint64_t, Running> running_;  ///< by the runner's key
  std::uint64_t next_key_ = 0;
};

}  // namespace rollcall::worker
