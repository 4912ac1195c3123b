#include "coordinator/commands/command_line.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/cli/sleep_options.h"
#include "coordinator/kinds/kinds.h"

namespace rollcall::coordinator {
namespace {

using cli::CommandSpec;
using cli::PrintText;
using cli::UsageError;

using Arguments = std::vector<std::string>;

/// A command that runs no tasks.
struct Command {
  std::string_view name;
  std::string_view summary;
  Invocation (*parse)(const Arguments&, const cli::Environment&);
};

template <class Parsed>
Invocation to_invocation(Parsed parsed) {
  return std::visit([](auto& value) -> Invocation { return std::move(value); }, parsed);
}

template <auto parse>
Invocation invoke(const Arguments& arguments, const cli::Environment& environment) {
  return to_invocation(parse(arguments, environment));
}

constexpr std::array<Command, 13> kCommands = {{
    {"status", "shows the state of a run", invoke<parse_status>},
    {"follow", "prints the output of a task while it runs", invoke<parse_follow>},
    {"cancel", "cancels tasks of a run", invoke<parse_cancel>},
    {"pause", "starts no further task of a run", invoke<parse_pause>},
    {"unpause", "starts tasks of a paused run again", invoke<parse_unpause>},
    {"slots", "limits the slots of workers", invoke<parse_slots_command>},
    {"drain", "removes workers from a run", invoke<parse_drain>},
    {"report", "reports a run from its journal", invoke<parse_report>},
    {"output", "prints the output of a task from a journal", invoke<parse_output>},
    {"validate", "validates a run from its journal", invoke<parse_validate>},
    {"resume", "resumes a run from its journal", invoke<parse_resume>},
    {"abandon", "ends an unfinished run for good", invoke<parse_abandon>},
    {"keys", "makes the keys of a run in advance", invoke<parse_keys>},
}};

/// Returns the option of `rollcall sleep` that `argument` names, or an empty text.
std::string option_of_sleep(const std::string& argument) {
  SleepOptions unused;
  std::string name = argument.substr(0, argument.find('='));
  for (const cli::OptionSpec& option : sleep_command(unused).options) {
    if (option.group != "Help" && (name == option.name || name == option.letter)) return name;
  }
  return {};
}

/// `rollcall` without a command: only --help and the like are valid.
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

UsageError unknown_command(const std::string& typed) {
  std::vector<std::string> names;
  for (const Kind* kind : kinds_by_name()) names.emplace_back(to_string(kind->id));
  for (const Command& command : kCommands) names.emplace_back(command.name);
  names.emplace_back("help");
  const std::string near = cli::closest(typed, names);
  return usage_error(program_command(), "unknown command " + cli::quote(typed) + ": " +
                                            (near.empty() ? cli::expected_one_of(names).message
                                                          : "did you mean " + near + "?"));
}

Invocation parse_command(const std::string& name, const Arguments& arguments,
                         const cli::Environment& environment) {
  if (const auto kind = kind_named(name)) {
    return to_invocation(kind_of(*kind).parse(arguments, environment));
  }
  const auto command = std::find_if(kCommands.begin(), kCommands.end(),
                                    [&](const Command& c) { return c.name == name; });
  if (command == kCommands.end()) return unknown_command(name);
  return command->parse(arguments, environment);
}

}  // namespace

CommandSpec program_command() {
  std::string summary =
      "Runs many tasks at once on many processes and machines, and calls the roll.\n"
      "\nCommands:\n";
  const auto add = [&summary](std::string_view name, std::string_view text) {
    constexpr std::size_t kWidth = 9;
    summary.append("  ").append(name).append(kWidth - name.size(), ' ').append(text).append("\n");
  };
  for (const Kind* kind : kinds_by_name()) add(to_string(kind->id), kind->summary);
  for (const Command& command : kCommands) add(command.name, command.summary);
  add("help", "prints the help of a command: rollcall help exec");
  return cli::with_standard_options(
      {"rollcall",
       "COMMAND [OPTION]...",
       std::move(summary),
       {},
       "\nrollcall COMMAND --help shows its options, rollcall --version the version.\n"});
}

Invocation parse_command_line(int argc, const char* const* argv,
                              const cli::Environment& environment) {
  const Arguments all(argv + std::min(argc, 1), argv + argc);
  if (all.empty() || all.front().starts_with('-')) return parse_program(all, environment);
  const Arguments rest(all.begin() + 1, all.end());
  if (all.front() != "help") return parse_command(all.front(), rest, environment);
  if (rest.empty()) return PrintText{help_text(program_command())};
  return parse_command(rest.front(), {"--help"}, environment);
}

}  // namespace rollcall::coordinator
