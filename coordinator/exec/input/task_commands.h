// The commands of the tasks of `rollcall exec`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/model/command.h"
#include "common/model/ids.h"
#include "coordinator/exec/input/command_template.h"
#include "coordinator/exec/input/task_input.h"

namespace rollcall::coordinator {

/// Returns the size of the command in a message, in bytes.
std::size_t bytes_of(const Command& command);

/// Whether the text is a line() that only names a block, so that no shell can run it.
bool only_names_block(std::string_view line);

/// Builds each command on request and stores none. Without a template, each line of the input
/// describes a command. Its variables are appended to those of `common`; its directory, input and
/// timeout override those of `common`. Lines may be added. One owner, one thread.
class TaskCommands {
 public:
  /// `common` has the properties that all commands share; its args are ignored. Requires a template
  /// unless input.has_commands(), and none otherwise.
  TaskCommands(TaskInput input, std::optional<CommandTemplate> words, Command common);

  /// As TaskInput::add() and finish(): each line that is complete has a command.
  Result<void> add(std::string_view bytes) { return after_adding(input_.add(bytes)); }
  Result<void> finish() { return after_adding(input_.finish()); }
  /// Lets the template use the names in the header, once that has arrived. Needed only if the input
  /// had lines before. Fails as CommandTemplate::named() does; then there are no commands.
  Result<void> name_columns();
  void end_early() { input_.end_early(); }
  /// The task has its result: its command is not asked for again.
  void forget(TaskId task) { input_.forget(index(task)); }
  /// See CommandTemplate::unknown_names(): returned once, when the names are known.
  std::string take_unknown_names() { return std::exchange(unknown_names_, {}); }

  std::uint64_t size() const { return has_bad_header_ ? 0 : input_.size(); }
  /// Bytes of all complete lines or blocks; 0 for a range.
  std::uint64_t input_bytes() const { return input_.bytes(); }
  /// Returns the same command each time. Requires task < size(), and that it is not forgotten.
  Command operator[](TaskId task) const;
  /// The standard input of each command that does not have its own.
  const std::string& input() const { return common_.input; }
  /// How many lines of the input end with a carriage return, which becomes part of a command.
  std::uint64_t carriage_returns() const { return input_.carriage_returns(); }
  /// An upper bound for the bytes of any command in a message. Fast.
  std::size_t bytes_at_most() const;
  /// How many bytes the command gets on its standard input. Requires task < size().
  std::size_t standard_input_bytes(TaskId task) const;
  /// `path` is where input() was read from, or the name of the source of blocks, for line().
  void name_input(std::string path) { input_path_ = std::move(path); }
  /// The command as a line for a shell, with its directory, variables and input, but not its
  /// timeout. input() is not repeated: it is read from its file. A block is only named.
  std::string line(TaskId task) const;
  /// The same with its block.
  std::string whole_line(TaskId task) const;
  Duration timeout(TaskId task) const { return own(task).timeout; }
  /// What {1}, {2} ... stand for in the command of the task; empty if they stand for nothing.
  std::vector<std::string> columns(TaskId task) const;
  /// See CommandTemplate::column_name(). Requires that there are columns.
  std::string column_name(std::size_t i) const { return words_->column_name(i); }
  /// The most columns that a task has. Reads the lines, if these have columns.
  std::size_t column_count() const;
  /// The input line of the task, for --tag; the values of a combination, separated by spaces; the
  /// number of a block.
  std::string text(TaskId task) const {
    return input_.has_blocks() ? std::to_string(index(task)) : input_.text(index(task));
  }
  const TaskInput& task_input() const { return input_; }

 private:
  /// The command without the input of all commands and without its block.
  Command own(TaskId task) const;
  Result<void> after_adding(const Result<void>& added) {
    Result<void> named = name_columns();
    return named ? added : named;
  }

  TaskInput input_;
  std::optional<CommandTemplate> words_;
  Command common_;
  bool awaits_header_;
  bool has_bad_header_ = false;
  std::string unknown_names_;
  std::string input_path_;  ///< empty: not known
};

}  // namespace rollcall::coordinator
