#include "coordinator/cli/exec_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/text.h"
#include "coordinator/cli/exec_hints.h"
#include "coordinator/cli/exec_inputs.h"
#include "coordinator/cli/pipe_options.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {
namespace {

using cli::CommandSpec;
using cli::Given;
using cli::GivenOptions;
using cli::OptionSpec;
using cli::Shown;

using Fault = std::optional<cli::UsageError>;

constexpr std::uint32_t kMostRetries = 1'000;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

cli::Apply variable_into(std::vector<std::string>& into) {
  return [&into](const std::string& text) -> Result<void> {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) return permanent("expected NAME=VALUE");
    into.push_back(text);
    return {};
  };
}

template <class Value>
cli::Apply made_into(Value& into, Result<typename Value::value_type> (*parse)(std::string_view)) {
  return [&into, parse](const std::string& text) -> Result<void> {
    auto made = parse(text);
    if (!made) return made.error();
    into = std::move(*made);
    return {};
  };
}

cli::Apply live_into(LivePrinting& into, LivePrinting printing) {
  return [&into, printing](const std::string&) -> Result<void> {
    into = printing;
    return {};
  };
}

cli::Apply size_into(std::optional<std::uint64_t>& into, std::uint64_t least) {
  return [&into, least](const std::string& text) -> Result<void> {
    const Result<std::uint64_t> size = parse_size(text, least);
    if (!size) return size.error();
    into = *size;
    return {};
  };
}

void add_commands(std::vector<OptionSpec>& table, ExecOptions& into) {
  const char* group = "Commands";
  const Duration longest = limits::longest_duration;
  table.insert(
      table.end(),
      {{"--shell", "", "", group, Shown::in_help, "COMMAND is a script for /bin/sh",
        cli::flag_into(into.shell)},
       {"--replacement", "-I", "STRING", group, Shown::in_help_all,
        "stands for the line in COMMAND, and then nothing else does",
        cli::text_into(into.replacement, "a text such as {} or @")},
       {"--env",
        "",
        "NAME=VALUE",
        group,
        Shown::in_help_all,
        "a variable of each command; may be given again",
        variable_into(into.env),
        "",
        {},
        true},
       {"--cwd", "", "DIR", group, Shown::in_help_all,
        "directory that commands run in (default that of the worker)",
        cli::text_into(into.cwd, "a directory")},
       {"--stdin", "", "FILE", group, Shown::in_help_all,
        "standard input of each command (default empty)",
        cli::text_into(into.input_file, "a file name")},
       {"--timeout", "", "D", group, Shown::in_help, "ends a command that runs longer",
        cli::duration_into(into.timeout, kShortestTimeout, longest)},
       {"--kill-after", "", "D", group, Shown::in_help_all,
        "time from SIGTERM to SIGKILL when a command is ended (default 5s)",
        cli::duration_into(into.kill_after, Duration::zero(), longest)},
       {"--nice", "", "N", group, Shown::in_help_all,
        "niceness of the commands, 0 to 19 (default that of the worker)",
        cli::count_into(into.nice, 0, limits::nicest)},
       {"--max-memory", "", "SIZE", group, Shown::in_help_all,
        "kills a command that uses more memory, and it fails (default no limit)",
        size_into(into.max_memory, limits::least_memory)},
       {"--retries", "", "N", group, Shown::in_help,
        "runs a command that fails again, up to N times",
        cli::count_into(into.retries, 0, kMostRetries)},
       {"--retry-on", "", "REASON,...", group, Shown::in_help_all,
        "retries only after these exit statuses, timeout or signal: 75,timeout",
        made_into(into.retry_on, parse_retry_reasons)},
       {"--retry-delay", "", "D", group, Shown::in_help_all,
        "wait before the first retry of a task, then twice as long (default 100ms)",
        cli::duration_into(into.retry_delay, Duration::zero(), longest)},
       {"--halt", "", "WHEN,WHAT=N", group, Shown::in_help_all,
        "ends the run soon or now when N (or N%) tasks fail or success: soon,fail=1",
        made_into(into.halt, parse_halt)},
       {"--delay", "", "D", group, Shown::in_help_all,
        "time between the starts of two commands, at least (default none)",
        cli::duration_into(into.delay, Duration::zero(), longest)},
       {"--rate", "", "N/s", group, Shown::in_help_all,
        "starts at most N commands a second (N/s), minute (N/m) or hour (N/h)",
        made_into(into.rate_interval, parse_rate)},
       {"--dry-run", "", "", group, Shown::in_help,
        "prints the commands in shell syntax and runs none", cli::flag_into(into.dry_run)}});
}

