// The command line of a program. CLI11 parses it by a table of options; the help is generated from
// the same table. The `apply` of an option (option_values.h) checks its value.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/cli/option_values.h"

namespace rollcall::cli {

/// Where an option is shown.
enum class Shown {
  in_help,      ///< in --help and --help-all
  in_help_all,  ///< in --help-all only
  nowhere,      ///< for internal use between the two programs
};

/// One option of a command.
struct OptionSpec {
  std::string name;    ///< "--task-count"
  std::string letter;  ///< "-n"; empty: none
  std::string value;   ///< placeholder of the value in the help: "N"; empty: no value
  std::string group;   ///< its heading in the help
  Shown shown = Shown::in_help_all;
  std::string help;                       ///< its effect, choices and default, in a few words
  Apply apply;                            ///< sets the value; errors start with "expected"
  std::string environment = {};           ///< variable with the default value; empty: none
  std::vector<std::string> choices = {};  ///< the possible values, if they are names
  bool repeats = false;                   ///< every occurrence counts, not only the last
};

/// An option of another program that users know, and what it is here.
struct Hint {
  std::string option;  ///< "-P"; not an option of this command
  std::string text;    ///< "-P of xargs is -j"
};

/// A command: `rollcall sleep`, or a whole program.
struct CommandSpec {
  std::string name;                 ///< prefix of every error: "rollcall sleep"
  std::string usage;                ///< follows the name in the first line of the help
  std::string summary;              ///< the lines below
  std::vector<OptionSpec> options;  ///< in the order of the help; with_standard_options() adds
                                    ///< --help, --version and the like
  std::string footer;               ///< last lines of the help
  std::string argument = {};        ///< placeholders and names of its positional arguments: "DIR",
                                    ///< "FILE TASK", "TASK..." if it may repeat; empty: none
  std::vector<Hint> hints = {};     ///< for options that it does not have
};

/// An option that was given: its source, and the text of its value.
struct Given {
  std::string source;  ///< "--pause-min", or the environment variable
  std::string text;
  std::vector<std::string> before = {};  ///< earlier values of a repeatable option
};

/// Values by the name of the option or argument. The last value wins.
using GivenOptions = std::map<std::string, Given>;

/// Text for standard output. The program exits with status 0.
struct PrintText {
  std::string text;
};

/// Text for standard error: one line, or the help of a program that needs a command and got none.
/// The program exits with kUsageStatus.
struct UsageError {
  std::string text;
};

inline constexpr int kUsageStatus = 2;

/// Looks up an environment variable, as std::getenv does.
using Environment = std::function<const char*(const char*)>;

using Parsed = std::variant<GivenOptions, PrintText, UsageError>;

/// Parses `arguments` (without the command) and the environment, and applies the given options in
/// the order of the table. --help and --version have priority over all errors but syntax errors.
Parsed parse_options(const CommandSpec& command, const std::vector<std::string>& arguments,
                     const Environment& environment);

/// How many of the `arguments` are options and their values, up to the first one that is neither.
/// "--" and "-" are no options. For a command whose line ends with that of another program.
std::size_t leading_options(const CommandSpec& command, const std::vector<std::string>& arguments);

/// Adds -h, --help, --help-all, -V and --version to `command`.
CommandSpec with_standard_options(CommandSpec command);

/// The text of --help (one screen) and of --help-all. Lines have at most 80 columns.
std::string help_text(const CommandSpec& command);
std::string help_all_text(const CommandSpec& command);

/// "0.1.0".
std::string_view version();

/// "rollcall 0.1.0 (protocol 1)\n".
std::string version_text(std::string_view program);

/// `NAME: OPTION "VALUE": expected ...`, one line.
UsageError usage_error(const CommandSpec& command, const Given& given, std::string_view expected);
/// `NAME: MESSAGE`, one line.
UsageError usage_error(const CommandSpec& command, std::string_view message);

/// The text in double quotes, on one line: unprintable bytes as \xNN, invisible characters as
/// \uNNNN, a long text truncated with "...".
std::string quote(std::string_view text);

/// The name that `typed` was probably meant to be; empty if none is similar.
std::string closest(std::string_view typed, const std::vector<std::string>& names);

}  // namespace rollcall::cli
