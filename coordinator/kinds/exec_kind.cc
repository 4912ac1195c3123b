#include "coordinator/kinds/exec_kind.h"

#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/text.h"
#include "common/os/clock.h"
#include "common/os/random.h"
#include "common/os/temporary_file.h"
#include "coordinator/exec/input/shell_quote.h"
#include "coordinator/kinds/exec_input.h"
#include "coordinator/output/exec_output.h"
#include "coordinator/output/stream/stream_writer.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

int print_commands(const TaskCommands& commands) {
  ::signal(SIGPIPE, SIG_IGN);
  StreamWriter writer(STDOUT_FILENO, "standard output");
  // A terminal shows characters that would hide or reorder a command; a file has the exact bytes.
  const bool is_terminal = ::isatty(STDOUT_FILENO) != 0;
  for (std::uint64_t task = 0; task < commands.size() && writer.failed().empty(); ++task) {
    const std::string line = shell_line(commands[task_at(task)]);
    writer.buffer() += is_terminal ? visible(line) : line;
    writer.buffer() += '\n';
    if (writer.buffer().size() >= kPiece) writer.write_all();
  }
  writer.write_all();
  if (writer.failed().empty()) return 0;
  std::fprintf(stderr, "rollcall exec: %s\n", writer.failed().c_str());
  return 6;
}

void warn_of_returns(const TaskCommands& commands) {
  const std::string warning = carriage_returns_warning(commands);
  if (warning.empty()) return;
  std::fputs(("rollcall exec: warning: " + warning + "\n").c_str(), stderr);
}

CommandOutput::Settings output_settings(const ExecOptions& options) {
  return {options.keep_order, options.tag, limits::held_output_bytes, os::temporary_directory()};
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
  auto input = read_input(options_);
  if (!input) return input.error();
  if (!options_.resumes_as_saved && !options_.null_separated) warn_of_returns(input->commands);
  spec_.id = os::random_id128<RunId>();
  spec_.task_count = static_cast<std::uint32_t>(input->commands.size());
  spec_.is_open = input->rest.has_value();
  streamed_from_ = std::move(input->streamed_from);
  run_.emplace(std::move(input->commands), spec_.id);
  if (input->rest) {
    stream_.emplace(run_->commands(), std::move(*input->rest), separator_of(options_));
  }
  display_ = ExecDisplay(&*run_);
  if (options_.dry_run) return {};
  const Duration clock = os::unix_time() - os::now().time_since_epoch();
  return run_->open({options_.output_dir, options_.joblog, options_.resume}, clock);
}

std::optional<int> ExecKind::dry_run() const {
  if (!options_.dry_run) return std::nullopt;
  return print_commands(run_->commands());
}

Policy ExecKind::policy() const {
  Policy policy = policy_of(options_, 1);
  policy.name_starts = options_.output == OutputFormat::jsonl;
  policy.retries = options_.retries;
  policy.halt = options_.halt;
  // A command that waits at a worker would start before the coordinator knows of the outcome that
  // halts the run.
  if (options_.halt && !options_.prefetch) policy.prefetch = 0;
  policy.assignment_attempts = attempts_in_assignment(run_->commands());
  policy.max_output = options_.max_output;
  policy.kill_after = options_.kill_after;
  return policy;
}

/// The commands. What a streamed input will contain is not known.
nlohmann::json ExecKind::request() const {
  nlohmann::json request = {{"command", shell_line(options_.command)},
                            {"shell", options_.shell},
                            {"colsep", options_.colsep},
                            {"env", options_.env},
                            {"cwd", options_.cwd}};
  if (!streamed_from_.empty()) {
    request["streamed"] = streamed_from_;
    return request;
  }
  const TaskCommands& commands = run_->commands();
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
  auto read = journal.read_commands([&](std::uint64_t record, CommandResult result) {
    if (record < records.accepted()) results.emplace_back(record, std::move(result));
  });
  if (!read) return read;
  return run_->restore(records, std::move(results), published);
}

Result<void> ExecKind::replay(Journal& journal, const RunRecords& records, bool is_finished) {
  // The run may have ended before its input was saved.
  if (!is_finished && records.accepted() == 0) return {};
  auto input = read_input(options_);
  if (!input) return input.error();
  run_.emplace(std::move(input->commands), records.spec.id);
  display_ = ExecDisplay(&*run_);
  auto read = journal.read_commands([&](std::uint64_t record, CommandResult result) {
    if (record < records.accepted()) run_->replay(records, record, std::move(result));
  });
  if (read) run_->replay(records, records.accepted());
  return read;
}

std::unique_ptr<Output> ExecKind::make_text_output(const RunRecords& records) const {
  return make_exec_output(records, *run_, output_settings(options_), options_.output_dir.empty(),
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
  return options_.output == OutputFormat::text && options_.output_dir.empty();
}

std::string ExecKind::failures_text(const RunRecords& records) const {
  return run_ ? run_->failures_text(records) : std::string();
}

}  // namespace rollcall::coordinator
