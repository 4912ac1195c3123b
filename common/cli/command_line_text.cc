// Texts of a command line: help, version, quoted values and suggestions.
#include <fmt/core.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/base/text.h"
#include "common/cli/command_line.h"
#include "common/messages/message.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kHelpColumn = 30;
constexpr std::size_t kLongestQuote = 100;

/// Appends `text`, which starts at `column`, wrapped at kWidth, with the following lines indented.
void append_wrapped(std::string& out, std::string_view text, std::size_t column) {
  std::size_t at = column;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (at > column && at + 1 + word.size() > kWidth) {
      out += '\n' + std::string(column, ' ');
      at = column;
    }
    if (at > column) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  out += '\n';
}

void append_option(std::string& out, const OptionSpec& option, bool all) {
  std::string left = "  " + (option.letter.empty() ? "    " : option.letter + ", ") + option.name;
  if (!option.value.empty()) left += ' ' + option.value;
  out += left;
  out += left.size() + 2 > kHelpColumn ? '\n' + std::string(kHelpColumn, ' ')
                                       : std::string(kHelpColumn - left.size(), ' ');
  std::string help = option.help;
  if (all && !option.environment.empty()) help += " [" + option.environment + ']';
  append_wrapped(out, help, kHelpColumn);
}

std::string help_of(const CommandSpec& command, bool all) {
  std::string out = "Usage: " + command.name + ' ' + command.usage + '\n' + command.summary;
  std::string group;
  for (const OptionSpec& option : command.options) {
    const bool shown = option.shown == Shown::in_help || (all && option.shown != Shown::nowhere);
    if (!shown) continue;
    if (option.group != group) out += '\n' + option.group + ":\n";
    group = option.group;
    append_option(out, option, all);
  }
  return out + command.footer;
}

/// The number of edits (insert, remove, replace, swap neighbours) between two words: optimal string
/// alignment.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string help_text(const CommandSpec& command) {
  return help_of(command, false);
}

std::string help_all_text(const CommandSpec& command) {
  return help_of(command, true);
}

std::string_view version() {
  return ROLLCALL_VERSION;
}

std::string version_text(std::string_view program) {
  return fmt::format("{} {} (protocol {})\n", program, ROLLCALL_VERSION, kProtocolVersion);
}

std::string quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text.substr(0, kLongestQuote)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  return visible(out) + (text.size() > kLongestQuote ? "...\"" : "\"");
}

std::string closest(std::string_view typed, const std::vector<std::string>& names) {
  // A prefix such as --task is an abbreviation, not a series of typing errors.
  constexpr std::size_t kShortestBeginning = 4;
  typed = typed.substr(0, kLongestQuote);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string& name : names) {
    const bool begins = typed.size() >= kShortestBeginning && name.starts_with(typed);
    const std::size_t d = begins ? 1 : distance(typed, name);
    if (d >= best_distance) continue;
    best_distance = d;
    best = name;
  }
  return best;
}

}  // namespace rollcall::cli
