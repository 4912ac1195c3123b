// The tables of `rollcall report` and `rollcall validate`.
#include <array>
#include <utility>

#include "coordinator/options.h"

namespace rollcall::coordinator {
namespace {

constexpr std::array<cli::Choice<OutputFormat>, 2> kFormats{
    {{"text", OutputFormat::text}, {"json", OutputFormat::json}}};

}  // namespace

cli::CommandSpec report_command(ReportOptions& options) {
  cli::CommandSpec command{
      "rollcall report",
      "FILE [OPTION]...",
      "Reports a run again, as at its end, from its journal FILE.\n",
      {},
      "\nThe run may be going on, or may have been cut short: then it says so.\n"};
  command.options.push_back(
      {"--output", "", "FORMAT", "Output", cli::Shown::in_help, "text or json (default text)",
       cli::choice_into(options.output, kFormats), "", cli::names_of(kFormats)});
  command.argument = "FILE";
  return cli::with_standard_options(std::move(command));
}

cli::CommandSpec validate_command() {
  cli::CommandSpec command{
      "rollcall validate",
      "FILE",
      "Validates a run again from its journal FILE: does what was recorded hold together?\n",
      {},
      "\nExit status 0 if it does, 3 if it does not or the run is not finished.\n"};
  command.argument = "FILE";
  return cli::with_standard_options(std::move(command));
}

}  // namespace rollcall::coordinator
