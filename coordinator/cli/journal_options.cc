#include "coordinator/cli/journal_options.h"

#include <array>
#include <utility>

namespace rollcall::coordinator {
namespace {

constexpr std::array<cli::Choice<ReportFormat>, 3> kReportFormats{
    {{"text", ReportFormat::text},
     {"json", ReportFormat::json},
     {"commands", ReportFormat::commands}}};

/// Parses a command whose argument is a journal into `options`.
template <class Options>
ParsedOptions<Options> parse_journal(const cli::CommandSpec& command,
                                     const std::vector<std::string>& arguments,
                                     const cli::Environment& environment, Options& options) {
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  const cli::Given* file = find(std::get<cli::GivenOptions>(parsed), "FILE");
  if (file == nullptr || file->text.empty()) {
    return usage_error(command, "FILE is missing: expected the journal of a run");
  }
  options.journal = file->text;
  return std::move(options);
}

}  // namespace

void add_journal(std::vector<cli::OptionSpec>& table, RunOptions& into) {
  const char* group = "Journal";
  table.insert(table.end(),
               {{"--journal", "", "FILE", group, cli::Shown::in_help_all,
                 "record the run in FILE, so that it can be resumed",
                 cli::text_into(into.journal, "a file name")},
                {"--resume", "", "", group, cli::Shown::in_help_all,
                 "resume the run in --journal, if the file exists", cli::flag_into(into.resume)},
                {"--orphan-for", "", "D", group, cli::Shown::in_help_all,
                 "with --journal: how long workers wait for a coordinator (default 1m)",
                 cli::duration_into(into.orphan_for, Duration::zero(), limits::longest_duration)},
                {"--leave-running", "", "", group, cli::Shown::in_help_all,
                 "with --journal: a signal leaves workers and tasks running, for --resume",
                 cli::flag_into(into.leave_running)}});
}

cli::CommandSpec resume_command(ResumeOptions& options) {
  cli::CommandSpec command{
      "rollcall resume",
      "FILE [OPTION]...",
      "Resumes the run in the journal FILE with its own options.\n",
      {},
      "\nTasks that workers hold are adopted, not run again. A finished run is left unchanged.\n"
      "Without the options for output, the output has the form that the run began with.\n"};
  command.options.push_back({"--retry-failed", "", "", "Tasks", cli::Shown::in_help,
                             "run tasks again that did not succeed, also of a finished run",
                             cli::flag_into(options.retry_failed)});
  add_display(command.options, options.display);
  command.argument = "FILE";
  return cli::with_standard_options(std::move(command));
}

cli::CommandSpec abandon_command(ResumeOptions& options) {
  cli::CommandSpec command{
      "rollcall abandon",
      "FILE [OPTION]...",
      "Ends the unfinished run in the journal FILE for good: running tasks are ended,\n"
      "and tasks without an outcome are cancelled.\n",
      {},
      "\nIt waits for workers that have lost their coordinator, as rollcall resume does.\n"};
  add_display(command.options, options.display);
  command.argument = "FILE";
  return cli::with_standard_options(std::move(command));
}

cli::CommandSpec report_command(ReportOptions& options) {
  cli::CommandSpec command{"rollcall report",
                           "FILE [OPTION]...",
                           "Reports a run from its journal FILE, as at its end.\n",
                           {},
                           "\nIf the run is not finished, the report covers the tasks so far.\n"
                           "With --failed, FILE may also be a file of --results.\n"};
  command.options.push_back({"--failed", "", "", "Output", cli::Shown::in_help,
                             "lists the failed tasks, one on each line",
                             cli::flag_into(options.failed)});
  command.options.push_back({"--output", "", "FORMAT", "Output", cli::Shown::in_help,
                             "text, json or, with --failed, commands (default text)",
                             cli::choice_into(options.format, kReportFormats), kOutputVariable,
                             cli::names_of(kReportFormats)});
  command.argument = "FILE";
  return cli::with_standard_options(std::move(command));
}

cli::CommandSpec output_command() {
  cli::CommandSpec command{
      "rollcall output",
      "FILE TASK",
      "Prints again what the command of a task has written, from the journal FILE.\n",
      {},
      "\nTASK is the number of the task, from 0. A journal keeps the output of short\n"
      "commands, and with --keep-output of all. Exit status 1 if it does not have all\n"
      "of it.\n"};
  command.argument = "FILE TASK";
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<OutputOptions> parse_output(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  const cli::CommandSpec command = output_command();
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  const auto& given = std::get<cli::GivenOptions>(parsed);
  const cli::Given* const file = find(given, "FILE");
  const cli::Given* const task = find(given, "TASK");
  if (file == nullptr)
    return usage_error(command, "FILE is missing: expected the journal of a run");
  if (task == nullptr) return usage_error(command, "TASK is missing: expected its number, from 0");
  OutputOptions options{file->text, 0};
  const Result<void> counted = cli::count_into(options.task, 0, limits::task_count)(task->text);
  if (!counted) return usage_error(command, *task, counted.error().message);
  return options;
}

cli::CommandSpec validate_command(ValidateOptions& options) {
  cli::CommandSpec command{
      "rollcall validate",
      "FILE [OPTION]...",
      "Validates a run again from its journal FILE.\n",
      {},
      "\nExit status 0 if the run is valid, 3 if it is not or is not finished.\n"};
  command.options.push_back(document_output(options.output, "Output"));
  command.argument = "FILE";
  return cli::with_standard_options(std::move(command));
}

ParsedOptions<ReportOptions> parse_report(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  ReportOptions options;
  const cli::CommandSpec command = report_command(options);
  auto parsed = parse_journal(command, arguments, environment_of_documents(environment), options);
  const auto* report = std::get_if<ReportOptions>(&parsed);
  if (report != nullptr && report->format == ReportFormat::commands && !report->failed) {
    return usage_error(command, "--output \"commands\": requires --failed");
  }
  return parsed;
}

ParsedOptions<ValidateOptions> parse_validate(const std::vector<std::string>& arguments,
                                              const cli::Environment& environment) {
  ValidateOptions options;
  return parse_journal(validate_command(options), arguments, environment_of_documents(environment),
                       options);
}

ParsedOptions<ResumeOptions> parse_resume(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment) {
  ResumeOptions options;
  return parse_journal(resume_command(options), arguments, environment, options);
}

ParsedOptions<ResumeOptions> parse_abandon(const std::vector<std::string>& arguments,
                                           const cli::Environment& environment) {
  ResumeOptions options;
  options.abandon = true;
  return parse_journal(abandon_command(options), arguments, environment, options);
}

}  // namespace rollcall::coordinator
