// The table of every option of GNU parallel in the how-to, and the hints for these options.
#include <gmock/gmock.h>

#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "coordinator/cli/exec_options.h"
#include "coordinator/commands/command_line.h"
#include "tests/support/command_line_fixture.h"

namespace rollcall::coordinator {
namespace {

using Words = std::vector<std::string>;

/// One option of GNU parallel: its names, and what the page says about Rollcall.
struct Row {
  std::string names;  ///< "--null -0"
  std::string cell;
};

Words words_of(const std::string& text) {
  Words words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// The names in the manual of GNU parallel, one option in each line.
Words names_in_the_manual() {
  Words lines =
      cli::lines_of(cli::repository_text("tests/unit/coordinator/cli/parallel_options.txt"));
  std::erase_if(lines, [](const std::string& line) { return line.starts_with('#'); });
  return lines;
}

/// The texts in backquotes.
Words spans_of(const std::string& text) {
  Words spans;
  const std::regex span("`([^`]+)`");
  for (std::sregex_iterator it(text.begin(), text.end(), span), end; it != end; ++it) {
    spans.push_back((*it)[1]);
  }
  return spans;
}

std::vector<Row> rows_of_the_page() {
  std::vector<Row> rows;
  const std::string page = cli::repository_text("docs/how-to/from-parallel-and-xargs.md");
  const std::string table = page.substr(page.find("## Every option of GNU parallel"));
  for (const std::string& line : cli::lines_of(table)) {
    const std::size_t border = line.find(" | ", 1);
    if (!line.starts_with("| `") || !line.ends_with(" |") || border == std::string::npos) continue;
    Row row;
    for (const std::string& name : spans_of(line.substr(0, border))) {
      row.names += (row.names.empty() ? "" : " ") + name;
    }
    row.cell = line.substr(border + 3, line.size() - border - 5);
    rows.push_back(row);
  }
  return rows;
}

/// The text of `rollcall COMMAND --help-all`; nothing if there is no such command.
std::optional<std::string> help_of(const std::string& command) {
  const std::string shown = cli::shown(cli::Start{{command, "--help-all"}, {}}(parse_command_line));
  if (!shown.starts_with("0: ")) return std::nullopt;
  return shown;
}

bool has_option(const std::string& help, const std::string& option) {
  return std::regex_search(help, std::regex("[ ,]" + option + "[ ,\n]"));
}

bool exec_has(const std::string& option) {
  static const std::string help = help_of("exec").value_or("");
  return has_option(help, option);
}

/// Checks that Rollcall has the options in a text such as "--slots N" or "rollcall resume
/// --journal". A text that begins with another program is not checked.
void expect_exists(const std::string& span) {
  std::string command = "exec";
  std::size_t begin = 0;
  if (const std::size_t at = span.find("rollcall "); at != std::string::npos) {
    const Words words = words_of(span.substr(at));
    if (words[1].starts_with('-')) return;
    command = words[1];
    begin = at;
  } else if (!span.starts_with('-')) {
    return;
  }
  const std::optional<std::string> help = help_of(command);
  EXPECT_TRUE(help) << span;
  for (const std::string& word : words_of(span.substr(begin))) {
    if (!word.starts_with('-') || word == "-" || !help) continue;
    EXPECT_TRUE(has_option(*help, word)) << span;
  }
}

/// Whether the hint for an option agrees with the page.
bool agrees(const std::string& hint, const std::string& cell) {
  for (const char* verdict : {"not available", "not needed"}) {
    if (cell.starts_with(verdict)) return hint.find(verdict) != std::string::npos;
  }
  for (const std::string& span : spans_of(cell)) {
    const std::string what = span.starts_with('-') ? words_of(span).front() : span;
    if (hint.find(' ' + what) != std::string::npos) return true;
  }
  return false;
}

TEST(OptionsOfParallel, AreAllOnThePageInTheirOrder) {
  Words names;
  for (const Row& row : rows_of_the_page()) names.push_back(row.names);
  EXPECT_THAT(names, testing::ElementsAreArray(names_in_the_manual()));
}

TEST(OptionsOfParallel, HaveEquivalentsThatExist) {
  for (const Row& row : rows_of_the_page()) {
    for (const std::string& span : spans_of(row.cell)) expect_exists(span);
    if (!row.cell.starts_with("the same")) continue;
    for (const std::string& name : words_of(row.names)) EXPECT_TRUE(exec_has(name)) << name;
  }
}

TEST(OptionsOfParallel, AreOptionsHereOrHaveAHintThatAgreesWithThePage) {
  ExecOptions unused;
  const cli::CommandSpec command = exec_command(unused);
  for (const Row& row : rows_of_the_page()) {
    for (const std::string& name : words_of(row.names)) {
      if (exec_has(name)) continue;
      const auto hint = std::ranges::find(command.hints, name, &cli::Hint::option);
      if (hint == command.hints.end()) {
        ADD_FAILURE() << name << " has no hint";
      } else {
        EXPECT_TRUE(agrees(hint->text, row.cell)) << hint->text << "\n" << row.cell;
      }
    }
  }
}

}  // namespace
}  // namespace rollcall::coordinator
