#include "coordinator/exec/input/task_commands.h"

#include "common/base/check.h"

namespace rollcall::coordinator {

TaskCommands::TaskCommands(TaskInput input, std::optional<CommandTemplate> words, Command common)
    : input_(std::move(input)), words_(std::move(words)), common_(std::move(common)) {
  CHECK(words_.has_value() != input_.has_commands());
}

std::size_t bytes_of(const Command& command) {
  std::size_t bytes = command.cwd.size() + command.input.size();
  for (const std::string& word : command.args) bytes += word.size() + kBytesAWord;
  for (const std::string& variable : command.env) bytes += variable.size() + kBytesAWord;
  return bytes;
}

std::size_t TaskCommands::bytes_at_most() const {
  // A command in a message is at most twice as long as its JSON text.
  const auto [bytes, values] = input_.longest();
  return bytes_of(common_) + (words_ ? words_->bytes_at_most(bytes, values) : bytes * 2);
}

Command TaskCommands::operator[](TaskId task) const {
  Command command = common_;
  if (words_) {
    command.args = words_->fill(input_.values(index(task)), index(task));
    return command;
  }
  Result<Command> own = parse_json_command(input_.text(index(task)));
  CHECK(own.has_value());  // TaskInput has validated it
  command.args = std::move(own->args);
  command.env.insert(command.env.end(), own->env.begin(), own->env.end());
  if (!own->cwd.empty()) command.cwd = std::move(own->cwd);
  if (!own->input.empty()) command.input = std::move(own->input);
  if (own->timeout > Duration{}) command.timeout = own->timeout;
  return command;
}

}  // namespace rollcall::coordinator