void add_printing(std::vector<OptionSpec>& table, ExecOptions& into) {
  const char* group = "Output of commands";
  table.insert(table.end(),
               {{"--keep-order", "-k", "", group, Shown::in_help,
                 "prints output in the order of tasks", cli::flag_into(into.keep_order)},
                {"--line-buffer", "", "", group, Shown::in_help_all,
                 "prints lines as they arrive, mixed with those of other commands",
                 live_into(into.live, LivePrinting::lines)},
                {"--ungroup", "-u", "", group, Shown::in_help_all,
                 "prints bytes as they arrive, mixed with those of other commands",
                 live_into(into.live, LivePrinting::bytes)},
                {"--tag", "", "", group, Shown::in_help,
                 "begins each line with the line of the task", cli::flag_into(into.tag)},
                {"--output-dir", "", "DIR", group, Shown::in_help_all,
                 "writes output to DIR/N.out and DIR/N.err for task N, and prints none",
                 cli::text_into(into.output_dir, "a directory")},
                {"--max-output", "", "SIZE", group, Shown::in_help_all,
                 "drops what a command prints beyond SIZE in a stream (default none)",
                 size_into(into.max_output, 0)},
                {"--spool-dir", "", "DIR", group, Shown::in_help_all,
                 "directory for output that waits to be printed (default TMPDIR)",
                 cli::text_into(into.spool_dir, "a directory")},
                {"--spool-size", "", "SIZE", group, Shown::in_help_all,
                 "how much may wait there; then commands wait (default 1G)",
                 size_into(into.spool_size, limits::spool_size_least)},
                {"--keep-output", "", "", group, Shown::in_help_all,
                 "with --journal: output stays when printed, for rollcall output",
                 cli::flag_into(into.keep_output)},
                {"--joblog", "", "FILE", group, Shown::in_help,
                 "a line for each task, as GNU parallel has it",
                 cli::text_into(into.joblog, "a file name")}});
}

Fault check_command(const CommandSpec& command, const ExecOptions& options) {
  if (options.header && !options.command.empty() && options.command.front() == ":") {
    return usage_error(command, "--header: expected no \":\" after it, unlike that of parallel");
  }
  if (!options.from_json.empty()) {
    if (options.command.empty()) return std::nullopt;
    return usage_error(command, "unexpected command " + cli::quote(options.command.front()) +
                                    ": --from-json contains the commands");
  }
  if (options.command.empty() || options.command.front().empty()) {
    return usage_error(command, "COMMAND is missing: expected it after the options, as in " +
                                    command.name + " gzip {}");
  }
  return std::nullopt;
}

/// A journal stores the command line as text.
Fault check_text(const CommandSpec& command, const GivenOptions& given,
                 const ExecOptions& options) {
  const Given* journal = find(given, "--journal");
  if (journal == nullptr) return std::nullopt;
  if (std::ranges::all_of(options.arguments, is_utf8)) return std::nullopt;
  return usage_error(command, *journal, "expected a command line in UTF-8");
}

