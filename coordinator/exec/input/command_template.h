// The command of the command line, with the places that each task fills in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// What a word takes in a message beside its own bytes, at most.
inline constexpr std::size_t kBytesAWord = 6;

/// How a template is read.
struct TemplateOptions {
  bool append_input = true;  ///< without any placeholder, put {} at the end
  bool shell = false;        ///< the words are a script for /bin/sh
  std::string colsep;        ///< what separates the columns of a line; empty: it has one
};

/// Words with placeholders. In any word, any number of times:
///   {}  the line          {.}  without its extension     {/}  its last part, after the last '/'
///   {//} what is before it ("." if there is nothing)       {/.} the last part without its
///   extension
///   {#} the number of the task                           {1} {2} ...  a column of the line
/// Other braces stay as they are. A column that a line has not is empty.
///
/// Each word becomes one argument, as it is. With `shell` the words, put together with spaces, are
/// a script; the values are its parameters, so that no value is ever read as part of the script.
class CommandTemplate {
 public:
  /// Requires a word. Error: a column beyond the first without a colsep.
  static Result<CommandTemplate> parse(const std::vector<std::string>& words,
                                       const TemplateOptions& options);

  /// The arguments of the command for a line. `number` stands for {#}.
  std::vector<std::string> fill(std::string_view line, std::uint64_t number) const;
  /// Bytes of all arguments of a command for a line of `line` bytes, at most.
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
    std::string text;        ///< of Kind::text
    std::size_t column = 0;  ///< of Kind::column; 0-based

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

/// What the user gave as --colsep: "\\t" is a tab, "\\\\" a backslash.
std::string parse_colsep(std::string_view text);

}  // namespace rollcall::coordinator
