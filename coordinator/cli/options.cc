#include "coordinator/cli/options.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "common/cli/duration_text.h"
#include "common/cli/endpoint_text.h"

namespace rollcall::coordinator {
namespace {

using cli::CommandSpec;
using cli::Given;
using cli::GivenOptions;
using cli::PrintText;
using cli::UsageError;

using Arguments = std::vector<std::string>;
using Fault = std::optional<UsageError>;

Fault check_pauses(const CommandSpec& command, const GivenOptions& given,
                   const SleepOptions& options) {
  const Given* constant = find(given, "--pause");
  const Given* shortest = find(given, "--pause-min");
  const Given* longest = find(given, "--pause-max");
  if (constant != nullptr && (shortest != nullptr || longest != nullptr)) {
    return usage_error(command, *constant, "expected without --pause-min and --pause-max");
  }
  if (options.pause_min <= options.pause_max) return std::nullopt;
  if (shortest != nullptr) {
    return usage_error(command, *shortest,
                       "expected at most --pause-max, which is " + format_exact(options.pause_max));
  }
  return usage_error(command, *longest,
                     "expected at least --pause-min, which is " + format_exact(options.pause_min));
}

Fault check_method(const CommandSpec& command, const GivenOptions& given,
                   const SleepOptions& options) {
  const Given* wait_timeout = find(given, "--wait-timeout");
  if (wait_timeout != nullptr && options.method != CollectionMethod::wait) {
    return usage_error(command, *wait_timeout, "expected together with --collection-method wait");
  }
  return std::nullopt;
}

Invocation parse_sleep(const Arguments& arguments, const cli::Environment& environment) {
  SleepOptions options;
  const CommandSpec command = sleep_command(options);
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<UsageError>(&parsed)) return std::move(*error);
  const auto& given = std::get<GivenOptions>(parsed);
  if (Fault fault = check_pauses(command, given, options)) return *fault;
  if (Fault fault = check_method(command, given, options)) return *fault;
  if (Fault fault = check_run(command, given, options)) return *fault;
  options.arguments = arguments;
  return options;
}

/// The first that is neither an option nor the value of one. Null: there is none, or an option is
/// not known.
const std::string* first_word(const CommandSpec& command, const Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with('-') || argument == "-") return &argument;
    const auto option =
        std::find_if(command.options.begin(), command.options.end(),
                     [&](const auto& o) { return o.name == argument || o.letter == argument; });
    if (option != command.options.end()) {
      if (!option->value.empty()) ++i;
    } else if (argument.starts_with("--") && argument.find('=') == std::string::npos) {
      return nullptr;
    }
  }
  return nullptr;
}

Fault check_separator(const CommandSpec& command, const ExecArguments& split) {
  const std::string* word = split.command ? nullptr : first_word(command, split.options);
  if (word == nullptr) return std::nullopt;
  return usage_error(command, "-- is missing before the command " + cli::quote(*word) +
                                  ": expected it as in " + command.name + " -- " + *word);
}

Invocation parse_exec(const Arguments& arguments, const cli::Environment& environment) {
  ExecOptions options;
  const CommandSpec command = exec_command(options);
  ExecArguments split = split_at_command(arguments);
  if (Fault fault = check_separator(command, split)) return *fault;
  cli::Parsed parsed = cli::parse_options(command, split.options, environment);
  if (auto* print = std::get_if<PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<UsageError>(&parsed)) return std::move(*error);
  if (split.command) options.command = std::move(*split.command);
  if (Fault fault = check_exec(command, std::get<GivenOptions>(parsed), options)) return *fault;
  options.arguments = arguments;
  return options;
}

Invocation parse_keys(const Arguments& arguments, const cli::Environment& environment) {
  KeysOptions options;
  const CommandSpec command = keys_command(options);
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<UsageError>(&parsed)) return std::move(*error);
  const Given* directory = find(std::get<GivenOptions>(parsed), command.argument);
  if (directory == nullptr) {
    return usage_error(command, "DIR is missing: expected the folder to make the keys in");
  }
  if (options.endpoint.empty()) {
    return usage_error(command,
                       "--endpoint is missing: expected where workers will find the coordinator, "
                       "such as tcp://HOST:PORT");
  }
  options.directory = directory->text;
  return options;
}

Invocation parse_status(const Arguments& arguments, const cli::Environment& environment) {
  StatusOptions options;
  cli::Parsed parsed = cli::parse_options(status_command(options), arguments, environment);
  if (auto* print = std::get_if<PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<UsageError>(&parsed)) return std::move(*error);
  return options;
}

Invocation parse_drain(const Arguments& arguments, const cli::Environment& environment) {
  DrainOptions options;
  const CommandSpec command = drain_command(options);
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<UsageError>(&parsed)) return std::move(*error);
  const Given* worker = find(std::get<GivenOptions>(parsed), command.argument);
  if (worker == nullptr || worker->text.empty()) {
    return usage_error(command, "WORKER is missing: expected a worker's name, or all");
  }
  options.worker = worker->text;
  return options;
}