/// What is printed while a command runs cannot be taken back, put in order, or printed again.
Fault check_live(const CommandSpec& command, const GivenOptions& given,
                 const ExecOptions& options) {
  if (options.live == LivePrinting::none) return std::nullopt;
  const bool in_lines = find(given, "--line-buffer") != nullptr;
  const std::string name = in_lines ? "--line-buffer" : "--ungroup";
  if (in_lines && find(given, "--ungroup") != nullptr) {
    return usage_error(command, "--ungroup: cannot be combined with --line-buffer");
  }
  for (const char* other : {"--keep-order", "--output-dir", "--journal"}) {
    if (find(given, other) == nullptr) continue;
    return usage_error(command, name + ": cannot be combined with " + other);
  }
  if (options.output == OutputFormat::text) return std::nullopt;
  return usage_error(command, name + ": requires --output text");
}

/// Checks that options can be combined.
Fault check_exec(const CommandSpec& command, const GivenOptions& given, ExecOptions& options) {
  if (Fault fault = take_inputs(command, given, options)) return fault;
  if (Fault fault = check_command(command, options)) return fault;
  if (Fault fault = check_live(command, given, options)) return fault;
  if (options.keep_output && options.journal.empty()) {
    return usage_error(command, "--keep-output: requires --journal");
  }
  for (const char* name : {"--keep-order", "--tag", "--keep-output"}) {
    if (find(given, name) != nullptr && !options.output_dir.empty()) {
      return usage_error(command, std::string(name) + ": cannot be combined with --output-dir");
    }
    if (find(given, name) != nullptr && options.output != OutputFormat::text) {
      return usage_error(command, std::string(name) + ": requires --output text");
    }
  }
  for (const char* name : {"--retry-on", "--retry-delay"}) {
    if (find(given, name) != nullptr && options.retries == 0) {
      return usage_error(command, std::string(name) + ": requires --retries");
    }
  }
  const bool has_pace = options.delay > Duration::zero() || options.rate_interval;
  if (const Given* prefetch = find(given, "--prefetch"); has_pace && prefetch != nullptr) {
    return usage_error(command, *prefetch,
                       "cannot be combined with --delay or --rate: no command waits at a worker");
  }
  if (Fault fault = check_text(command, given, options)) return fault;
  return check_run(command, given, options);
}

/// The arguments of `rollcall exec`: options, then a command, perhaps after "--".
struct ExecArguments {
  std::vector<std::string> options;
  std::vector<std::string> command;
};

ExecArguments split_at_command(const CommandSpec& command,
                               const std::vector<std::string>& arguments) {
  const auto begin =
      arguments.begin() + static_cast<std::ptrdiff_t>(cli::leading_options(command, arguments));
  const bool has_dashes = begin != arguments.end() && *begin == "--";
  return {{arguments.begin(), begin}, {begin + (has_dashes ? 1 : 0), arguments.end()}};
}

}  // namespace

Result<Halt> parse_halt(std::string_view text) {
  const Error expected = permanent(
      "expected soon or now, then fail or success, then a number or a share, such as soon,fail=1 "
      "or now,success=10%");
  const std::size_t comma = text.find(',');
  const std::size_t equals = text.find('=');
  if (comma == std::string_view::npos || equals == std::string_view::npos || equals < comma) {
    return expected;
  }
  const std::string_view when = text.substr(0, comma);
  const std::string_view what = text.substr(comma + 1, equals - comma - 1);
  std::string_view amount = text.substr(equals + 1);
  if ((when != "soon" && when != "now") || (what != "fail" && what != "success")) return expected;
  Halt halt;
  halt.now = when == "now";
  halt.on_success = what == "success";
  const bool is_share = amount.ends_with('%');
  if (is_share) amount.remove_suffix(1);
  const std::optional<std::uint64_t> value = number(amount);
  if (!value || *value == 0 || (is_share && *value > 100)) return expected;
  if (is_share) {
    halt.share = static_cast<double>(*value) / 100;
  } else {
    halt.count = *value;
  }
  return halt;
}

