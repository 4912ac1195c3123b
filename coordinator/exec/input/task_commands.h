// The command of each task of `rollcall exec`.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/model/command.h"
#include "common/model/ids.h"
#include "coordinator/exec/input/command_template.h"
#include "coordinator/exec/input/task_input.h"

namespace rollcall::coordinator {

/// Bytes that a command takes in a message.
std::size_t bytes_of(const Command& command);

/// Makes each command when it is dispatched; none is stored. Without a template each line of the
/// input is a command itself and overrides `common`: its variables follow those of `common`, and
/// its directory, input and timeout replace them.
class TaskCommands {
 public:
  /// `common`: the parts that all commands share; its args are unused. Requires a template exactly
  /// if the input does not have_commands().
  TaskCommands(TaskInput input, std::optional<CommandTemplate> words, Command common);

  std::uint64_t size() const { return input_.size(); }
  /// Requires a task below size(). Returns the same each time.
  Command operator[](TaskId task) const;
  /// Standard input of each command that has none of its own.
  const std::string& input() const { return common_.input; }
  /// Bytes that a command takes in a message, at most; cheap.
  std::size_t bytes_at_most() const;
  /// The line, for --tag.
  std::string text(TaskId task) const { return input_.text(index(task)); }

 private:
  TaskInput input_;
  std::optional<CommandTemplate> words_;
  Command common_;
};

}  // namespace rollcall::coordinator