/// Reads a command whose argument is a journal, which goes into `journal`. Else what to do instead.
std::optional<Invocation> parse_journal(const CommandSpec& command, const Arguments& arguments,
                                        const cli::Environment& environment, std::string& journal) {
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<UsageError>(&parsed)) return std::move(*error);
  const Given* file = find(std::get<GivenOptions>(parsed), command.argument);
  if (file == nullptr || file->text.empty()) {
    return usage_error(command, "FILE is missing: expected the journal of a run");
  }
  journal = file->text;
  return std::nullopt;
}

Invocation parse_report(const Arguments& arguments, const cli::Environment& environment) {
  ReportOptions options;
  auto instead = parse_journal(report_command(options), arguments, environment, options.journal);
  return instead ? *instead : options;
}

Invocation parse_validate(const Arguments& arguments, const cli::Environment& environment) {
  ValidateOptions options;
  auto instead = parse_journal(validate_command(), arguments, environment, options.journal);
  return instead ? *instead : options;
}

Invocation parse_resume(const Arguments& arguments, const cli::Environment& environment) {
  ResumeOptions options;
  auto instead = parse_journal(resume_command(options), arguments, environment, options.journal);
  return instead ? *instead : options;
}

/// Empty, or the option of `rollcall sleep` that `argument` is.
std::string option_of_sleep(const std::string& argument) {
  SleepOptions unused;
  std::string name = argument.substr(0, argument.find('='));
  for (const cli::OptionSpec& option : sleep_command(unused).options) {
    if (option.group != "Help" && (name == option.name || name == option.letter)) return name;
  }
  return {};
}

/// `rollcall` with options alone: they can only ask for a text.
Invocation parse_program(const Arguments& arguments, const cli::Environment& environment) {
  const CommandSpec command = program_command();
  if (arguments.empty()) return UsageError{help_text(command)};
  const std::string misplaced = option_of_sleep(arguments.front());
  if (!misplaced.empty()) {
    return usage_error(command, "unknown option " + cli::quote(misplaced) +
                                    ": expected after a command, rollcall sleep " + misplaced);
  }
  cli::Parsed parsed = cli::parse_options(command, arguments, environment);
  if (auto* print = std::get_if<PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<UsageError>(&parsed)) return std::move(*error);
  return UsageError{help_text(command)};
}

Invocation unknown_command(const std::string& typed) {
  static const std::vector<std::string> commands{"exec",   "sleep",    "resume", "status", "drain",
                                                 "report", "validate", "keys",   "help"};
  const std::string near = cli::closest(typed, commands);
  return usage_error(program_command(), "unknown command " + cli::quote(typed) + ": " +
                                            (near.empty() ? cli::expected_one_of(commands).message
                                                          : "did you mean " + near + "?"));
}

Invocation parse_help(const Arguments& arguments) {
  if (arguments.empty()) return PrintText{help_text(program_command())};
  SleepOptions sleep;
  ExecOptions exec;
  KeysOptions keys;
  StatusOptions status;
  DrainOptions drain;
  if (arguments.front() == "sleep") return PrintText{help_text(sleep_command(sleep))};
  if (arguments.front() == "exec") return PrintText{help_text(exec_command(exec))};
  if (arguments.front() == "keys") return PrintText{help_text(keys_command(keys))};
  if (arguments.front() == "status") return PrintText{help_text(status_command(status))};
  if (arguments.front() == "drain") return PrintText{help_text(drain_command(drain))};
  ReportOptions report;
  if (arguments.front() == "report") return PrintText{help_text(report_command(report))};
  if (arguments.front() == "validate") return PrintText{help_text(validate_command())};
  ResumeOptions resume;
  if (arguments.front() == "resume") return PrintText{help_text(resume_command(resume))};
  return unknown_command(arguments.front());
}

}  // namespace

Invocation parse_command_line(int argc, const char* const* argv,
                              const cli::Environment& environment) {
  const Arguments all(argv + std::min(argc, 1), argv + argc);
  if (all.empty() || all.front().starts_with('-')) return parse_program(all, environment);
  const Arguments rest(all.begin() + 1, all.end());
  if (all.front() == "sleep") return parse_sleep(rest, environment);
  if (all.front() == "exec") return parse_exec(rest, environment);
  if (all.front() == "keys") return parse_keys(rest, environment);
  if (all.front() == "status") return parse_status(rest, environment);
  if (all.front() == "drain") return parse_drain(rest, environment);
  if (all.front() == "report") return parse_report(rest, environment);
  if (all.front() == "validate") return parse_validate(rest, environment);
  if (all.front() == "resume") return parse_resume(rest, environment);
  if (all.front() == "help") return parse_help(rest);
  return unknown_command(all.front());
}

}  // namespace rollcall::coordinator
