#include "coordinator/kinds/exec_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "common/os/descriptor.h"
#include "common/os/file_io.h"

namespace rollcall::coordinator {
namespace {

/// Bytes of one part of the input in a journal.
constexpr std::size_t kPiece = std::size_t{1} << 20U;

/// "-" is standard input.
os::Descriptor open_input(const std::string& path) {
  return os::Descriptor(path == "-" ? ::dup(STDIN_FILENO)
                                    : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

char separator_of(const ExecOptions& options) {
  return options.null_separated ? '\0' : '\n';
}

TaskInput empty_input(const ExecOptions& options) {
  if (options.from_json.empty()) return TaskInput::lines(separator_of(options));
  return options.resumes_as_saved ? TaskInput::saved_json() : TaskInput::json();
}

/// The input as it was when the run began, from the journal.
Result<TaskInput> saved_input(const ExecOptions& options) {
  auto journal = Journal::open_to_read(options.journal);
  if (!journal) return permanent(journal.error().message);
  TaskInput input = empty_input(options);
  auto read = (*journal)->read_input([&](std::string_view part) { return input.add(part); });
  if (read) read = input.finish();
  if (!read) return permanent(options.journal + ": its input: " + read.error().message);
  if (input.size() != (*journal)->run().spec.task_count) {
    return permanent(options.journal +
                     " ended before its input was saved: start the run "
                     "again with another journal");
  }
  return input;
}

/// The input of the tasks. Waits for the end of its file.
Result<TaskInput> input_of(const ExecOptions& options) {
  if (options.range) return TaskInput::range(*options.range);
  if (options.resumes_as_saved) return saved_input(options);
  const bool is_json = !options.from_json.empty();
  const std::string option = is_json ? "--from-json" : "--each-line";
  std::string path = is_json ? options.from_json : options.each_line;
  if (path.empty()) {
    if (::isatty(STDIN_FILENO) != 0) {
      return permanent(
          "no input: expected lines on standard input, --each-line FILE, "
          "--range A-B or --from-json FILE");
    }
    path = "-";
  }
  const std::string name = path == "-" ? "standard input" : option + " " + path;
  const os::Descriptor file = open_input(path);
  if (!file) return permanent(name + ": " + std::strerror(errno));
  TaskInput input = empty_input(options);
  if (auto read = input.read(file.get()); !read) {
    return permanent(name + ": " + read.error().message);
  }
  return input;
}

/// The contents of --stdin when the run began, from the journal.
Result<std::string> saved_standard_input(const std::string& path) {
  auto journal = Journal::open_to_read(path);
  if (!journal) return permanent(journal.error().message);
  auto bytes = (*journal)->read_standard_input();
  if (!bytes) return permanent(bytes.error().message);
  if (!*bytes) {
    return permanent(path + " does not contain --stdin: start the run again with another journal");
  }
  return std::move(**bytes);
}

Result<std::string> contents_of(const std::string& path) {
  const os::Descriptor file = open_input(path);
  std::string contents;
  const int error = file ? os::read_all(file.get(), limits::command_bytes + 1, contents) : errno;
  if (error != 0) return permanent("--stdin " + path + ": " + std::strerror(error));
  return contents;
}

/// Checks that each command fits into a message.
Result<void> check_size(const TaskCommands& commands) {
  if (commands.bytes_at_most() + kOwnVariables <= limits::command_bytes) return {};
  for (std::uint64_t task = 0; task < commands.size(); ++task) {
    const std::size_t bytes = bytes_of(commands[task_at(task)]) + kOwnVariables;
    if (bytes <= limits::command_bytes) continue;
    return permanent(fmt::format(
        "the command of task {} has {} bytes with its variables and input: expected at most {}",
        task, bytes, limits::command_bytes));
  }
  return {};
}

}  // namespace

Result<TaskCommands> commands_of(const ExecOptions& options) {
  Command common;
  common.env = options.env;
  common.cwd = options.cwd;
  common.timeout = options.timeout;
  if (!options.input_file.empty()) {
    auto contents = options.resumes_as_saved ? saved_standard_input(options.journal)
                                             : contents_of(options.input_file);
    if (!contents) return contents.error();
    common.input = std::move(*contents);
  }
  auto input = input_of(options);
  if (!input) return input.error();
  std::optional<CommandTemplate> words;
  if (!input->has_commands()) {
    auto parsed =
        CommandTemplate::parse(options.command, {!options.range, options.shell, options.colsep});
    if (!parsed) return permanent("COMMAND: " + parsed.error().message);
    words = std::move(*parsed);
  }
  TaskCommands commands(std::move(*input), std::move(words), std::move(common));
  if (auto checked = check_size(commands); !checked) return checked.error();
  return commands;
}

JournalInput journal_input(const ExecOptions& options, const TaskCommands& commands) {
  JournalInput input;
  if (!options.input_file.empty()) input.standard_input = commands.input();
  if (options.range) return input;
  input.lines = [&commands, separator = separator_of(options), next = std::uint64_t{0}]() mutable {
    std::string part;
    for (; next < commands.size() && part.size() < kPiece; ++next) {
      part += commands.text(task_at(next)) + separator;
    }
    return part;
  };
  return input;
}

std::string fingerprint_of(const TaskCommands& commands) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325;
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t hash = kBasis;
  const auto add = [&hash](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
    hash *= kPrime;  // separates texts
  };
  for (std::uint64_t task = 0; task < commands.size(); ++task) add(commands.text(task_at(task)));
  add(commands.input());
  return std::to_string(hash);
}

}  // namespace rollcall::coordinator
