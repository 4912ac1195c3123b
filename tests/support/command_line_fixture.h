// What the tests of both command lines need.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "common/cli/command_line.h"

namespace rollcall::cli {

/// Arguments and environment of one start of a program.
struct Start {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment = {};

  template <class Parse>
  auto operator()(Parse parse) const {
    std::vector<const char*> argv{"program"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return parse(static_cast<int>(argv.size()), argv.data(), [this](const char* name) {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    });
  }
};

/// What the program prints and how: "2: " and the text of an error, "0: " and a text to read, or
/// "run".
template <class Invocation>
std::string shown(const Invocation& invocation) {
  if (const auto* error = std::get_if<UsageError>(&invocation)) {
    return std::to_string(kUsageStatus) + ": " + error->text;
  }
  if (const auto* print = std::get_if<PrintText>(&invocation)) return "0: " + print->text;
  return "run";
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (const std::string& line : lines_of(text)) longest = std::max(longest, line.size());
  return longest;
}

/// A file of the repository, without backslashes and without the variables of fish, whose `set -l`
/// looks like an option.
inline std::string repository_text(const std::string& path) {
  std::ifstream in(std::string(ROLLCALL_SOURCE_DIR) + '/' + path);
  EXPECT_TRUE(in) << path;
  std::stringstream text;
  text << in.rdbuf();
  return std::regex_replace(text.str(), std::regex(R"(\\|set -l)"), "");
}

/// Every --word of a text. fish says `-l word`, mdoc `Fl -word`.
inline std::set<std::string> options_in(const std::string& text) {
  std::set<std::string> names;
  const std::regex marked(R"((^|[^-a-z])(--|Fl -|-l )([a-z][a-z]+(?:-[a-z]+)*))");
  for (std::sregex_iterator it(text.begin(), text.end(), marked), end; it != end; ++it) {
    names.insert("--" + (*it)[3].str());
  }
  return names;
}

inline std::set<std::string> visible_options(const CommandSpec& command) {
  std::set<std::string> names;
  for (const OptionSpec& option : command.options) {
    if (option.shown != Shown::nowhere) names.insert(option.name);
  }
  return names;
}

/// Holds that `text` has each option of `command`, with its letter, its variable and its choices.
inline void expect_all_options(const CommandSpec& command, const std::string& text) {
  const std::set<std::string> found = options_in(text);
  for (const OptionSpec& option : command.options) {
    if (option.shown == Shown::nowhere) continue;
    EXPECT_EQ(found.count(option.name), 1U) << option.name;
    for (const std::string& choice : option.choices) {
      EXPECT_TRUE(std::regex_search(text, std::regex("\\b" + choice + "\\b")))
          << option.name << ' ' << choice;
    }
  }
}

}  // namespace rollcall::cli
