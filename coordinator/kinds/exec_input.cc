#include "coordinator/kinds/exec_input.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/os/file_io.h"
#include "coordinator/exec/input/shell_quote.h"
#include "coordinator/exec/input/source_identity.h"
#include "coordinator/kinds/exec_sources.h"

namespace rollcall::coordinator {
namespace {

/// Bytes of one part of the input in a journal.
constexpr std::size_t kPiece = std::size_t{1} << 20U;

std::string path_of(const ExecOptions& options) {
  const std::string& path = options.from_json.empty() ? options.each_line : options.from_json;
  return path.empty() ? "-" : path;
}

std::string name_of(const ExecOptions& options) {
  const std::string path = path_of(options);
  if (path == "-") return "standard input";
  return (options.from_json.empty() ? "--each-line " : "--from-json ") + path;
}

CommandTemplate template_of(const ExecOptions& options) {
  TemplateOptions how;
  how.append_input = !options.pipe && (!options.range || options.groups_lines());
  how.has_values = !options.pipe;
  how.shell = options.shell;
  how.colsep = options.colsep;
  how.csv = options.csv;
  how.replace = options.replacement;
  how.sources = options.pipe ? 0 : std::max<std::size_t>(options.sources.size(), 1);
  how.names_sources = options.names_sources && !options.groups_lines();
  return {options.command, how};
}

LineFormat format_of(const ExecOptions& options) {
  LineFormat format{separator_of(options), {}, options.header};
  if (options.csv) format.csv = options.colsep.front();
  return format;
}

Result<void> group_lines(const ExecOptions& options, TaskInput& input) {
  if (!options.groups_lines()) return {};
  const CommandTemplate words = template_of(options);
  GroupLimits limits;
  limits.lines = options.max_args.value_or(limits::task_count);
  limits.bytes = options.max_chars.value_or(limits::command_chars);
  limits.is_strict = options.max_chars.has_value();
  limits.fixed_bytes = words.fixed_bytes();
  limits.bytes_of = [words](std::string_view line) { return words.bytes_of(line); };
  return input.group(std::move(limits));
}

TaskInput empty_input(const ExecOptions& options, bool is_saved) {
  if (!options.from_json.empty()) return is_saved ? TaskInput::saved_json() : TaskInput::json();
  if (options.pipe) return TaskInput::blocks(options.records);
  TaskInput input = TaskInput::lines(format_of(options));
  const Result<void> grouped = group_lines(options, input);
  CHECK(grouped.has_value());  // there are no lines yet
  return input;
}

/// Everything but a file can be silent for long. A large file takes long to read.
bool is_to_be_streamed(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return true;
  return static_cast<std::uint64_t>(status.st_size) > limits::input_before_run;
}

struct Input {
  TaskInput tasks;
  std::string streamed_from{};
  std::optional<StreamSource> rest{};
};

/// What of an input that cannot be read on is run.
std::string taken_text(const TaskInput& tasks) {
  const std::uint64_t count = tasks.line_count() - (tasks.header() ? 1 : 0);
  const std::string_view unit = tasks.has_blocks() ? "block" : "line";
  const std::string bytes = tasks.has_blocks() ? fmt::format(" ({} bytes)", tasks.bytes()) : "";
  if (count == 0) return fmt::format("; no {} was taken", unit);
  if (count == 1) return fmt::format("; the {} that was taken{} is run", unit, bytes);
  return fmt::format("; the {} {}s that were taken{} are run", count, unit, bytes);
}

/// Opens the file that an earlier coordinator has read a part of. Fails if it can be given again.
Result<os::Descriptor> open_again(const ExecOptions& options) {
  const std::string path = path_of(options);
  // It may have become a FIFO, whose writer is not to be waited for.
  os::Descriptor file = open_input(path, O_NONBLOCK);
  if (!file) return permanent(name_of(options) + ": " + std::strerror(errno));
  struct stat status {};
  const bool is_file = ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
  if (path == "-" && !is_file) {
    return permanent("the run was reading a file from standard input, and needs the rest of it: " +
                     fmt::format("rollcall resume {} < FILE", shell_quote(options.journal)));
  }
  return file;
}

/// The rest of an input, the beginning of which is in a journal, and in `tasks`.
Result<StreamSource> rest_of(const ExecOptions& options, const std::string& identity,
                             const TaskInput& tasks) {
  StreamSource source{name_of(options), {}, {}, identity};
  const std::string taken = taken_text(tasks);
  if (identity.empty()) {
    source.lost = "not read to its end, and only a file can be read on" + taken;
    return source;
  }
  auto file = open_again(options);
  if (!file) return file.error();
  const auto begin = begin_of(identity, identity_of(file->get()));
  if (!begin) {
    source.lost = "not read to its end, and the file has changed or is another one" + taken;
  } else if (::lseek(file->get(), static_cast<::off_t>(*begin + tasks.bytes()), SEEK_SET) < 0) {
    source.lost = std::strerror(errno) + taken;
  } else {
    source.file = std::move(*file);
  }
  return source;
}

/// Whether the input of the run in the journal was streamed, by its request.
bool is_streamed(const Journal& journal) {
  const nlohmann::json request =
      nlohmann::json::parse(journal.run().request, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object() || !request.contains("asked")) return false;
  return request["asked"].contains("streamed");
}

/// The input as it was when the run began, from the journal.
Result<Input> saved_input(const ExecOptions& options, bool reads_on) {
  auto journal = Journal::open_to_read(options.journal);
  if (!journal) return permanent(journal.error().message);
  const std::uint32_t expected = (*journal)->run().spec.task_count;
  const bool is_open = (*journal)->run().spec.is_open;
  Input input{empty_input(options, /*is_saved=*/true)};
  if (is_streamed(**journal)) input.streamed_from = name_of(options);
  auto read = (*journal)->read_input([&](std::string_view part) { return input.tasks.add(part); });
  if (read && !is_open) read = input.tasks.finish();
  if (read) read = input.tasks.end_task();  // what was committed are whole tasks
  if (!read) return permanent(options.journal + ": its input: " + read.error().message);
  // A run that is not closed may have got more tasks meanwhile.
  if (is_open ? input.tasks.size() < expected : input.tasks.size() != expected) {
    return permanent(options.journal +
                     " ended before its input was saved: start the run "
                     "again with another journal");
  }
  const bool is_over = (*journal)->finished() && !options.retry_failed;
  if (!is_open || is_over || !reads_on) return input;
  auto rest = rest_of(options, (*journal)->run().source, input.tasks);
  if (!rest) return rest.error();
  input.rest = std::move(*rest);
  return input;
}

/// Whether --resume continues a run, and whether its input was streamed.
std::optional<bool> resumes_streamed(const ExecOptions& options) {
  if (!options.resume) return std::nullopt;
  const auto journal = Journal::open_to_read(options.journal);
  if (!journal) return std::nullopt;
  return is_streamed(**journal);
}

/// The input of the tasks. Waits for the end of its file, unless it is streamed.
Result<Input> input_of(const ExecOptions& options, bool reads_on) {
  if (options.range) {
    Input input{TaskInput::range(*options.range)};
    auto grouped = group_lines(options, input.tasks);
    if (!grouped) return permanent("--range: " + grouped.error().message);
    return input;
  }
  if (!options.sources.empty()) {
    auto combined = options.resumes_as_saved ? saved_sources(options) : read_sources(options);
    if (!combined) return combined.error();
    Input input{TaskInput::combinations(std::move(*combined))};
    auto grouped = group_lines(options, input.tasks);
    if (!grouped) return permanent(options.sources.front().name + ": " + grouped.error().message);
    return input;
  }
  const std::optional<bool> resumed = resumes_streamed(options);
  if (options.resumes_as_saved || resumed.value_or(false)) return saved_input(options, reads_on);
  if (options.each_line.empty() && options.from_json.empty() && ::isatty(STDIN_FILENO) != 0) {
    return permanent(
        "no input: expected lines on standard input, ::: VALUE..., --each-line FILE, "
        "--range A-B or --from-json FILE");
  }
  os::Descriptor file = open_input(path_of(options));
  if (!file) return permanent(name_of(options) + ": " + std::strerror(errno));
  Input input{empty_input(options, /*is_saved=*/false)};
  if (!resumed && is_to_be_streamed(file.get())) {
    input.streamed_from = name_of(options);
    const std::string identity = source_of(file.get());
    input.rest = StreamSource{name_of(options), std::move(file), {}, identity};
    return input;
  }
  if (auto read = input.tasks.read(file.get()); !read) {
    return permanent(name_of(options) + ": " + read.error().message);
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

}  // namespace

os::Descriptor open_input(const std::string& path, int flags) {
  return os::Descriptor(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                    : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
}

char separator_of(const ExecOptions& options) {
  return options.null_separated ? '\0' : '\n';
}

std::string saved_separator(const ExecOptions& options) {
  return options.pipe ? std::string() : std::string(1, separator_of(options));
}

Result<void> check_size(const TaskCommands& commands, std::uint64_t& first) {
  if (commands.bytes_at_most() + kOwnVariables <= limits::command_bytes) {
    first = commands.size();
    return {};
  }
  for (; first < commands.size(); ++first) {
    const std::size_t bytes = bytes_of(commands[task_at(first)]) + kOwnVariables;
    if (bytes <= limits::command_bytes) continue;
    return permanent(fmt::format(
        "the command of task {} has {} bytes with its variables and input: expected at most {}",
        first, bytes, limits::command_bytes));
  }
  return {};
}

std::size_t attempts_in_assignment(const TaskCommands& commands) {
  const std::size_t bytes = commands.bytes_at_most() + kOwnVariables;
  return std::clamp<std::size_t>(limits::assignment_bytes / bytes, 1, limits::assignment_attempts);
}

std::string carriage_returns_warning(const TaskCommands& commands) {
  const std::uint64_t count = commands.carriage_returns();
  if (count == 0) return {};
  return fmt::format(
      "{} of {} input lines end with a carriage return (CRLF), which is part of the command: "
      "remove it with tr -d '\\r'",
      count, commands.task_input().line_count());
}

Result<ExecInput> read_input(const ExecOptions& options, bool reads_on) {
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
  auto input = input_of(options, reads_on);
  if (!input) return input.error();
  std::optional<CommandTemplate> words;
  if (!input->tasks.has_commands()) {
    words = template_of(options);
  }
  TaskCommands commands(std::move(input->tasks), std::move(words), std::move(common));
  commands.name_input(options.input_file == "-" ? "/dev/stdin" : options.input_file);
  if (options.pipe)
    commands.name_input(path_of(options) == "-" ? name_of(options) : path_of(options));
  if (auto named = commands.name_columns(); !named) {
    const bool is_one = options.sources.empty();
    return permanent(is_one ? name_of(options) + ": " + named.error().message
                            : "--header: " + named.error().message);
  }
  std::uint64_t first = 0;
  if (auto checked = check_size(commands, first); !checked) return checked.error();
  return ExecInput{std::move(commands), std::move(input->streamed_from), std::move(input->rest)};
}

JournalInput journal_input(const ExecOptions& options, const TaskCommands& commands) {
  JournalInput input;
  if (!options.input_file.empty()) input.standard_input = commands.input();
  const TaskInput& all = commands.task_input();
  if (options.range || all.line_count() == 0) return input;
  input.lines = [&all, separator = saved_separator(options), next = std::uint64_t{0}]() mutable {
    std::string part;
    for (; next < all.line_count() && part.size() < kPiece; ++next) {
      if (all.is_from_file(next)) part += all.line(next) + separator;
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
  const TaskInput& input = commands.task_input();
  for (std::uint64_t i = 0; i < input.line_count(); ++i) add(input.line(i));
  add(commands.input());
  return std::to_string(hash);
}

}  // namespace rollcall::coordinator
