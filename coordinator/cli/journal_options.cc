// The tables of `rollcall report` and `rollcall validate`.
#include <array>
#include <utility>

#include "coordinator/cli/options.h"

namespace rollcall::coordinator {
namespace {

constexpr std::array<cli::Choice<OutputFormat>, 2> kFormats{
    {{"text", OutputFormat::text}, {"json", OutputFormat::json}}};

}  // namespace

void add_keeping(std::vector<cli::OptionSpec>& table, RunOptions& into) {
  const char* group = "Keeping";
  table.insert(table.end(),
               {{"--journal", "", "FILE", group, cli::Shown::in_help_all,
                 "keep the run in FILE, so that it can be resumed",
                 cli::text_into(into.journal, "a file name")},
                {"--resume", "", "", group, cli::Shown::in_help_all,
                 "go on with the run in --journal, if it is there", cli::flag_into(into.resume)},
                {"--orphan-for", "", "D", group, cli::Shown::in_help_all,
                 "with --journal: how long workers wait for a coordinator (default 1m)",
                 cli::duration_into(into.orphan_for, Duration::zero(), limits::longest_duration)}});
}

cli::CommandSpec resume_command(ResumeOptions& options) {
  cli::CommandSpec command{
      "rollcall resume",
      "FILE [OPTION]...",
      "Goes on with the run in the journal FILE, as it was asked for.\n",
      {},
      "\nWhat workers hold is adopted, not run again. Says so if the run is finished.\n"};
  command.options.push_back({"--retry-failed", "", "", "Tasks", cli::Shown::in_help,
                             "do again what did not succeed, in a finished run too",
                             cli::flag_into(options.retry_failed)});
  command.argument = "FILE";
  return cli::with_standard_options(std::move(command));
}

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
