#include "worker/options.h"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "common/cli/endpoint_text.h"
#include "common/cli/slots_text.h"
#include "common/os/processors.h"

namespace rollcall::worker {
namespace {

using cli::OptionSpec;
using cli::Shown;

constexpr std::array<cli::Choice<DrainMode>, 2> kDrainModes{
    {{"finish", DrainMode::finish}, {"return", DrainMode::return_running}}};

constexpr std::array<cli::Choice<bool>, 1> kOnly{{{"sleep", true}}};

constexpr std::uint64_t kHighestPid = std::numeric_limits<std::int32_t>::max();

cli::Apply name_into(std::string& into) {
  return [&into](const std::string& text) -> Result<void> {
    if (text.empty() || text.size() > limits::name_bytes) {
      return permanent(fmt::format("expected a name of 1 to {} bytes", limits::name_bytes));
    }
    into = text;
    return {};
  };
}

void add_joining(std::vector<OptionSpec>& table, WorkerOptions& into) {
  const char* group = "Joining";
  table.insert(
      table.end(),
      {{"--access-file", "", "FILE", group, Shown::in_help,
        "the file that the coordinator wrote; - is standard input",
        cli::text_into(into.access_file, "a file name, or - for standard input"),
        "ROLLCALL_ACCESS_FILE"},
       {"--connect", "", "ENDPOINT", group, Shown::in_help,
        "where the coordinator is, if not as in the file",
        cli::parsed_into(into.connect, parse_connect_endpoint)},
       {"--connect-timeout", "", "D", group, Shown::in_help,
        "how long to wait for the file and the coordinator (default 1m)",
        cli::duration_into(into.connect_timeout, Duration::zero(), limits::longest_duration)},
       {"--name", "", "NAME", group, Shown::in_help,
        "name of this worker in results (default host and pid)", name_into(into.name)},
       {"--http", "", "HOST:PORT", group, Shown::in_help,
        "answer GET /healthz and /readyz there (default nowhere)",
        cli::parsed_into(into.http, parse_http_address)},
       {"--parent-pid", "", "N", group, Shown::nowhere, "",
        cli::count_into(into.parent_pid, 1, kHighestPid)},
       {"--outlive-parent", "", "", group, Shown::nowhere, "", cli::flag_into(into.outlive_parent)},
       {"--log-to-terminal", "", "", group, Shown::nowhere, "",
        cli::flag_into(into.log_to_terminal)},
       {"--open-files", "", "N", group, Shown::nowhere, "",
        cli::count_into(into.open_files, 1, std::numeric_limits<std::uint64_t>::max())}});
}

void add_work(std::vector<OptionSpec>& table, WorkerOptions& into) {
  const char* group = "Work";
  table.insert(
      table.end(),
      {{"--slots", "-j", "N", group, Shown::in_help,
        "tasks at once: N, 200%, +2, -1 (default by kind)",
        cli::slots_into(into.slots, os::processors())},
       {"--only", "", "KIND", group, Shown::in_help_all, "accept only tasks of this kind: sleep",
        cli::choice_into(into.only_sleep, kOnly), "", cli::names_of(kOnly)},
       {"--drain", "", "MODE", group, Shown::in_help_all,
        "on SIGTERM or SIGUSR1: finish or return running tasks (default return)",
        cli::choice_into(into.drain, kDrainModes), "", cli::names_of(kDrainModes)},
       {"--idle-timeout", "", "D", group, Shown::in_help_all,
        "exit after this long idle (default never)",
        cli::duration_into(into.idle_timeout, Duration::zero(), limits::longest_duration)}});
}

void add_output(std::vector<OptionSpec>& table, WorkerOptions& into) {
  const char* group = "Output";
  table.insert(
      table.end(),
      {{"--log-level", "", "LEVEL", group, Shown::in_help,
        "trace, debug, info, warn, error or off (default info)",
        cli::log_level_into(into.log_level), "ROLLCALL_LOG_LEVEL", cli::log_levels()},
       {"--log-format", "", "FORMAT", group, Shown::in_help_all,
        "text, or json: an object on each line of the log (default text)",
        cli::choice_into(into.log_format, cli::kLogFormats), "ROLLCALL_LOG_FORMAT",
        cli::names_of(cli::kLogFormats)},
       {"--log-file", "", "FILE", group, Shown::in_help, "where logs go (default standard error)",
        cli::text_into(into.log_file, "a file name")}});
}

}  // namespace

cli::CommandSpec worker_command(WorkerOptions& options) {
  std::vector<OptionSpec> table;
  add_joining(table, options);
  add_work(table, options);
  add_output(table, options);
  return cli::with_standard_options(
      {"rollcall-worker", "--access-file FILE [OPTION]...",
       "Joins a run of rollcall and runs its tasks until the run is over.\n", std::move(table),
       "\nD is a time: 500ms, 2m; a bare number is seconds.\n"
       "--help-all shows every option, --version the version.\n"});
}

Invocation parse_command_line(int argc, const char* const* argv,
                              const cli::Environment& environment) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  WorkerOptions options;
  const cli::CommandSpec command = worker_command(options);
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  if (options.access_file.empty()) {
    return usage_error(command,
                       "--access-file is missing: expected the file that the coordinator "
                       "wrote for its workers, or - for standard input");
  }
  return options;
}

}  // namespace rollcall::worker
