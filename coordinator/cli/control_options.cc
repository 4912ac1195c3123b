// The tables of `rollcall status` and `rollcall drain`.
#include <array>
#include <utility>

#include "coordinator/cli/options.h"

namespace rollcall::coordinator {
namespace {

using cli::Choice;
using cli::Shown;

constexpr std::array<Choice<OutputFormat>, 2> kFormats{
    {{"text", OutputFormat::text}, {"json", OutputFormat::json}}};

constexpr std::array<Choice<DrainMode>, 2> kDrainModes{
    {{"finish", DrainMode::finish}, {"return", DrainMode::return_running}}};

cli::OptionSpec control_option(std::string& into) {
  return {"--control",
          "",
          "PATH",
          "Run",
          Shown::in_help,
          "the control socket of the run (default the one that answers)",
          cli::text_into(into, "the path of a socket")};
}

}  // namespace

cli::CommandSpec status_command(StatusOptions& options) {
  cli::CommandSpec command{
      "rollcall status",
      "[OPTION]...",
      "Shows what a run of this user on this host is doing, and its workers.\n",
      {},
      ""};
  command.options.push_back(control_option(options.control));
  command.options.push_back(
      {"--output", "", "FORMAT", "Run", Shown::in_help, "text or json (default text)",
       cli::choice_into(options.output, kFormats), "", cli::names_of(kFormats)});
  return cli::with_standard_options(std::move(command));
}

cli::CommandSpec drain_command(DrainOptions& options) {
  cli::CommandSpec command{
      "rollcall drain",
      "WORKER|all [OPTION]...",
      "Has a worker of a run, or all that are there, start nothing new and leave.\n"
      "WORKER is its name or session, as rollcall status shows them.\n",
      {},
      ""};
  command.options.push_back(control_option(options.control));
  command.options.push_back({"--drain", "", "MODE", "Run", Shown::in_help,
                             "finish what runs, or return it (default finish)",
                             cli::choice_into(options.mode, kDrainModes), "",
                             cli::names_of(kDrainModes)});
  command.argument = "WORKER";
  return cli::with_standard_options(std::move(command));
}

}  // namespace rollcall::coordinator
