#include "coordinator/exec/task_commands.h"

#include "common/check.h"

namespace rollcall::coordinator {

TaskCommands::TaskCommands(TaskInput input, std::optional<CommandTemplate> words, Command common)
    : input_(std::move(input)), words_(std::move(words)), common_(std::move(common)) {
  CHECK(words_.has_value() != input_.has_commands());
}

Command TaskCommands::operator[](TaskId task) const {
  Command command = common_;
  const std::string line = input_.text(index(task));
  if (words_) {
    command.args = words_->fill(line, index(task));
    return command;
  }
  Result<Command> own = parse_json_command(line);
  CHECK(own.has_value());  // the input has checked it
  command.args = std::move(own->args);
  command.env.insert(command.env.end(), own->env.begin(), own->env.end());
  if (!own->cwd.empty()) command.cwd = std::move(own->cwd);
  if (!own->input.empty()) command.input = std::move(own->input);
  if (own->timeout > Duration{}) command.timeout = own->timeout;
  return command;
}

}  // namespace rollcall::coordinator
