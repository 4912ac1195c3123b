#include "coordinator/commands/exec.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/os/clock.h"
#include "common/os/random.h"
#include "coordinator/commands/exec_input.h"
#include "coordinator/exec/input/shell_quote.h"
#include "coordinator/output/exec_output.h"
#include "coordinator/output/stream/stream_writer.h"
#include "coordinator/run/run.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

int give_up(const ExecOptions& options, const std::string& why, int status) {
  const char* const command = options.resumes_as_saved ? "resume" : "exec";
  std::fprintf(stderr, "rollcall %s: %s\n", command, why.c_str());
  return status;
}

int print_commands(const ExecOptions& options, const TaskCommands& commands) {
  ::signal(SIGPIPE, SIG_IGN);
  StreamWriter writer(STDOUT_FILENO, "standard output");
  for (std::uint64_t task = 0; task < commands.size() && writer.failed().empty(); ++task) {
    writer.buffer() += shell_line(commands[task_at(task)]) + "\n";
    if (writer.buffer().size() >= kPiece) writer.write_all();
  }
  writer.write_all();
  return writer.failed().empty() ? 0 : give_up(options, writer.failed(), 6);
}

RunSpec spec_of(const TaskCommands& commands) {
  RunSpec spec;
  spec.id = os::random_id128<RunId>();
  spec.kind = KindId::exec;
  spec.traits = traits_of(spec.kind);
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
  const char* const directory = std::getenv("TMPDIR");
  const CommandOutput::Settings settings{
      options.keep_order, options.tag, limits::held_output_bytes,
      directory == nullptr || *directory == '\0' ? "/tmp" : directory};
  return make_exec_output(records, exec, settings, options.output_dir.empty(), STDOUT_FILENO,
                          STDERR_FILENO);
}

/// What makes two requests the same: the commands.
std::string asked(const ExecOptions& options, const TaskCommands& commands) {
  const nlohmann::json json = {{"command", shell_line(options.command)},
                               {"shell", options.shell},
                               {"colsep", options.colsep},
                               {"env", options.env},
                               {"cwd", options.cwd},
                               {"task_count", commands.size()},
                               {"input", fingerprint_of(commands)}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

int run_exec(const ExecOptions& options, Instant started) {
  auto commands = commands_of(options);
  if (!commands) return give_up(options, commands.error().message, 2);
  if (options.dry_run) return print_commands(options, *commands);
  RunPlan plan;
  plan.command = "exec";
  plan.spec = spec_of(*commands);
  plan.policy = policy_for(options, *commands);
  if (!options.journal.empty()) plan.asked = asked(options, *commands);
  plan.writes_as_it_goes = options.output == OutputFormat::text && options.output_dir.empty();
  ExecRun exec(std::move(*commands), plan.spec.id);
  const Duration clock = os::unix_time() - os::now().time_since_epoch();
  if (auto opened = exec.open({options.output_dir, options.joblog, options.resume}, clock);
      !opened) {
    return give_up(options, opened.error().message, 2);
  }
  plan.exec = &exec;
  if (!options.journal.empty()) plan.input = journal_input(options, exec.commands());
  plan.output = [&](const RunRecords& records) { return output_for(options, exec, records); };
  return run_tasks(options, plan, started);
}

}  // namespace rollcall::coordinator
