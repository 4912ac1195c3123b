#include "coordinator/cli/noop_options.h"

#include <optional>
#include <utility>

#include "coordinator/cli/counted_options.h"

namespace rollcall::coordinator {

cli::CommandSpec noop_command(NoopOptions& options) {
  std::vector<cli::OptionSpec> table{task_count_option(options.task_count)};
  add_counted_run(table, options);
  return cli::with_standard_options(
      {"rollcall noop", "[OPTION]...",
       "Runs many tasks that do nothing: measures how fast tasks are dispatched and\n"
       "reported, and the network between the hosts.\n",
       std::move(table), "\n--help-all shows every option, --version the version.\n"});
}

ParsedOptions<NoopOptions> parse_noop(const std::vector<std::string>& arguments,
                                      const cli::Environment& environment) {
  NoopOptions options;
  const auto nothing_to_check = [](const cli::GivenOptions&) {
    return std::optional<cli::UsageError>();
  };
  return parse_counted(noop_command(options), options, arguments, environment, nothing_to_check);
}

}  // namespace rollcall::coordinator
