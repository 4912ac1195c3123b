#include "coordinator/kinds/exec_kind.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/text.h"
#include "common/os/clock.h"
#include "common/os/descriptor.h"
#include "common/os/random.h"
#include "common/os/temporary_file.h"
#include "coordinator/exec/input/shell_quote.h"
#include "coordinator/kinds/exec_input.h"
#include "coordinator/kinds/exec_program.h"
#include "coordinator/output/exec_output.h"
#include "coordinator/output/stream/stream_writer.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

/// Prints commands for --dry-run.
class CommandPrinter {
 public:
  explicit CommandPrinter(const TaskCommands& commands) : commands_(commands) {
    ::signal(SIGPIPE, SIG_IGN);
  }

  /// Prints the next commands, those of the tasks before `end`. Returns false if they cannot be
  /// written.
  bool print(std::uint64_t end) {
    for (; next_ < end && writer_.failed().empty(); ++next_) {
      const TaskId task = task_at(next_);
      const bool has_block = commands_.task_input().has_blocks();
      const std::string line = has_block ? commands_.line(task) : shell_line(commands_[task]);
      writer_.buffer() += is_terminal_ ? visible(line) : line;
      writer_.buffer() += '\n';
      if (writer_.buffer().size() >= kPiece) writer_.write_all();
    }
    writer_.write_all();
    return writer_.failed().empty();
  }
  const std::string& failed() const { return writer_.failed(); }

 private:
  const TaskCommands& commands_;
  StreamWriter writer_{STDOUT_FILENO, "standard output"};
  // A terminal shows characters that would hide or reorder a command; a file has the exact bytes.
  bool is_terminal_ = ::isatty(STDOUT_FILENO) != 0;
  std::uint64_t next_ = 0;
};

void warn(const std::string& warning) {
  if (warning.empty()) return;
  std::fputs(("rollcall exec: warning: " + warning + "\n").c_str(), stderr);
}

/// Prints the commands of a streamed input as its lines arrive.
Result<void> print_stream(ExecStream& stream, CommandPrinter& printer) {
  auto source = stream.open();
  if (!source) return source.error();
  std::array<char, limits::input_chunk> bytes;
  for (;;) {
    const ssize_t size = ::read(source->get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      const Error why = stream.end_early(std::string("cannot be read: ") + std::strerror(errno));
      printer.print(stream.size());
      return why;
    }
    Result<void> added =
        size == 0 ? stream.finish() : stream.add({bytes.data(), static_cast<std::size_t>(size)});
    warn(stream.take_warning());
    const bool is_printed = printer.print(stream.size());
    if (!added || !is_printed || size == 0) return added;
  }
}

/// The directory for output that waits to be printed.
std::string spool_directory(const ExecOptions& options) {
  return options.spool_dir.empty() ? os::temporary_directory() : options.spool_dir;
}

CommandOutput::Settings output_settings(const ExecOptions& options) {
  return {options.keep_order, options.tag, limits::held_output_bytes, spool_directory(options),
          options.live};
}

bool prints_output(const ExecOptions& options) {
  return options.output == OutputFormat::text && options.output_dir.empty();
}

bool discards_output(const ExecOptions& options) {
  return options.output == OutputFormat::json && options.output_dir.empty();
}

/// A line of JSON has the whole output of its task, which is therefore bounded, and arrives with
/// the outcome.
bool takes_output(const ExecOptions& options) {
  return options.output != OutputFormat::jsonl;
}

ExecSpool::Settings spool_settings(const ExecOptions& options) {
  ExecSpool::Settings settings;
  settings.has_journal = !options.journal.empty();
  settings.is_in_order = options.keep_order;
  settings.keeps_files = options.keep_output;
  if (!options.output_dir.empty()) {
    settings.blame = "--output-dir: ";
    settings.make_files = [directory = options.output_dir] {
      return open_directory_files(directory);
    };
  } else if (prints_output(options) && options.live == LivePrinting::none) {
    // Without a limit, a command that never ends would fill the disk. With retries nothing is
    // printed early, so that a limit would stop the run.
    if (options.retries == 0) settings.disk_bytes = limits::spool_size_default;
    settings.disk_bytes = options.spool_size.value_or(settings.disk_bytes);
    if (options.journal.empty()) settings.idle_bytes = limits::spool_idle;
    settings.make_files = [directory = spool_directory(options), journal = options.journal] {
      if (!journal.empty()) return open_named_spool(journal + "-output");
      return Result<std::unique_ptr<SpoolFiles>>(make_unnamed_spool(directory));
    };
  }
  return settings;
}

