// Prints what commands wrote: whole, task by task.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "coordinator/exec/results/held_output.h"

namespace rollcall::coordinator {

/// What one task wrote, in its last attempt.
struct WrittenOutput {
  std::string_view tag;  ///< for Settings::tag
  std::string_view out;
  std::string_view err;
  std::uint64_t out_dropped = 0;  ///< bytes beyond those
  std::uint64_t err_dropped = 0;
};

/// Puts the output of tasks one after the other, each byte for byte, never mixed. The standard
/// output of all goes to out(), the standard error to err(): to be written and cleared by the
/// owner.
class CommandOutput {
 public:
  struct Settings {
    bool keep_order = false;          ///< in the order of tasks; else as they end
    bool tag = false;                 ///< tag and a tab before each line
    std::size_t memory_bytes = 0;     ///< for what waits for its turn
    std::string temporary_directory;  ///< for what is more
  };

  explicit CommandOutput(const Settings& settings);

  /// Each task once; also one that has written nothing. Error: output cannot be held any more.
  Result<void> ended(TaskId task, const WrittenOutput& output);
  /// No task ends any more: what waits for one that never ended has its turn, for print_more().
  void finish() { is_finished_ = true; }

  /// Whether there is output that has its turn and was left for later: out() and err() do not take
  /// much more than limits::printed_bytes at a time.
  bool has_more() const;
  /// To be called, while has_more(), whenever out() and err() have been cleared.
  Result<void> print_more();

  std::string& out() { return out_; }
  std::string& err() { return err_; }

 private:
  TaskOutput laid_out(TaskId task, const WrittenOutput& output) const;

  Settings settings_;
  std::string out_;
  std::string err_;
  bool is_finished_ = false;
  std::uint64_t next_ = 0;       ///< keep_order: the first task that was not printed
  std::vector<bool> has_ended_;  ///< keep_order: by task
  HeldOutput held_;
};

/// "rollcall: task 7: 12 more bytes of standard output dropped (--max-output)\n" if bytes were
/// dropped; else empty. Whole lines.
std::string dropped_notice(TaskId task, const WrittenOutput& output);

/// Writes FOLDER/N.out and FOLDER/N.err for task N, as they are. The directory must exist. Error:
/// which file, and why.
Result<void> write_output_files(const std::string& directory, TaskId task,
                                const WrittenOutput& output);

}  // namespace rollcall::coordinator
