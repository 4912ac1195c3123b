#include "coordinator/exec_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/net/clock.h"
#include "common/net/random.h"
#include "coordinator/exec/shell_quote.h"
#include "coordinator/journal/journal.h"
#include "coordinator/output/exec_output.h"
#include "coordinator/output/stream_writer.h"
#include "coordinator/run_command.h"

namespace rollcall::coordinator {
namespace {

/// Bytes of the variables that tell a command which attempt it is.
constexpr std::size_t kOwnVariables = 200;
constexpr std::size_t kPiece = std::size_t{1} << 20U;

int give_up(const std::string& why, int status) {
  std::fprintf(stderr, "rollcall exec: %s\n", why.c_str());
  return status;
}

/// A file that is closed when this goes; "-" is standard input.
class InputFile {
 public:
  explicit InputFile(const std::string& path)
      : fd_(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~InputFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

char separator_of(const ExecOptions& options) {
  return options.null_separated ? '\0' : '\n';
}

TaskInput empty_input(const ExecOptions& options) {
  return options.from_json.empty() ? TaskInput::lines(separator_of(options)) : TaskInput::json();
}

/// `rollcall resume`: as it was when the run began.
Result<TaskInput> kept_input(const ExecOptions& options) {
  auto journal = Journal::open_to_read(options.journal);
  if (!journal) return permanent(journal.error().message);
  TaskInput input = empty_input(options);
  auto read = (*journal)->read_input([&](std::string_view part) { return input.add(part); });
  if (read) read = input.finish();
  if (!read) return permanent(options.journal + ": its input: " + read.error().message);
  if (input.size() != (*journal)->run().spec.task_count) {
    return permanent(options.journal +
                     " was cut short before its input was kept: start the run "
                     "anew, with another journal");
  }
  return input;
}

/// The input again, in parts, for a journal.
std::function<std::string()> parts_of(const ExecOptions& options, const TaskCommands& commands) {
  return [&commands, separator = separator_of(options), next = std::uint64_t{0}]() mutable {
    std::string part;
    for (; next < commands.size() && part.size() < kPiece; ++next) {
      part += commands.text(task_at(next)) + separator;
    }
    return part;
  };
}

/// What the tasks are made of. Waits for the end of its file.
Result<TaskInput> input_of(const ExecOptions& options) {
  if (options.range) return TaskInput::range(*options.range);
  if (options.resumes_as_kept) return kept_input(options);
  const bool is_json = !options.from_json.empty();
  const std::string option = is_json ? "--from-json" : "--each-line";
  std::string path = is_json ? options.from_json : options.each_line;
  if (path.empty()) {
    if (::isatty(STDIN_FILENO) != 0) {
      return permanent(
          "nothing to run COMMAND for: expected lines on standard input, --each-line FILE, "
          "--range A-B or --from-json FILE");
    }
    path = "-";
  }
  const std::string name = path == "-" ? "standard input" : option + " " + path;
  const InputFile file(path);
  if (file.fd() < 0) return permanent(name + ": " + std::strerror(errno));
  TaskInput input = empty_input(options);
  if (auto read = input.read(file.fd()); !read) {
    return permanent(name + ": " + read.error().message);
  }
  return input;
}

Result<std::string> contents_of(const std::string& path) {
  const InputFile file(path);
  std::string contents;
  std::array<char, std::size_t{64} << 10U> piece;
  ssize_t size = file.fd() < 0 ? -1 : 1;
  while (size > 0 && contents.size() <= limits::command_bytes) {
    size = ::read(file.fd(), piece.data(), piece.size());
    if (size > 0) contents.append(piece.data(), static_cast<std::size_t>(size));
  }
  if (size < 0) return permanent("--stdin " + path + ": " + std::strerror(errno));
  return contents;
}

/// A template that fits into a message fits for each line, unless one line is very long.
Result<void> check_size(const TaskCommands& commands) {
  if (commands.bytes_at_most() + kOwnVariables <= limits::command_bytes) return {};
  for (std::uint64_t task = 0; task < commands.size(); ++task) {
    const std::size_t bytes = bytes_of(commands[task_at(task)]) + kOwnVariables;
    if (bytes <= limits::command_bytes) continue;
    return permanent("the command of task " + std::to_string(task) + " has " +
                     std::to_string(bytes) +
                     " bytes with its variables and input: expected at "
                     "most " +
                     std::to_string(limits::command_bytes));
  }
  return {};
}

Result<TaskCommands> commands_of(const ExecOptions& options) {
  Command common;
  common.env = options.env;
  common.cwd = options.cwd;
  common.timeout = options.timeout;
  if (!options.input_file.empty()) {
    auto contents = contents_of(options.input_file);
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

int print_commands(const TaskCommands& commands) {
  ::signal(SIGPIPE, SIG_IGN);
  StreamWriter writer(STDOUT_FILENO, "standard output");
  for (std::uint64_t task = 0; task < commands.size() && writer.failed().empty(); ++task) {
    writer.buffer() += shell_line(commands[task_at(task)]) + "\n";
    if (writer.buffer().size() >= kPiece) writer.write_all();
  }
  writer.write_all();
  return writer.failed().empty() ? 0 : give_up(writer.failed(), 6);
}

RunSpec spec_of(const TaskCommands& commands) {
  RunSpec spec;
  spec.id = net::random_id128<RunId>();
  spec.kind = TaskKind::exec;
  spec.task_count = static_cast<std::uint32_t>(commands.size());
  return spec;
}

Policy policy_for(const ExecOptions& options, const TaskCommands& commands) {
  Policy policy = policy_of(options, 1);
  policy.name_starts = options.output == OutputFormat::jsonl;
  policy.retries = options.retries;
  policy.halt = options.halt;
  const std::size_t bytes = commands.bytes_at_most() + kOwnVariables;
  policy.assignment_attempts =
      std::clamp<std::size_t>(limits::assignment_bytes / bytes, 1, limits::assignment_attempts);
  policy.max_output = options.max_output;
  policy.kill_after = options.kill_after;
  return policy;
}

std::unique_ptr<Output> output_for(const ExecOptions& options, const ExecRun& exec,
                                   const RunRecords& records) {
  if (options.output == OutputFormat::json) return make_json_output(records, STDOUT_FILENO, &exec);
  if (options.output == OutputFormat::jsonl) {
    return make_jsonl_output(records, STDOUT_FILENO, &exec);
  }
  const char* const folder = std::getenv("TMPDIR");
  const CommandOutput::Settings settings{options.keep_order, options.tag, limits::held_output_bytes,
                                         folder == nullptr || *folder == '\0' ? "/tmp" : folder};
  return make_exec_output(records, exec, settings, options.output_dir.empty(), STDOUT_FILENO,
                          STDERR_FILENO);
}

/// Names the input: another one has another fingerprint, all but surely (FNV-1a).
std::string fingerprint_of(const TaskCommands& commands, const std::string& input) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325;
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t hash = kBasis;
  const auto add = [&hash](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
    hash *= kPrime;  // texts have an end
  };
  for (std::uint64_t task = 0; task < commands.size(); ++task) add(commands.text(task_at(task)));
  add(input);
  return std::to_string(hash);
}

/// What makes two requests the same: the commands.
std::string asked(const ExecOptions& options, const TaskCommands& commands) {
  const nlohmann::json json = {{"command", shell_line(options.command)},
                               {"shell", options.shell},
                               {"colsep", options.colsep},
                               {"env", options.env},
                               {"cwd", options.cwd},
                               {"task_count", commands.size()},
                               {"input", fingerprint_of(commands, commands.input())}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

int run_exec(const ExecOptions& options, Instant started) {
  auto commands = commands_of(options);
  if (!commands) return give_up(commands.error().message, 2);
  if (options.dry_run) return print_commands(*commands);
  RunPlan plan;
  plan.command = "exec";
  plan.spec = spec_of(*commands);
  plan.policy = policy_for(options, *commands);
  if (!options.journal.empty()) plan.asked = asked(options, *commands);
  plan.writes_as_it_goes = options.output == OutputFormat::text && options.output_dir.empty();
  ExecRun exec(std::move(*commands), plan.spec.id);
  const Duration clock = net::unix_time() - net::now().time_since_epoch();
  if (auto opened = exec.open({options.output_dir, options.joblog, options.resume}, clock);
      !opened) {
    return give_up(opened.error().message, 2);
  }
  plan.exec = &exec;
  if (!options.range) plan.input = parts_of(options, exec.commands());
  plan.output = [&](const RunRecords& records) { return output_for(options, exec, records); };
  return run_tasks(options, plan, started);
}

}  // namespace rollcall::coordinator
