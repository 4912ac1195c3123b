// What `rollcall sleep` and `rollcall noop` share: their tasks are counted, not listed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/cli/command_line.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {

/// --task-count, which writes into `into`; its value now is the default.
cli::OptionSpec task_count_option(std::uint64_t& into);

/// Appends the options about workers, other machines, the journal and output.
void add_counted_run(std::vector<cli::OptionSpec>& table, RunOptions& into);

/// Parses `arguments`, which follow the name of the command, into `options`. `check` returns what
/// is wrong with the options of this command, or nullopt.
template <class Options, class Check>
ParsedOptions<Options> parse_counted(const cli::CommandSpec& command, Options& options,
                                     const std::vector<std::string>& arguments,
                                     const cli::Environment& environment, Check check) {
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  const auto& given = std::get<cli::GivenOptions>(parsed);
  if (std::optional<cli::UsageError> fault = check(given)) return std::move(*fault);
  if (auto fault = check_run(command, given, options)) return std::move(*fault);
  options.arguments = arguments;
  return std::move(options);
}

}  // namespace rollcall::coordinator
