#include "coordinator/cli/noop_options.h"

#include <optional>
#include <utility>

#include "common/limits.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

cli::CommandSpec noop_command(NoopOptions& options) {
  std::vector<cli::OptionSpec> table;
  table.push_back({"--task-count", "-n", "N", "Tasks", cli::Shown::in_help,
                   "how many tasks to run (default 1000000)",
                   cli::count_into(options.task_count, 0, limits::task_count)});
  add_workers(table, options,
              {"how many to start, or 0 (default 2 to 8)",
               "tasks a worker runs at once (default no limit)"});
  add_joining(table, options);
  add_journal(table, options);
  add_output(table, options);
  return cli::with_standard_options(
      {"rollcall noop", "[OPTION]...",
       "Runs many tasks that do nothing: measures how fast tasks are dispatched and\n"
       "reported, and the network between the hosts.\n",
       std::move(table), "\n--help-all shows every option, --version the version.\n"});
}

ParsedOptions<NoopOptions> parse_noop(const std::vector<std::string>& arguments,
                                      const cli::Environment& environment) {
  NoopOptions options;
  const cli::CommandSpec command = noop_command(options);
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  auto fault = check_run(command, std::get<cli::GivenOptions>(parsed), options);
  if (fault) return std::move(*fault);
  options.arguments = arguments;
  return options;
}

}  // namespace rollcall::coordinator
