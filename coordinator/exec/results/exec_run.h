// A run of commands, as the coordinator's shell sees it: the commands that go out and what came of
// them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "common/os/descriptor.h"
#include "coordinator/core/model/records.h"
#include "coordinator/exec/input/task_commands.h"
#include "coordinator/exec/results/command_results.h"

namespace rollcall::coordinator {

/// The last lines that a task which failed has written on its standard error, and how it failed.
struct FailedCommand {
  TaskId task{};
  std::string how;  ///< "exit status 3"
  std::string tail;
  bool names_program = false;  ///< `how` does
};

/// Fills assignments in, keeps results until they are told, and writes the files that are about
/// commands alone. The scheduler knows nothing of it. One owner, one thread.
class ExecRun {
 public:
  /// What is written besides standard output and results.
  struct Files {
    std::string output_dir;  ///< must be there; empty: none
    std::string joblog;      ///< empty: none
    bool append = false;     ///< to the joblog, that of an earlier epoch
  };

  ExecRun(TaskCommands commands, const RunId& run) : commands_(std::move(commands)), run_(run) {}
  ExecRun(const ExecRun&) = delete;
  ExecRun& operator=(const ExecRun&) = delete;

  /// Opens the files. `clock`: what to add to an Instant for the time since 1970. Error: permanent:
  /// which option, and why.
  [[nodiscard]] Result<void> open(const Files& files, Duration clock);

  /// Goes on with a run of which `results` are kept and the first `published` records were told:
  /// these may be looked at until told() is called for them.
  void restore(const RunRecords& records,
               std::vector<std::pair<std::size_t, CommandResult>>&& results,
               std::uint64_t published);
  /// For a report of what is over: the result of a record, in their order. What the command wrote
  /// is forgotten at once.
  void recount(const RunRecords& records, std::size_t record, CommandResult result);
  /// No more results of records up to this one (not included).
  void recount(const RunRecords& records, std::size_t through);
  /// Records that were told in earlier epochs.
  std::size_t restored() const { return restored_; }

  /// An assignment goes out: each attempt gets its command.
  void fill(AttemptColumns& attempts) const;
  const TaskCommands& commands() const { return commands_; }

  /// Results that came, and those that are known for good.
  CommandResults& results() { return results_; }
  const CommandResults& results() const { return results_; }
  /// Records [first, first + count) are about to be told: writes them into the files.
  void tell(const RunRecords& records, std::size_t first, std::size_t count);
  /// Hands over to the operating system.
  void flush();
  /// Empty, or why a file cannot be written any more.
  const std::string& failed() const { return failed_; }

  /// For standard error: how many tasks have failed, and the first limits::named_tasks of them with
  /// their last lines. Empty: none.
  std::string failures_text(const RunRecords& records) const;
  const std::vector<FailedCommand>& failures() const { return failures_; }

 private:
  void note_restored(const RunRecords& records, std::size_t through);
  void note_failure(const RunRecords& records, std::size_t record, const CommandResult* result);
  void log(const RunRecords& records, std::size_t record, const std::string& host);
  void fail(const std::string& why);

  TaskCommands commands_;
  RunId run_;
  CommandResults results_;
  Files files_;
  Duration clock_{};
  std::size_t restored_ = 0;
  os::Descriptor joblog_;
  std::string joblog_text_;
  std::vector<FailedCommand> failures_;
  std::string failed_;
};

}  // namespace rollcall::coordinator
