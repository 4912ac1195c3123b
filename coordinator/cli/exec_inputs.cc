#include "coordinator/cli/exec_inputs.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "coordinator/cli/pipe_options.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/exec/input/command_template.h"

namespace rollcall::coordinator {
namespace {

using cli::CommandSpec;
using cli::Given;
using cli::GivenOptions;
using cli::OptionSpec;
using cli::Shown;

using Fault = std::optional<cli::UsageError>;

constexpr const char* kFileName = "a file name, or - for standard input";

InputArgument file_source(std::string name, std::string path) {
  InputArgument source{.from = InputArgument::From::file, .name = std::move(name)};
  source.path = std::move(path);
  return source;
}

/// ":::" and the like begin values or files that follow the command.
bool is_marker(const std::string& word) {
  return word == ":::" || word == ":::+" || word == "::::" || word == "::::+";
}

/// Moves the inputs that follow the command, from the first marker on, to the other inputs.
Fault take_sources(const CommandSpec& command, ExecOptions& options) {
  std::vector<std::string>& words = options.command;
  auto at = std::ranges::find_if(words, is_marker);
  const auto end_of_command = at;
  options.names_sources = at != words.end() || options.sources.size() > 1;
  if (options.range && at != words.end()) {
    options.sources.push_back({.from = InputArgument::From::range, .name = "--range"});
    options.sources.back().range = *options.range;
    options.range.reset();
  }
  while (at != words.end()) {
    const std::string marker = *at;
    const auto end = std::find_if(at + 1, words.end(), is_marker);
    const bool is_linked = marker.ends_with('+');
    if (is_linked && options.sources.empty()) {
      return usage_error(command, marker + " needs an input before it: expected " +
                                      marker.substr(0, marker.size() - 1));
    }
    if (marker.starts_with("::::")) {
      if (at + 1 == end) return usage_error(command, marker + " needs " + kFileName);
      for (auto path = at + 1; path != end; ++path) {
        if (path->empty()) return usage_error(command, marker + " \"\": expected " + kFileName);
        options.sources.push_back(file_source(marker, *path));
        options.sources.back().is_linked = is_linked;
      }
    } else {
      options.sources.push_back({.name = marker, .is_linked = is_linked, .values = {at + 1, end}});
    }
    at = end;
  }
  words.erase(end_of_command, words.end());
  return std::nullopt;
}

/// A single file is not one of several inputs: it may be streamed.
void simplify_sources(ExecOptions& options) {
  if (options.sources.size() != 1) return;
  if (options.sources.front().from != InputArgument::From::file) return;
  options.each_line = std::move(options.sources.front().path);
  options.sources.clear();
}

Fault check_sources(const CommandSpec& command, const GivenOptions& given,
                    const ExecOptions& options) {
  const std::vector<InputArgument>& sources = options.sources;
  if (sources.empty()) return std::nullopt;
  if (const Given* json = find(given, "--from-json")) {
    return usage_error(command, *json, "cannot be combined with " + sources.front().name);
  }
  if (sources.size() > limits::input_sources) {
    return usage_error(
        command,
        fmt::format("{} inputs, each combination of which is a task: expected at most {}; for the "
                    "lines of many files: cat FILE... | {}",
                    sources.size(), limits::input_sources, command.name));
  }
  const auto is_standard_input = [](const InputArgument& source) { return source.path == "-"; };
  if (std::ranges::count_if(sources, is_standard_input) > 1) {
    return usage_error(command, "standard input (-) is given as more than one input");
  }
  for (const char* name : {"--colsep", "--max-args", "--max-chars"}) {
    if (sources.size() > 1 && find(given, name) != nullptr) {
      return usage_error(command, std::string(name) + ": cannot be combined with several inputs");
    }
  }
  return std::nullopt;
}

/// Only one input is allowed, but for lines.
Fault check_input(const CommandSpec& command, const GivenOptions& given) {
  const Given* first = nullptr;
  for (const char* name : {"--each-line", "--range", "--from-json"}) {
    const Given* input = find(given, name);
    if (input == nullptr) continue;
    if (first != nullptr) {
      return usage_error(command, *input, "cannot be combined with " + first->source);
    }
    // The last would silently win.
    if (!input->before.empty() && std::string_view(name) != "--each-line") {
      return usage_error(
          command, *input,
          fmt::format("{} {} is given too: expected one", name, cli::quote(input->before.back())));
    }
    first = input;
  }
  const auto only_for_lines = [&](const char* name, const char* input) -> Fault {
    const Given* option = find(given, name);
    if (option == nullptr || find(given, input) == nullptr) return std::nullopt;
    return usage_error(command, std::string(name) + ": cannot be combined with " + input);
  };
  for (const char* name : {"--null", "--colsep"}) {
    for (const char* input : {"--range", "--from-json"}) {
      if (Fault fault = only_for_lines(name, input)) return fault;
    }
  }
  for (const char* name :
       {"--shell", "--max-args", "--max-chars", "--replacement", "--csv", "--header"}) {
    if (Fault fault = only_for_lines(name, "--from-json")) return fault;
  }
  for (const char* name : {"--max-args", "--max-chars", "--replacement"}) {
    for (const char* columns : {"--colsep", "--csv", "--header"}) {
      if (Fault fault = only_for_lines(name, columns)) return fault;
    }
  }
  return std::nullopt;
}

/// A separator of CSV is one character. Only a file or standard input has records.
Fault check_csv(const CommandSpec& command, const GivenOptions& given, ExecOptions& options) {
  const bool has_range = options.range.has_value() && options.sources.empty();
  if (options.header && has_range) return usage_error(command, "--header: a --range has no lines");
  if (!options.csv) return std::nullopt;
  const auto excludes = [&](const std::string& other) {
    return usage_error(command, "--csv: cannot be combined with " + other);
  };
  if (options.null_separated) return excludes("--null");
  if (options.range) return excludes("--range");
  if (options.sources.size() > 1) return excludes("several inputs");
  for (const InputArgument& source : options.sources) {
    if (source.from != InputArgument::From::file) return excludes(source.name);
  }
  const Given* colsep = find(given, "--colsep");
  if (colsep == nullptr) options.colsep = ",";
  if (options.colsep.size() == 1 && options.colsep.find_first_of("\"\r\n") == std::string::npos) {
    return std::nullopt;
  }
  return usage_error(command, *colsep, "expected one character with --csv, such as ; or \\t");
}

}  // namespace

void add_input(std::vector<OptionSpec>& table, ExecOptions& into) {
  const char* group = "Tasks";
  table.insert(
      table.end(),
      {{"--each-line",
        "-a",
        "FILE",
        group,
        Shown::in_help,
        "a task for each line (default standard input)",
        [&into](const std::string& text) -> Result<void> {
          if (text.empty()) return permanent(std::string("expected ") + kFileName);
          into.sources.push_back(file_source("--each-line", text));
          return {};
        },
        "",
        {},
        true},
       {"--range",
        "",
        "A-B[:STEP]",
        group,
        Shown::in_help,
        "a task for each of these numbers",
        [&into](const std::string& text) -> Result<void> {
          const Result<NumberRange> range = parse_range(text);
          if (!range) return range.error();
          into.range = *range;
          return {};
        },
        "",
        {},
        true},
       {"--from-json",
        "",
        "FILE",
        group,
        Shown::in_help_all,
        "a command in each line of FILE: {\"args\": [...], \"env\", \"cwd\", \"stdin\", "
        "\"timeout\"}",
        cli::text_into(into.from_json, kFileName),
        "",
        {},
        true},
       {"--null", "-0", "", group, Shown::in_help, "lines end with a NUL instead of a newline",
        cli::flag_into(into.null_separated)},
       {"--colsep", "", "TEXT", group, Shown::in_help,
        "separator of the columns {1}, {2} of a line",
        [&into](const std::string& text) -> Result<void> {
          const Result<std::string> separator = parse_colsep(text);
          if (!separator) return separator.error();
          into.colsep = *separator;
          return {};
        }},
       {"--csv", "", "", group, Shown::in_help_all,
        "lines are records of CSV (RFC 4180), with the columns {1}, {2}", cli::flag_into(into.csv)},
       {"--header", "", "", group, Shown::in_help_all,
        "the first line names the columns, as {name} in COMMAND", cli::flag_into(into.header)},
       {"--max-args", "-n", "N", group, Shown::in_help, "up to N lines for each command",
        cli::count_into(into.max_args, 1, limits::task_count)},
       {"--max-chars", "-s", "N", group, Shown::in_help_all,
        "as many lines for each command as fit into N bytes (with -n: default 131072)",
        cli::count_into(into.max_chars, 1, limits::command_chars_most)}});
}

Fault take_inputs(const CommandSpec& command, const GivenOptions& given, ExecOptions& options) {
  if (Fault fault = take_sources(command, options)) return fault;
  if (Fault fault = check_input(command, given)) return fault;
  if (Fault fault = check_sources(command, given, options)) return fault;
  if (Fault fault = check_csv(command, given, options)) return fault;
  simplify_sources(options);
  return check_pipe(command, given, options);
}

}  // namespace rollcall::coordinator