Result<Duration> parse_rate(std::string_view text) {
  const Error expected = permanent(
      fmt::format("expected a whole number from 1 to {} for each second, minute or hour, such as "
                  "10/s, 100/m or 5/h",
                  limits::starts_per_unit));
  const std::size_t slash = text.find('/');
  const std::optional<std::uint64_t> count = number(text.substr(0, slash));
  if (slash == std::string_view::npos || !count || *count == 0 ||
      *count > limits::starts_per_unit) {
    return expected;
  }
  const std::string_view unit = text.substr(slash + 1);
  Duration each = std::chrono::seconds(1);
  if (unit == "m") each = std::chrono::minutes(1);
  if (unit == "h") each = std::chrono::hours(1);
  if (unit != "s" && unit != "m" && unit != "h") return expected;
  const auto starts = static_cast<Duration::rep>(*count);
  return Duration((each.count() + starts - 1) / starts);
}

Result<std::uint64_t> parse_size(std::string_view text, std::uint64_t least) {
  constexpr std::string_view kUnits = "KMGT";
  constexpr unsigned kUnitBits = 10;
  constexpr unsigned kMebi = 20;
  constexpr std::uint64_t kMost = limits::stream_bytes - 1;
  const std::size_t unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  const bool has_unit = unit != std::string_view::npos;
  const unsigned shift = has_unit ? kUnitBits * static_cast<unsigned>(unit + 1) : 0;
  if (has_unit) text.remove_suffix(1);
  const std::optional<std::uint64_t> value = number(text);
  if (value && *value <= kMost >> shift && *value << shift >= least) return *value << shift;
  if (least == 0) return permanent("expected a number of bytes, such as 512K, 1M or 10G");
  return permanent(
      fmt::format("expected a size of at least {}M, such as 512M or 10G", least >> kMebi));
}

CommandSpec exec_command(ExecOptions& options) {
  std::vector<OptionSpec> table;
  add_input(table, options);
  add_pipe(table, options);
  add_commands(table, options);
  add_printing(table, options);
  add_whole_run(table, options);
  add_workers(table, options,
              {"workers to start on this machine, or 0 (default 1)",
               "commands at once (default its processors)"});
  add_joining(table, options);
  add_journal(table, options);
  add_output(table, options);
  // What people look for here is not what they look for in other commands.
  for (OptionSpec& option : table) {
    if (option.name == "--journal" || option.name == "--quiet") option.shown = Shown::in_help;
    if (option.name == "--bind") option.shown = Shown::in_help_all;
  }
  CommandSpec command = cli::with_standard_options(
      {"rollcall exec", "[OPTION]... COMMAND [ARGUMENT]... [::: VALUE...]",
       "Runs COMMAND for each line of the input, many at once, on worker processes.\n",
       std::move(table),
       "\nAfter COMMAND: ::: VALUE... is the input; several ::: or files (:::: FILE...):\n"
       "all combinations of {1}, {2}. In COMMAND {} is the line, {.} without extension,\n"
       "{/} its last part, {//} its directory, {#} the task. --help-all: every option.\n"});
  command.hints = exec_hints();
  return command;
}

ParsedOptions<ExecOptions> parse_exec(const std::vector<std::string>& arguments,
                                      const cli::Environment& environment) {
  ExecOptions options;
  const CommandSpec command = exec_command(options);
  ExecArguments split = split_at_command(command, arguments);
  cli::Parsed parsed = cli::parse_options(command, split.options, environment);
  if (auto* print = std::get_if<cli::PrintText>(&parsed)) return std::move(*print);
  if (auto* error = std::get_if<cli::UsageError>(&parsed)) return std::move(*error);
  options.command = std::move(split.command);
  options.arguments = arguments;
  if (Fault fault = check_exec(command, std::get<cli::GivenOptions>(parsed), options))
    return *fault;
  return options;
}

}  // namespace rollcall::coordinator
