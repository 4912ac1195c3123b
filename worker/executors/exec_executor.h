// Runs attempts at commands: names them by attempt, turns their results into outcomes.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>

#include "common/model/task.h"
#include "worker/executors/command_runner.h"
#include "worker/executors/executor.h"

namespace rollcall::worker {

/// Runs as many commands at once as prepare() allows slots; others wait here. Owns the
/// CommandRunner and with it the guardians.
class ExecExecutor final : public Executor {
 public:
  explicit ExecExecutor(const ExecutorContext& context) : context_(context) {}

  /// Starts the guardians. Under other terms than before it kills what runs and starts new ones.
  /// Error: as Guardians::start().
  Result<void> prepare(const Prepare& terms) override;
  /// Each attempt has its command.
  void start(Instant now, std::uint64_t assignment, AttemptColumns attempts) override;
  bool take_ended(Instant now, OutcomeColumns& out) override;
  void cancel(Instant now, std::uint64_t assignments_through) override;
  void drop() override;
  void list(HeldColumns& out) const override;

 private:
  struct Running {
    std::uint64_t assignment = 0;
    TaskId task{};
    Attempt attempt = 0;
  };

  void warn_of_shortage(const OutcomeColumns& ended) const;

  ExecutorContext context_;
  CommandRunner::Settings settings_;
  std::unique_ptr<CommandRunner> runner_;                      ///< null before the first prepare()
  boost::unordered_flat_map<std::uint64_t, Running> running_;  ///< by the runner's key
  std::uint64_t next_key_ = 0;
};

}  // namespace rollcall::worker
