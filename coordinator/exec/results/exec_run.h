// A run of commands: the commands that are sent and their results.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "common/model/task.h"
#include "common/model/time.h"
#include "coordinator/core/model/records.h"
#include "coordinator/exec/input/task_commands.h"
#include "coordinator/exec/results/command_results.h"

namespace rollcall::coordinator {

/// How a task failed, and the last lines of its standard error.
struct FailedCommand {
  TaskId task{};
  std::string how;  ///< "exit status 3"
  std::string tail;
  bool names_program = false;  ///< `how` contains the name of the program
};

/// Adds commands to assignments, holds results until they are published, and writes the files that
/// only runs of commands have. One owner, one thread.
class ExecRun {
 public:
  /// Files besides standard output and results.
  struct Files {
    std::string output_dir;  ///< created if missing; empty: none
    std::string joblog;      ///< empty: none
    bool append = false;     ///< to the joblog of an earlier epoch
  };

  ExecRun(TaskCommands commands, const RunId& run) : commands_(std::move(commands)), run_(run) {}
  ~ExecRun();
  ExecRun(const ExecRun&) = delete;
  ExecRun& operator=(const ExecRun&) = delete;

  /// Opens the files. `clock` is added to an Instant to get the time since 1970. Error:
  /// permanent: which option, and why.
  [[nodiscard]] Result<void> open(const Files& files, Duration clock);

  /// Continues a run with committed `results`. Its first `published` records were published before;
  /// their results can be read until results().published().
  void restore(const RunRecords& records,
               std::vector<std::pair<std::size_t, CommandResult>>&& results,
               std::uint64_t published);
  /// For a report: adds the result of a record, in their order, and drops the output of the
  /// command.
  void recount(const RunRecords& records, std::size_t record, CommandResult result);
  /// There are no more results of records up to this one (not included).
  void recount(const RunRecords& records, std::size_t through);
  /// Number of records that were published in earlier epochs.
  std::size_t restored() const { return restored_; }

  /// Adds its command to each attempt of an assignment.
  void fill(AttemptColumns& attempts) const;
  const TaskCommands& commands() const { return commands_; }

  CommandResults& results() { return results_; }
  const CommandResults& results() const { return results_; }
  /// Records [first, first + count) are about to be published: writes them into the files.
  void publish(const RunRecords& records, std::size_t first, std::size_t count);
  /// Writes the buffered lines of the joblog.
  void flush();
  /// Empty, or why a file cannot be written any more.
  const std::string& failed() const { return failed_; }

  /// For standard error: how many tasks failed, and the last lines of the first limits::named_tasks
  /// of them. Empty if none failed.
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
  int joblog_ = -1;
  std::string joblog_text_;
  std::vector<FailedCommand> failures_;
  std::string failed_;
};

}  // namespace rollcall::coordinator
