#include "coordinator/exec/input/task_commands.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/check.h"
#include "coordinator/exec/input/shell_quote.h"

namespace rollcall::coordinator {
namespace {

constexpr std::string_view kBlock = " < 'block ";

}  // namespace

bool only_names_block(std::string_view line) {
  return line.ends_with('\'') && line.find(kBlock) != std::string_view::npos;
}

TaskCommands::TaskCommands(TaskInput input, std::optional<CommandTemplate> words, Command common)
    : input_(std::move(input)),
      words_(std::move(words)),
      common_(std::move(common)),
      awaits_header_(input_.has_header()) {
  CHECK(words_.has_value() != input_.has_commands());
}

Result<void> TaskCommands::name_columns() {
  if (!awaits_header_ || !words_) return {};
  const auto header = input_.header();
  if (!header) return {};
  awaits_header_ = false;
  auto named = words_->named(*header);
  has_bad_header_ = !named;
  if (has_bad_header_) return permanent("line 1: " + named.error().message);
  words_ = std::move(*named);
  unknown_names_ = words_->unknown_names();
  return {};
}

std::size_t bytes_of(const Command& command) {
  std::size_t bytes = command.cwd.size() + command.input.size();
  for (const std::string& word : command.args) bytes += word.size() + kBytesAWord;
  for (const std::string& variable : command.env) bytes += variable.size() + kBytesAWord;
  return bytes;
}

std::size_t TaskCommands::bytes_at_most() const {
  // A command in a message is at most twice as long as its JSON text.
  const auto [bytes, values, block] = input_.longest();
  const std::size_t words = words_ ? words_->bytes_at_most(bytes, values) : bytes * 2;
  return bytes_of(common_) + words + block;
}

Command TaskCommands::own(TaskId task) const {
  Command command;
  command.env = common_.env;
  command.cwd = common_.cwd;
  command.timeout = common_.timeout;
  if (words_) {
    command.args = words_->fill(input_.values(index(task)), index(task));
    return command;
  }
  Result<Command> own = parse_json_command(input_.text(index(task)));
  CHECK(own.has_value());  // TaskInput has validated it
  command.args = std::move(own->args);
  command.env.insert(command.env.end(), own->env.begin(), own->env.end());
  if (!own->cwd.empty()) command.cwd = std::move(own->cwd);
  command.input = std::move(own->input);
  if (own->timeout > Duration{}) command.timeout = own->timeout;
  return command;
}

Command TaskCommands::operator[](TaskId task) const {
  Command command = own(task);
  if (input_.has_blocks()) command.input = input_.block(index(task));
  if (command.input.empty()) command.input = common_.input;
  return command;
}

std::size_t TaskCommands::standard_input_bytes(TaskId task) const {
  if (input_.has_blocks()) return input_.block_bytes(index(task));
  const std::size_t bytes = words_ ? 0 : own(task).input.size();
  return bytes == 0 ? common_.input.size() : bytes;
}

std::string TaskCommands::line(TaskId task) const {
  Command command = own(task);
  if (input_.has_blocks()) {
    // No file has this name, so that the shell cannot run the command without its input.
    const std::string block = fmt::format("block {} of {}", index(task), input_path_);
    return shell_line(command) + " < " + shell_quote(block);
  }
  const bool is_common = command.input.empty() && !common_.input.empty();
  if (!is_common) return shell_line(command);
  if (!input_path_.empty()) return shell_line(command) + " < " + shell_quote(input_path_);
  command.input = common_.input;
  return shell_line(command);
}

std::string TaskCommands::whole_line(TaskId task) const {
  return input_.has_blocks() ? shell_line((*this)[task]) : line(task);
}

std::vector<std::string> TaskCommands::columns(TaskId task) const {
  return words_ ? words_->columns(input_.values(index(task))) : std::vector<std::string>();
}

std::size_t TaskCommands::column_count() const {
  std::size_t count = 0;
  for (std::uint64_t task = 0; words_ && words_->has_columns() && task < size(); ++task) {
    count = std::max(count, columns(task_at(task)).size());
    if (!words_->varies_in_columns()) break;
  }
  return count;
}

}  // namespace rollcall::coordinator
