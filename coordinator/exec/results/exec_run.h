// The part of a run that only commands have: commands to send and results to publish.
#pragma once

#include <functional>
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
#include "coordinator/exec/results/command_output.h"
#include "coordinator/exec/results/command_results.h"
#include "coordinator/exec/results/run_commands.h"
#include "coordinator/exec/results/spool_reader.h"

namespace rollcall::coordinator {

/// Adds commands to assignments, holds results until they are published, and writes --output-dir
/// and --joblog. The scheduler does not depend on it. Used by one thread, but for the files.
class ExecRun {
 public:
  /// The output files of commands.
  struct Files {
    std::string output_dir;  ///< empty: none
    std::string joblog;      ///< empty: none
    bool append = false;     ///< append to the joblog of an earlier epoch
  };

  /// `name` is that of the run; it may be empty.
  ExecRun(TaskCommands commands, const RunId& run, std::string name = {})
      : commands_(std::move(commands)), run_(run), name_(std::move(name)) {}
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
  TaskCommands& commands() { return commands_; }

  CommandResults& results() { return results_; }
  const CommandResults& results() const { return results_; }
  /// Where the output of results().spooled() is; null before use_spool(). Such output may only be
  /// published while the spool lives.
  void use_spool(std::shared_ptr<SpoolReader> spool) { spool_ = std::move(spool); }
  const std::shared_ptr<SpoolReader>& spool() const { return spool_; }
  /// What the record, which has a result, has written; refers to `result`, and has no tag.
  WrittenOutput output_of(std::size_t record, const CommandResult& result) const;
  /// The same without what is in the spool: `result` need not be that of a record.
  WrittenOutput output_of(const CommandResult& result) const;
  bool writes_output_dir() const { return !files_.output_dir.empty(); }
  /// Calls `write`, which holds `bytes` of memory until then: at once, or later on another thread,
  /// in order. `write` returns why a file could not be written; empty if all were.
  using WriteFiles = std::function<void(std::size_t bytes, std::function<std::string()> write)>;
  /// By default files are written at once, and errors are ignored.
  void write_files_with(WriteFiles write_files) { write_files_ = std::move(write_files); }
  /// Writes records [first, first + count), which are being published, to the files.
  void publish(const RunRecords& records, std::size_t first, std::size_t count);

  /// To show the run. Valid while this lives.
  RunCommands shown() const { return {&commands_, &results_, &tails_}; }

 private:
  /// What --output-dir gets of one task.
  struct NewFiles {
    TaskId task{};
    std::shared_ptr<const CommandResult> result;
    WrittenOutput output;  ///< of `result`
  };

  void note_restored(const RunRecords& records, std::size_t end);
  void note_failure(std::size_t record, const CommandResult* result);
  [[nodiscard]] Result<void> open_joblog(bool append);
  [[nodiscard]] Result<void> keep_in_joblog(const RunRecords& records, std::uint64_t published);
  std::string joblog_line(const RunRecords& records, std::size_t record,
                          const std::string& host) const;
  static Result<void> write_new_files(const std::string& directory, const NewFiles& files,
                                      SpoolReader* spool);
  std::string write_files(const std::string& joblog_text, const std::vector<NewFiles>& files,
                          SpoolReader* spool);

  TaskCommands commands_;
  RunId run_;
  std::string name_;
  CommandResults results_;
  std::shared_ptr<SpoolReader> spool_;
  Files files_;
  Duration clock_{};
  std::size_t restored_ = 0;
  os::Descriptor joblog_;
  bool needs_header_ = false;       ///< the joblog is empty
  bool have_files_failed_ = false;  ///< of the thread that writes them
  WriteFiles write_files_ = [](std::size_t, const std::function<std::string()>& write) { write(); };
  std::vector<FailureTail> tails_;
};

}  // namespace rollcall::coordinator
