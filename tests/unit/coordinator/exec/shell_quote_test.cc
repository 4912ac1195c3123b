// Quoting commands such that a shell reads the same words.
#include "coordinator/exec/input/shell_quote.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "common/base/rng.h"

namespace rollcall::coordinator {
namespace {

std::string output_of(const std::string& script) {
  std::FILE* const pipe = ::popen(script.c_str(), "r");
  std::string text;
  std::array<char, 4096> bytes{};
  for (std::size_t size = 0; (size = std::fread(bytes.data(), 1, bytes.size(), pipe)) > 0;) {
    text.append(bytes.data(), size);
  }
  ::pclose(pipe);
  return text;
}

TEST(ShellQuote, QuotesOnlyWhereNecessary) {
  EXPECT_EQ(shell_line({"gzip", "-9", "dir/file.txt", "--seed=3"}),
            "gzip -9 dir/file.txt --seed=3");
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
}

TEST(ShellQuote, QuotesAssignmentsAndReservedWordsInFirstPlace) {
  EXPECT_EQ(shell_line({"A=b", "A=b"}), "'A=b' A=b");
  EXPECT_EQ(shell_line({"if", "if"}), "'if' if");
}

TEST(ShellQuote, PreservesArbitraryBytes) {
  Rng rng(1);
  std::vector<std::string> args = {"/usr/bin/printf", "<%s>"};
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    std::string word;
    for (std::uint64_t n = rng.below(12); n > 0; --n) {
      const bool any = rng.below(2) == 0;
      word += any ? static_cast<char>(rng.below(255) + 1) : "'\"\\ $`\n!*~#"[rng.below(11)];
    }
    args.push_back(word);
    expected += "<" + word + ">";
  }
  EXPECT_EQ(output_of(shell_line(args)), expected);
}

TEST(ShellQuote, PreservesAWholeCommand) {
  Command command;
  command.args = {"sh", "-c", "pwd; echo \"$A-$1\"; cat", "sh", "an 'arg'"};
  command.env = {"A=b c"};
  command.cwd = "/usr";
  command.input = std::string("-50%\\n\0x\n", 9);
  EXPECT_EQ(output_of(shell_line(command)), "/usr\nb c-an 'arg'\n" + command.input);
}

}  // namespace
}  // namespace rollcall::coordinator
