#include "coordinator/exec/input/shell_quote.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace rollcall::coordinator {
namespace {

constexpr std::string_view kPlain =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";

constexpr std::array<std::string_view, 17> kReserved = {
    "if",  "then", "else",  "elif",  "fi",       "do",     "done", "case",  "esac",
    "for", "in",   "while", "until", "function", "select", "time", "coproc"};

bool is_plain(std::string_view word) {
  return !word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos;
}

std::string in_quotes(std::string_view word) {
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted += '\'';
}

/// Quotes the first word, which must not be read as an assignment or a reserved word.
std::string quote_program(std::string_view word) {
  const bool is_special = word.find('=') != std::string_view::npos ||
                          std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
  return is_special ? in_quotes(word) : shell_quote(word);
}

/// Returns a command that prints `bytes`, including NULs.
std::string printing(std::string_view bytes) {
  std::string format;
  for (const char c : bytes) {
    if (c == '\0') {
      format += "\\000";
    } else if (c == '\\' || c == '%') {
      format.append(2, c);
    } else {
      format += c;
    }
  }
  // Without --, a leading '-' would make the format an option.
  return "printf -- " + shell_quote(format);
}

}  // namespace

std::string shell_quote(std::string_view word) {
  return is_plain(word) ? std::string(word) : in_quotes(word);
}

std::string shell_line(const std::vector<std::string>& args) {
  std::string line;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i > 0) line += ' ';
    line += i == 0 ? quote_program(args[i]) : shell_quote(args[i]);
  }
  return line;
}

std::string shell_line(const Command& command) {
  std::string line;
  if (!command.cwd.empty()) {
    // Without --, a leading '-' would make the directory an option.
    line += "cd -- " + shell_quote(command.cwd) + " && ";
  }
  if (!command.input.empty()) line += printing(command.input) + " | ";
  if (!command.env.empty()) {
    line += "env";
    for (const std::string& variable : command.env) line += ' ' + shell_quote(variable);
    line += ' ';
  }
  line += shell_line(command.args);
  return command.cwd.empty() ? line : "(" + line + ")";
}

}  // namespace rollcall::coordinator
