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

/// Makes commands as they are dispatched, so that none is held. Without a template each line of the
/// input is a command of its own, over `common`: its variables come after those, and its directory,
/// input and timeout win.
class TaskCommands {
 public:
  /// `common`: what all commands have; its args are not used. Requires a template exactly if the
  /// input does not have_commands().
  TaskCommands(TaskInput input, std::optional<CommandTemplate> words, Command common);

  std::uint64_t size() const { return input_.size(); }
  /// Requires a task below size(). The same each time.
  Command operator[](TaskId task) const;
  /// What each command reads on its standard input, unless it has its own.
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
