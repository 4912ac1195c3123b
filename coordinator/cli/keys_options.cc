#include "coordinator/cli/keys_options.h"

#include <utility>

#include "common/cli/endpoint_text.h"

namespace rollcall::coordinator {

using cli::Shown;

cli::CommandSpec keys_command(KeysOptions& options) {
  cli::CommandSpec command{
      "rollcall keys",
      "DIR --endpoint ENDPOINT",
      "Makes the keys of a run in advance, in the directory DIR: coordinator.keys for\n"
      "the coordinator (rollcall sleep --keys DIR), run.access for its workers\n"
      "(rollcall-worker --access-file DIR/run.access).\n",
      {},
      "\nExisting keys are never replaced: make others in a new directory.\n"};
  command.options.push_back({"--endpoint", "", "ENDPOINT", "Keys", Shown::in_help,
                             "where workers connect to the coordinator, tcp://HOST:PORT",
                             cli::parsed_into(options.endpoint, parse_connect_endpoint)});
  command.argument = "DIR";
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<KeysOptions> parse_keys(const std::vector<std::string>& arguments,
                                      const cli::Environment& environment) {
  KeysOptions options;
  const cli::CommandSpec command = keys_command(options);
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  const cli::Given* directory = find(std::get<cli::GivenOptions>(parsed), command.argument);
  if (directory == nullptr) {
    return usage_error(command, "DIR is missing: expected the directory for the keys");
  }
  if (options.endpoint.empty()) {
    return usage_error(command,
                       "--endpoint is missing: expected the endpoint that workers connect to, "
                       "such as tcp://HOST:PORT");
  }
  options.directory = directory->text;
  return options;
}

}  // namespace rollcall::coordinator
