// The executor of commands.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/model/task.h"
#include "worker/executors/command_runner.h"
#include "worker/executors/executor.h"

namespace rollcall::worker {

/// Maps attempts to the commands of a CommandRunner, and their results to outcomes. Runs as many
/// commands at once as prepare() sets slots; the others wait. Owns the guardians. With output in
/// chunks it holds the bytes that were read, until they are forgotten or leave with the outcome.
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
  void take_progress(std::vector<OutputProgress>& out) override;
  bool copy_output(const OutputPart& part, std::string& to) override;
  void forget_output(const ForgottenOutput& forgotten) override;
  void release(const HeldColumns& attempts) override;

 private:
  struct Running {
    std::uint64_t assignment = 0;
    TaskId task{};
    Attempt attempt = 0;
    std::shared_ptr<CommandOutput> output = nullptr;  ///< null: it is in the result
    std::unique_ptr<EndedCommand> ended = nullptr;    ///< until release()
    bool is_cancelled = false;                        ///< a Cancel has arrived
    bool has_progress = false;                        ///< its key is in progress_
  };

  /// Cancels the commands that `is_chosen` selects.
  template <class Chosen>
  void cancel_those(const Chosen& is_chosen);
  CommandRunner::Terms terms_for(const Job& job, std::uint64_t key);
  void note_progress(std::uint64_t key);
  Running* find(TaskId task, Attempt attempt);
  Command complete(Command command, const Job& job) const;
  void finish(std::uint64_t key, EndedCommand ended, OutcomeColumns& out);
  void forget_all();
  void warn_of_shortage(const OutcomeColumns& ended) const;

  ExecutorContext context_;
  std::uint32_t slots_ = 0;
  /// As long as this process lives: they are prepared only once.
  std::shared_ptr<os::MemoryCgroups> memory_groups_ = std::make_shared<os::MemoryCgroups>();
  std::unique_ptr<CommandRunner> runner_;                      ///< null before the first prepare()
  bool is_broken_ = false;                                     ///< the runner can start nothing
  boost::unordered_flat_map<std::uint64_t, Running> running_;  ///< by the runner's key
  std::uint64_t next_key_ = 0;

  bool has_output_in_chunks_ = false;
  std::map<std::pair<TaskId, Attempt>, std::uint64_t> with_output_;  ///< keys
  std::vector<std::uint64_t> progress_;  ///< keys; of some the outcome may have been taken
  std::vector<std::uint64_t> released_;  ///< keys
};

}  // namespace rollcall::worker
