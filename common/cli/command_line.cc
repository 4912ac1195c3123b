#include "common/cli/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Option.hpp>
#include <algorithm>
#include <cstddef>
#include <optional>
#include <sstream>

namespace rollcall::cli {
namespace {

const OptionSpec* find_option(const CommandSpec& command, std::string_view name) {
  for (const OptionSpec& option : command.options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

std::vector<std::string> visible_names(const CommandSpec& command) {
  std::vector<std::string> names;
  for (const OptionSpec& option : command.options) {
    if (option.shown != Shown::nowhere) names.push_back(option.name);
  }
  return names;
}

void declare(CLI::App& app, const CommandSpec& command) {
  app.set_help_flag();
  app.allow_extras();
  for (const OptionSpec& option : command.options) {
    const std::string names =
        option.letter.empty() ? option.name : option.letter + ',' + option.name;
    if (option.value.empty()) {
      app.add_flag(names)->disable_flag_override();
    } else if (option.repeats) {
      app.add_option(names)
          ->expected(1, CLI::detail::expected_max_vector_size)
          ->allow_extra_args(false);
    } else {
      app.add_option(names)->expected(1)->take_last();
    }
  }
}

/// CLI11 starts its messages with the name of the option.
UsageError explain(const CommandSpec& command, const CLI::ParseError& error) {
  const std::string what = error.what();
  std::string name = what.substr(0, what.find_first_of(": "));
  if (!name.starts_with("--")) name.insert(0, "--");  // a flag
  const OptionSpec* option = find_option(command, name);
  if (option == nullptr) return usage_error(command, what);
  if (option->value.empty()) return usage_error(command, option->name + " takes no value");
  const Result<void> empty = option->apply("");
  return usage_error(command, option->name + " needs a value: " +
                                  (empty ? "expected " + option->value : empty.error().message));
}

UsageError unknown_option(const CommandSpec& command, std::string_view typed) {
  const bool is_long = typed.starts_with("--");
  const std::string name(is_long ? typed.substr(0, typed.find('=')) : typed.substr(0, 2));
  const auto hint = std::ranges::find(command.hints, name, &Hint::option);
  if (hint != command.hints.end()) {
    return usage_error(command, "unknown option " + quote(name) + ": " + hint->text);
  }
  const std::string near = is_long ? closest(name, visible_names(command)) : std::string();
  return usage_error(command,
                     "unknown option " + quote(name) +
                         (near.empty() ? ": expected one that " + command.name + " --help-all lists"
                                       : ": did you mean " + near + "?"));
}

/// Extracts the positional arguments of the command from the words that CLI11 did not recognize:
/// the first that are not options. One whose name ends with "..." takes all that are left.
void take_arguments(const CommandSpec& command, std::vector<std::string>& extras,
                    GivenOptions& given) {
  std::istringstream names(command.argument);
  for (std::string name; names >> name;) {
    do {
      const auto found = std::ranges::find_if(
          extras, [](const std::string& extra) { return !extra.starts_with('-'); });
      if (found == extras.end()) return;
      Given& argument = given[name];
      if (!argument.source.empty()) argument.before.push_back(std::move(argument.text));
      argument.source = name;
      argument.text = std::move(*found);
      extras.erase(found);
    } while (name.ends_with("..."));
  }
}

/// Words that CLI11 did not recognize. Unknown options are reported before arguments, which may be
/// their values.
std::optional<UsageError> find_extra(const CommandSpec& command,
                                     const std::vector<std::string>& extras) {
  for (const std::string& extra : extras) {
    if (extra.size() > 1 && extra.front() == '-' && extra != "--") {
      return unknown_option(command, extra);
    }
  }
  for (const std::string& extra : extras) {
    if (extra == "--") continue;
    return usage_error(command,
                       "unexpected argument " + quote(extra) + ": see " + command.name + " --help");
  }
  return std::nullopt;
}

std::optional<PrintText> find_print(const CommandSpec& command, const GivenOptions& given) {
  if (given.count("--help-all") > 0) return PrintText{help_all_text(command)};
  if (given.count("--help") > 0) return PrintText{help_text(command)};
  if (given.count("--version") > 0) {
    return PrintText{version_text(command.name.substr(0, command.name.find(' ')))};
  }
  return std::nullopt;
}

GivenOptions collect(const CommandSpec& command, const CLI::App& app,
                     const Environment& environment) {
  GivenOptions given;
  for (const OptionSpec& option : command.options) {
    const CLI::Option* parsed = app.get_option(option.name);
    if (parsed->count() > 0) {
      Given& as_given = given[option.name] = {option.name, {}};
      if (option.value.empty()) continue;
      as_given.before = parsed->results();
      as_given.text = as_given.before.back();
      as_given.before.pop_back();
    } else if (!option.environment.empty()) {
      const char* text = environment(option.environment.c_str());
      if (text != nullptr && *text != '\0') given[option.name] = {option.environment, text};
    }
  }
  return given;
}

const OptionSpec* find_letter(const CommandSpec& command, char letter) {
  const std::string name = {'-', letter};
  const auto found = std::ranges::find(command.options, name, &OptionSpec::letter);
  return found == command.options.end() ? nullptr : &*found;
}

/// Whether the value of the option, or of the last of several letters, is the next argument.
bool takes_next_argument(const CommandSpec& command, const std::string& argument) {
  if (argument.starts_with("--")) {
    const OptionSpec* const option = find_option(command, argument);
    return option != nullptr && !option->value.empty();
  }
  for (std::size_t i = 1; i < argument.size(); ++i) {
    const OptionSpec* const option = find_letter(command, argument[i]);
    if (option == nullptr) return false;
    if (!option->value.empty()) return i + 1 == argument.size();
  }
  return false;
}

}  // namespace

std::size_t leading_options(const CommandSpec& command, const std::vector<std::string>& arguments) {
  std::size_t i = 0;
  while (i < arguments.size()) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with('-') || argument == "-" || argument == "--") return i;
    i += takes_next_argument(command, argument) ? 2 : 1;
  }
  return arguments.size();
}

Parsed parse_options(const CommandSpec& command, const std::vector<std::string>& arguments,
                     const Environment& environment) {
  CLI::App app;
  declare(app, command);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return explain(command, error);
  }
  GivenOptions given = collect(command, app, environment);
  if (std::optional<PrintText> print = find_print(command, given)) return *print;
  std::vector<std::string> extras = app.remaining();
  take_arguments(command, extras, given);
  if (std::optional<UsageError> extra = find_extra(command, extras)) return *extra;
  for (const OptionSpec& option : command.options) {
    const auto found = given.find(option.name);
    if (found == given.end() || !option.apply) continue;
    for (const std::string& text : found->second.before) {
      const Result<void> applied = option.apply(text);
      if (!applied) {
        return usage_error(command, {found->second.source, text}, applied.error().message);
      }
    }
    const Result<void> applied = option.apply(found->second.text);
    if (!applied) return usage_error(command, found->second, applied.error().message);
  }
  return given;
}

CommandSpec with_standard_options(CommandSpec command) {
  const auto add = [&](std::string name, std::string letter, std::string help) {
    command.options.push_back(
        {std::move(name), std::move(letter), "", "Help", Shown::in_help_all, std::move(help), {}});
  };
  add("--help", "-h", "the options that most people need, on one screen");
  add("--help-all", "", "every option");
  add("--version", "-V", "the version of the program and of its protocol");
  return command;
}

UsageError usage_error(const CommandSpec& command, const Given& given, std::string_view expected) {
  const OptionSpec* const option = find_option(command, given.source);
  const bool is_flag = option != nullptr && option->value.empty();
  const std::string value = is_flag ? std::string() : ' ' + quote(given.text);
  return usage_error(command, given.source + value + ": " + std::string(expected));
}

UsageError usage_error(const CommandSpec& command, std::string_view message) {
  return {command.name + ": " + std::string(message) + '\n'};
}

}  // namespace rollcall::cli