/// The command that lists the failed tasks of the run.
std::string list_failed(const ExecOptions& options) {
  const bool is_kept = !options.results_file.empty() && !options.results_file.starts_with("/dev/");
  std::string file = is_kept ? options.results_file : std::string();
  if (!options.journal.empty()) file = options.journal;
  return file.empty() ? file : fmt::format("rollcall report {} --failed", shell_quote(file));
}

/// A directory that was chosen must be usable before the run.
Result<void> check_spool_directory(const std::string& directory) {
  if (directory.empty()) return {};
  const os::Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened && ::access(directory.c_str(), W_OK | X_OK) == 0) return {};
  return permanent(fmt::format("--spool-dir {}: {}", directory, std::strerror(errno)));
}

ParsedKind parse(const std::vector<std::string>& arguments, const cli::Environment& environment) {
  return kind_of_parsed<ExecKind>(parse_exec(arguments, environment));
}

}  // namespace

extern const Kind exec_kind;
const Kind exec_kind{KindId::exec, "runs tasks that each run a command", parse};

ExecKind::ExecKind(ExecOptions options) : options_(std::move(options)) {
  spec_.kind = KindId::exec;
  spec_.traits = traits_of(spec_.kind);
}

Result<void> ExecKind::prepare() {
  if (auto checked = check_spool_directory(options_.spool_dir); !checked) return checked;
  if (auto checked = check_program(options_); !checked && !options_.resumes_as_saved) {
    return checked;
  }
  auto input = read_input(options_, /*reads_on=*/!options_.abandon);
  if (!input) return input.error();
  const std::string unknown_names = input->commands.take_unknown_names();
  if (!options_.resumes_as_saved) {
    warn(unknown_names);
    if (!options_.null_separated) warn(carriage_returns_warning(input->commands));
  }
  spec_.id = os::random_id128<RunId>();
  spec_.task_count = static_cast<std::uint32_t>(input->commands.size());
  spec_.is_open = input->rest.has_value();
  streamed_from_ = std::move(input->streamed_from);
  run_.emplace(std::move(input->commands), spec_.id, options_.name);
  if (input->rest) {
    stream_.emplace(run_->commands(), std::move(*input->rest), saved_separator(options_));
  }
  display_ = ExecDisplay(run_->shown(), list_failed(options_), discards_output(options_));
  if (options_.dry_run) return {};
  if (takes_output(options_)) spool_.emplace(*run_, spool_settings(options_));
  const Duration clock = os::unix_time() - os::now().time_since_epoch();
  return run_->open({options_.output_dir, options_.joblog, options_.resume}, clock);
}

std::optional<int> ExecKind::dry_run() {
  if (!options_.dry_run) return std::nullopt;
  CommandPrinter printer(run_->commands());
  Result<void> read;
  if (stream_) {
    read = print_stream(*stream_, printer);
    if (!options_.null_separated) warn(carriage_returns_warning(run_->commands()));
  } else {
    printer.print(run_->commands().size());
  }
  const std::string why = read ? printer.failed() : read.error().message;
  if (!why.empty()) std::fprintf(stderr, "rollcall exec: %s\n", why.c_str());
  if (!read) return 2;
  return why.empty() ? 0 : 6;
}

Policy ExecKind::policy() const {
  Policy policy = policy_of(options_, 1);
  // What is printed live is printed of attempts that fail, too.
  const bool prints_attempts = options_.live != LivePrinting::none && options_.retries > 0;
  policy.name_starts = options_.output == OutputFormat::jsonl || prints_attempts;
  policy.retries = options_.retries;
  policy.retry_delay = options_.retry_delay;
  policy.halt = options_.halt;
  policy.start_interval =
      std::max(options_.delay, options_.rate_interval.value_or(Duration::zero()));
  // A command that waits at a worker would start before the coordinator knows of the outcome that
  // halts the run.
  if (options_.halt && !options_.prefetch) policy.prefetch = 0;
  policy.assignment_attempts = attempts_in_assignment(run_->commands());
  policy.max_output = options_.max_output;
  policy.takes_output = takes_output(options_);
  policy.keeps_output = prints_output(options_) || !options_.output_dir.empty();
  policy.prints_in_order = options_.keep_order;
  policy.prints_early = prints_output(options_) && options_.retries == 0;
  policy.kill_after = options_.kill_after;
  policy.nice = options_.nice;
  policy.max_memory = options_.max_memory.value_or(0);
  return policy;
}

std::string ExecKind::why_not_followed() const {
  if (options_.live != LivePrinting::none) return "the run prints output as it arrives itself";
  if (!takes_output(options_))
    return "with --output jsonl, output arrives when a command has ended";
  if (discards_output(options_)) return "with --output json, the run keeps no output";
  return {};
}

