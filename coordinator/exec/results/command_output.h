// Prints the output of commands, task by task.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "coordinator/exec/results/held_output.h"

namespace rollcall::coordinator {

/// The output of a task's last attempt.
struct WrittenOutput {
  std::string_view tag;  ///< printed if Settings::tag
  std::string_view out;
  std::string_view err;
  std::uint64_t out_dropped = 0;  ///< bytes beyond `out` that were dropped
  std::uint64_t err_dropped = 0;
};

/// Concatenates the output of tasks without mixing any two. Standard output goes to out(), standard
/// error to err(). The owner writes and clears both. One thread. Output beyond
/// Settings::memory_bytes is written to a file, which may block.
class CommandOutput {
 public:
  struct Settings {
    bool keep_order = false;          ///< in task order; otherwise as tasks end
    bool tag = false;                 ///< prefix each line with the tag and a tab
    std::size_t memory_bytes = 0;     ///< output held in memory until its turn
    std::string temporary_directory;  ///< for the file that holds the rest
  };

  explicit CommandOutput(const Settings& settings);

  /// Must be called once for each task, even without output. Fails with a
  /// permanent error if the output cannot be held.
  Result<void> ended(TaskId task, const WrittenOutput& output);
  /// No more tasks will end: print_more() skips the tasks that have not ended.
  void finish() { is_finished_ = true; }

  /// Whether more output can be printed: out() and err() take little more than
  /// limits::printed_bytes at a time.
  bool has_more() const;
  /// Appends more output. To be called after out() and err() were cleared, while has_more().
  Result<void> print_more();

  std::string& out() { return out_; }
  std::string& err() { return err_; }

 private:
  TaskOutput formatted(TaskId task, const WrittenOutput& output) const;

  Settings settings_;
  std::string out_;
  std::string err_;
  bool is_finished_ = false;
  std::uint64_t next_ = 0;       ///< keep_order: the first task not printed yet
  std::vector<bool> has_ended_;  ///< keep_order: by task
  HeldOutput held_;
};

/// Returns "rollcall: task 7: 12 more bytes of standard output dropped (--max-output)\n" for each
/// stream of which bytes were dropped.
std::string dropped_notice(TaskId task, const WrittenOutput& output);

/// Writes the output of task N to DIRECTORY/N.out and DIRECTORY/N.err. The directory must exist.
/// The error names the file and the reason.
Result<void> write_output_files(const std::string& directory, TaskId task,
                                const WrittenOutput& output);

}  // namespace rollcall::coordinator
