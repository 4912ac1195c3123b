// Prints the output of commands, whole and task by task.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "coordinator/exec/results/held_output.h"

namespace rollcall::coordinator {

/// The output of the last attempt at one task.
struct WrittenOutput {
  std::string_view tag;  ///< for Settings::tag
  std::string_view out;
  std::string_view err;
  std::uint64_t out_dropped = 0;  ///< bytes beyond `out`
  std::uint64_t err_dropped = 0;
};

/// Joins the output of tasks, unchanged and never interleaved. Standard output goes to out(),
/// standard error to err(); the owner writes and clears both.
class CommandOutput {
 public:
  struct Settings {
    bool keep_order = false;          ///< in the order of tasks; else in the order of their ends
    bool tag = false;                 ///< tag and a tab before each line
    std::size_t memory_bytes = 0;     ///< for output that waits for its turn
    std::string temporary_directory;  ///< for the rest of it
  };

  explicit CommandOutput(const Settings& settings);

  /// Called once a task, even if it wrote nothing. Error: output cannot be held any more.
  Result<void> ended(TaskId task, const WrittenOutput& output);
  /// No more tasks end: print_more() skips the tasks that never ended.
  void finish() { is_finished_ = true; }

  /// Whether output may be printed that out() and err() did not take, as they take about
  /// limits::printed_bytes at a time.
  bool has_more() const;
  /// Call it while has_more(), after clearing out() and err().
  Result<void> print_more();

  std::string& out() { return out_; }
  std::string& err() { return err_; }

 private:
  TaskOutput laid_out(TaskId task, const WrittenOutput& output) const;

  Settings settings_;
  std::string out_;
  std::string err_;
  bool is_finished_ = false;
  std::uint64_t next_ = 0;       ///< keep_order: the first unprinted task
  std::vector<bool> has_ended_;  ///< keep_order: by task
  HeldOutput held_;
};

/// "rollcall: task 7: 12 more bytes of standard output dropped (--max-output)\n" if bytes were
/// dropped; else empty. Whole lines.
std::string dropped_notice(TaskId task, const WrittenOutput& output);

/// Writes DIRECTORY/N.out and DIRECTORY/N.err for task N. The directory must exist. Error: which
/// file, and why.
Result<void> write_output_files(const std::string& directory, TaskId task,
                                const WrittenOutput& output);

}  // namespace rollcall::coordinator
