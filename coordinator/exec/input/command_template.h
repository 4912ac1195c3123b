// The command template of `rollcall exec`, with placeholders that each task fills in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// The overhead of a word in a message, at most.
inline constexpr std::size_t kBytesAWord = 6;

/// How the words of a command template become arguments.
struct TemplateOptions {
  bool append_input = true;  ///< append {} if no word has a placeholder
  bool shell = false;        ///< the words are a script for /bin/sh
  std::string colsep;        ///< separates the columns of a line; empty: one column
};

/// Words with placeholders. A word may have any number of them:
///   {}            the line
///   {.}           the line without its extension
///   {/}           its base name, after the last '/'
///   {//}          its directory, "." if the line has no '/'
///   {/.}          its base name without the extension
///   {#}           the number of the task
///   {1} {2} ...   a column of the line, empty if the line does not have it
/// Other braces are copied.
///
/// Each word becomes one argument. With `shell`, the words joined by spaces are a script. Values
/// are passed as its parameters, so that the shell never parses a value as part of the script.
/// Immutable after parse().
class CommandTemplate {
 public:
  /// Requires at least one word. Fails with a permanent error if a column
  /// beyond the first is used without a colsep.
  static Result<CommandTemplate> parse(const std::vector<std::string>& words,
                                       const TemplateOptions& options);

  /// Returns the arguments of the command for a line. `number` replaces {#}.
  std::vector<std::string> fill(std::string_view line, std::uint64_t number) const;
  /// An upper bound for the bytes of all arguments, given a line of `line` bytes.
  std::size_t bytes_at_most(std::size_t line) const;

 private:
  enum class Kind : std::uint8_t {
    text,
    line,
    no_extension,
    base,
    directory,
    base_no_extension,
    number,
    column
  };
  struct Piece {
    Kind kind = Kind::text;
    std::string text;        ///< for Kind::text
    std::size_t column = 0;  ///< for Kind::column; 0-based

    friend bool operator==(const Piece&, const Piece&) = default;
  };
  using Word = std::vector<Piece>;

  static bool read_placeholder(std::string_view text, Piece& piece, std::size_t& size);
  static Word parse_word(std::string_view text);
  void make_script();
  std::string value(const Piece& piece, std::string_view line, std::uint64_t number) const;
  std::string_view column(std::string_view line, std::size_t index) const;

  std::vector<Word> words_;
  std::string colsep_;
};

/// Parses the value of --colsep: "\\t" is a tab, "\\\\" a backslash.
std::string parse_colsep(std::string_view text);

}  // namespace rollcall::coordinator
