#include "coordinator/cli/control_options.h"

#include <array>
#include <utility>

namespace rollcall::coordinator {
namespace {

using cli::Choice;
using cli::Shown;

constexpr std::array<Choice<DrainMode>, 2> kDrainModes{
    {{"finish", DrainMode::finish}, {"return", DrainMode::return_running}}};

cli::OptionSpec control_option(std::string& into) {
  return {"--control",
          "",
          "PATH",
          "Run",
          Shown::in_help,
          "the control socket of the run (default: of the only run)",
          cli::text_into(into, "the path of a socket")};
}

}  // namespace

cli::CommandSpec status_command(StatusOptions& options) {
  cli::CommandSpec command{"rollcall status",
                           "[OPTION]...",
                           "Shows the state of a run of this user on this host, and its workers.\n",
                           {},
                           ""};
  command.options.push_back(control_option(options.control));
  command.options.push_back(document_output(options.output, "Run"));
  return cli::with_standard_options(std::move(command));
}

cli::CommandSpec drain_command(DrainOptions& options) {
  cli::CommandSpec command{
      "rollcall drain",
      "WORKER|all [OPTION]...",
      "Removes one worker or all workers from a run: they start no more tasks.\n"
      "WORKER is a name, host or session that rollcall status shows, or the beginning\n"
      "of one, if no other worker has it.\n",
      {},
      ""};
  command.options.push_back(control_option(options.control));
  command.options.push_back({"--drain", "", "MODE", "Run", Shown::in_help,
                             "finish or return running tasks (default finish)",
                             cli::choice_into(options.mode, kDrainModes), "",
                             cli::names_of(kDrainModes)});
  command.options.push_back(document_output(options.output, "Run"));
  command.argument = "WORKER";
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<StatusOptions> parse_status(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  StatusOptions options;
  cli::Parsed parsed =
      cli::parse_options(status_command(options), arguments, environment_of_documents(environment));
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  return options;
}

ParsedOptions<DrainOptions> parse_drain(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment) {
  DrainOptions options;
  const cli::CommandSpec command = drain_command(options);
  cli::Parsed parsed =
      cli::parse_options(command, arguments, environment_of_documents(environment));
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  const cli::Given* worker = find(std::get<cli::GivenOptions>(parsed), command.argument);
  if (worker == nullptr || worker->text.empty()) {
    return usage_error(command, "WORKER is missing: expected a worker's name, or all");
  }
  options.worker = worker->text;
  return options;
}

}  // namespace rollcall::coordinator
