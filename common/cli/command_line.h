// The command line of a program: a table of its options, read by CLI11, from which the help comes
// too. What an option accepts is said by its `apply` (option_values.h).
#pragma once

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
  in_help,      ///< on the one screen of --help, and in --help-all
  in_help_all,  ///< in --help-all alone
  nowhere,      ///< one program gives it to the other
};

/// One option of a command.
struct OptionSpec {
  std::string name;    ///< "--task-count"
  std::string letter;  ///< "-n"; empty: none
  std::string value;   ///< stands for its value in the help: "N"; empty: it takes none
  std::string group;   ///< its heading in the help
  Shown shown = Shown::in_help_all;
  std::string help;              ///< what it does, its choices and its default, in a few words
  Apply apply;                   ///< takes the value; an error is "expected ..."
  std::string environment = {};  ///< the variable that stands in for it; empty: none
  std::vector<std::string> choices = {};  ///< all its values, if they are a few names
  bool repeats = false;                   ///< each time that it is given counts, not the last alone
};

/// A command: `rollcall sleep`, or a whole program.
struct CommandSpec {
  std::string name;                 ///< as it begins every error: "rollcall sleep"
  std::string usage;                ///< what follows the name in the first line of the help
  std::string summary;              ///< lines under it
  std::vector<OptionSpec> options;  ///< in the order of the help; --help and the like come by
                                    ///< with_standard_options
  std::string footer;               ///< lines that end the help
  std::string argument = {};        ///< "DIR": stands for its one argument, which is given under
                                    ///< this name; empty: it takes none
};

/// An option that was given: by what name, and the text of its value.
struct Given {
  std::string source;  ///< "--pause-min", or the environment variable
  std::string text;
  std::vector<std::string> before = {};  ///< of an option that repeats: the values before that
};

/// By the name of the option, or of the argument. An option that was given twice has its last
/// value.
using GivenOptions = std::map<std::string, Given>;

/// To be printed on standard output as it is; the program exits with 0.
struct PrintText {
  std::string text;
};

/// To be printed on standard error as it is; the program exits with kUsageStatus. One line, but
/// for a program that was given no command: its help.
struct UsageError {
  std::string text;
};

inline constexpr int kUsageStatus = 2;

/// Looks up a variable, nullptr: not set. std::getenv is one.
using Environment = std::function<const char*(const char*)>;

using Parsed = std::variant<GivenOptions, PrintText, UsageError>;

/// Reads `arguments` (without the command) and the environment, and applies what is given, in the
/// order of the table. --help and its kin win over everything but a line that cannot be read.
Parsed parse_options(const CommandSpec& command, const std::vector<std::string>& arguments,
                     const Environment& environment);

/// `command` with -h, --help, --help-all, -V and --version.
CommandSpec with_standard_options(CommandSpec command);

/// The help on one screen, and all of it; lines are at most 80 columns wide.
std::string help_text(const CommandSpec& command);
std::string help_all_text(const CommandSpec& command);

/// "rollcall 0.1.0 (protocol 1)", with an end of line.
std::string version_text(std::string_view program);

/// `NAME: OPTION "VALUE": expected ...`, one line.
UsageError usage_error(const CommandSpec& command, const Given& given, std::string_view expected);
/// `NAME: MESSAGE`, one line.
UsageError usage_error(const CommandSpec& command, std::string_view message);

/// In double quotes, on one line: what cannot be printed as \xNN, the end of a long text as "...".
std::string quote(std::string_view text);

/// The one of `names` that was most likely meant by `typed`; empty: none is close.
std::string closest(std::string_view typed, const std::vector<std::string>& names);

}  // namespace rollcall::cli
