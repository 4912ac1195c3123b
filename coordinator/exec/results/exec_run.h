// The part of a run that only commands have: commands to send and results to publish.
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

/// A failed command, for the user.
struct FailedCommand {
  TaskId task{};
  std::string how;             ///< for example "exit status 3"
  std::string tail;            ///< the last lines of its standard error
  bool names_program = false;  ///< `how` names the program
};

/// Adds commands to assignments, holds results until they are published, and writes --output-dir
/// and --joblog. The scheduler does not depend on it. Used by one thread.
class ExecRun {
 public:
  /// The output files of commands.
  struct Files {
    std::string output_dir;  ///< empty: none
    std::string joblog;      ///< empty: none
    bool append = false;     ///< append to the joblog of an earlier epoch
  };

  ExecRun(TaskCommands commands, const RunId& run) : commands_(std::move(commands)), run_(run) {}
  ExecRun(const ExecRun&) = delete;
  ExecRun& operator=(const ExecRun&) = delete;

  /// Creates the output directory and opens the joblog. `clock` plus an Instant is the time since
  /// 1970. A permanent error names the option and the reason.
  [[nodiscard]] Result<void> open(const Files& files, Duration clock);

  /// Resumes a run with these committed results, of which the first `published` records have been
  /// published. Their output remains available until results().mark_published(). The rows of other
  /// tasks are removed from the joblog, because these tasks get new ones.
  [[nodiscard]] Result<void> restore(const RunRecords& records,
                                     std::vector<std::pair<std::size_t, CommandResult>>&& results,
                                     std::uint64_t published);
  /// For `rollcall report`: adds the result of the next record and discards its output.
  void replay(const RunRecords& records, std::size_t record, CommandResult result);
  /// For `rollcall report`: records before `end` have no more results.
  void replay(const RunRecords& records, std::size_t end);
  /// Number of records that were published in earlier epochs.
  std::size_t restored() const { return restored_; }

  /// Adds its command to each attempt.
  void fill(AttemptColumns& attempts) const;
  const TaskCommands& commands() const { return commands_; }

  CommandResults& results() { return results_; }
  const CommandResults& results() const { return results_; }
  /// Writes records [first, first + count), which are being published, to the files.
  void publish(const RunRecords& records, std::size_t first, std::size_t count);
  /// Passes buffered text to the operating system.
  void flush();
  /// The first write error, or empty.
  const std::string& failed() const { return failed_; }

  /// Text for standard error: the number of failed tasks, and the first limits::named_tasks of them
  /// with the last lines of their standard error. Empty if no task failed.
  std::string failures_text(const RunRecords& records) const;
  const std::vector<FailedCommand>& failures() const { return failures_; }

 private:
  void note_restored(const RunRecords& records, std::size_t end);
  void note_failure(const RunRecords& records, std::size_t record, const CommandResult* result);
  [[nodiscard]] Result<void> open_joblog(bool append);
  [[nodiscard]] Result<void> keep_in_joblog(const RunRecords& records, std::uint64_t published);
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