/// The commands. What a streamed input will contain is not known.
nlohmann::json ExecKind::request() const {
  nlohmann::json request = {{"command", shell_line(options_.command)},
                            {"shell", options_.shell},
                            {"colsep", options_.colsep},
                            {"env", options_.env},
                            {"cwd", options_.cwd}};
  // Only what is used, so that requests of earlier versions stay equal.
  if (options_.max_args) request["max_args"] = *options_.max_args;
  if (options_.max_chars) request["max_chars"] = *options_.max_chars;
  if (!options_.replacement.empty()) request["replacement"] = options_.replacement;
  if (options_.header) request["header"] = true;
  if (options_.csv) request["csv"] = true;
  if (options_.pipe) {
    request["pipe"] = true;
    request["block"] = options_.records.block_bytes;
    request["recend"] = options_.records.end;
    request["recstart"] = options_.records.begin;
  }
  if (!streamed_from_.empty()) {
    request["streamed"] = streamed_from_;
    return request;
  }
  const TaskCommands& commands = run_->commands();
  if (!options_.sources.empty()) request["sources"] = commands.task_input().source_sizes();
  request["task_count"] = commands.size();
  request["input"] = fingerprint_of(commands);
  return request;
}

std::optional<JournalInput> ExecKind::journal_input() const {
  return coordinator::journal_input(options_, run_->commands());
}

std::uint64_t ExecKind::worker_descriptors() const {
  return limits::reserved_descriptors + limits::command_descriptors;
}

Result<void> ExecKind::restore(Journal& journal, const RunRecords& records,
                               std::uint64_t published) {
  if (run_->commands().size() != records.spec.task_count) {
    return permanent(options_.journal + " has changed meanwhile: try again");
  }
  std::vector<std::pair<std::size_t, CommandResult>> results;
  auto read = journal.read_commands([&](const CommittedCommand& command) {
    if (command.record >= records.accepted()) return;
    results.emplace_back(command.record, *command.result);
    if (!command.output) return;
    const SpoolKey key{command.output->session, records.task[command.record],
                       command.output->attempt, command.output->epoch};
    run_->results().set_spooled(command.record, {key, {}});
    if (spool_) spool_->restore(command.record, key);
  });
  if (!read) return read;
  return run_->restore(records, std::move(results), published);
}

Result<void> ExecKind::replay(Journal& journal, const RunRecords& records, bool is_finished) {
  // The run may have ended before its input was saved.
  if (!is_finished && records.accepted() == 0) return {};
  auto input = read_input(options_, /*reads_on=*/false);
  if (!input) return input.error();
  run_.emplace(std::move(input->commands), records.spec.id);
  display_ = ExecDisplay(run_->shown(), list_failed(options_), discards_output(options_));
  auto read = journal.read_commands([&](const CommittedCommand& command) {
    if (command.record < records.accepted()) run_->replay(records, command.record, *command.result);
  });
  if (read) run_->replay(records, records.accepted());
  return read;
}

void ExecKind::received(SessionIndex session, const RunRecords& records, std::size_t before,
                        OutcomeColumns& outcomes) {
  std::size_t record = before;
  for (const std::size_t row : run_->results().add_accepted(records, before, outcomes)) {
    const SessionAttempt attempt{session, outcomes.task[row], outcomes.attempt[row]};
    if (spool_) spool_->accepted(attempt, record);
    ++record;
  }
}

void ExecKind::publish(const RunRecords& records, std::size_t first, std::size_t count) {
  run_->publish(records, first, count);
  for (std::size_t i = 0; i < count; ++i) run_->commands().forget(records.task[first + i]);
}

std::unique_ptr<Output> ExecKind::make_text_output(const RunRecords& records) const {
  return make_exec_output(records, *run_, output_settings(options_), prints_output(options_),
                          STDOUT_FILENO, STDERR_FILENO);
}

/// What commands wrote is not in the journal: a report prints nothing of it.
std::unique_ptr<Output> ExecKind::make_text_report(const RunRecords& records) const {
  return make_exec_output(records, *run_, {}, false, STDOUT_FILENO, STDERR_FILENO);
}

void ExecKind::write_files_on(OutputThread& thread) {
  run_->write_files_with([&thread](std::size_t bytes, std::function<std::string()> write) {
    thread.post(bytes, [&thread, write = std::move(write)] {
      if (const std::string error = write(); !error.empty()) thread.fail(error);
    });
  });
}

bool ExecKind::writes_as_it_goes() const {
  return prints_output(options_);
}

}  // namespace rollcall::coordinator
