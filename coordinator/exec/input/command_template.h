// The command template of `rollcall exec`, with placeholders that each task fills in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// The overhead of a word in a message, at most.
inline constexpr std::size_t kBytesAWord = 6;

/// How the words of a command template become arguments.
struct TemplateOptions {
  bool append_input = true;    ///< append {} if no word has a placeholder
  bool shell = false;          ///< the words are a script for /bin/sh
  std::string colsep = {};     ///< separates the columns of a line; empty: there are no columns
  bool csv = false;            ///< the columns are fields of CSV; colsep is a character then
  std::string replace = {};    ///< the only placeholder, instead of {}; empty: those below
  std::size_t sources = 1;     ///< a task has a value of each
  bool names_sources = false;  ///< {1}, {2} ... are these values
  std::vector<std::string> names = {};  ///< of the columns, or else of the sources
  bool has_values = true;               ///< false: only {#} is a placeholder
};

/// Words with placeholders. A word may have any number of them:
///   {}            the line
///   {.}           the line without its extension: the last dot after the last '/', and what
///   follows
///   {/}           its base name, after the last '/'
///   {//}          its directory, "." if the line has no '/'
///   {/.}          its base name without the extension
///   {#}           the number of the task
///   {1} {2} ...   with colsep: a column of the line, empty if the line does not have it; with
///                 names_sources: the value of a source
///   {1.} {1/} ... the same parts of it
///   {NAME} ...    with names: the same as the number of this column or source, and its parts. A
///                 name that is a placeholder without names, such as # or 1, means that one
/// With `replace`, this text stands for the line, nothing else is a placeholder, and nothing is
/// appended. Other braces are copied, and a value is never searched for placeholders.
///
/// If a task has several values, a word with {}, {.}, {/}, {//} or {/.} becomes one argument for
/// each of them. In a script, such a placeholder becomes as many words.
///
/// Each word becomes one argument. With `shell`, the words joined by spaces are a script. Values
/// are passed as its parameters, so that the shell never parses a value as part of the script.
/// Immutable.
class CommandTemplate {
 public:
  /// Requires at least one word.
  CommandTemplate(const std::vector<std::string>& words, const TemplateOptions& options);

  /// The same words, in which names are placeholders: those in the header. It is one line if there
  /// are columns, else a line of each source. Fails with a permanent error if a name is not unique.
  Result<CommandTemplate> named(const std::vector<std::string>& header) const;

  /// Returns the arguments of the command for a line, or for the values of all sources. `number`
  /// replaces {#}.
  std::vector<std::string> fill(const std::vector<std::string>& values, std::uint64_t number) const;
  /// What {1}, {2} ... stand for, given these values; empty if they stand for nothing.
  std::vector<std::string> columns(const std::vector<std::string>& values) const;
  bool has_columns() const {
    return varies_in_columns() || options_.names_sources || options_.sources > 1;
  }
  /// Whether tasks may have different numbers of columns.
  bool varies_in_columns() const { return !options_.colsep.empty(); }
  /// The name of column `i`, from 0, in the header; "arg1", "arg2" ... without one.
  std::string column_name(std::size_t i) const;
  /// With names: why {word} in COMMAND may be a mistake, for the user; empty: no word in braces
  /// looks like a name that is none.
  std::string unknown_names() const;
  /// How xargs counts: bytes of the arguments, each with a NUL, that are the same for any number of
  /// lines; and of those that a line adds. Approximate for a script.
  std::size_t fixed_bytes() const;
  std::size_t bytes_of(std::string_view line) const;
  /// An upper bound for the bytes of all arguments, given that many values of that many bytes in
  /// all.
  std::size_t bytes_at_most(std::size_t bytes, std::size_t values) const;

 private:
  /// The part of a value that a placeholder stands for.
  enum class Part : std::uint8_t { all, no_extension, base, directory, base_no_extension };
  enum class Kind : std::uint8_t { text, number, value };
  struct Piece {
    Kind kind = Kind::text;
    std::string text = {};   ///< for Kind::text
    Part part = Part::all;   ///< for Kind::value
    std::size_t column = 0;  ///< for Kind::value; from 1. 0: the line, or each value

    friend bool operator==(const Piece&, const Piece&) = default;
  };
  using Word = std::vector<Piece>;
  /// A parameter of a script: a piece, for one of the values.
  struct Parameter {
    Piece piece;
    std::size_t value;

    friend bool operator==(const Parameter&, const Parameter&) = default;
  };
  struct Script {
    std::size_t values = 0;  ///< it is for this number of values
    std::string text;
    std::vector<Parameter> parameters;
  };

  static std::optional<Part> part_named(std::string_view name);
  static std::string_view part_of(std::string_view value, Part part);
  std::optional<Piece> placeholder_named(std::string_view name) const;
  /// Finds the first placeholder at or after `at`. Sets `at` to its first character and `end` to
  /// the one after its last. Returns nullopt if there is none.
  std::optional<Piece> next_placeholder(std::string_view text, std::size_t& at,
                                        std::size_t& end) const;
  Word parse_word(std::string_view text) const;
  /// Whether a word with it becomes one argument for each value.
  static bool is_list(const Piece& piece) { return piece.kind == Kind::value && piece.column == 0; }
  Script make_script(std::size_t values) const;
  std::vector<std::string> fill_script(const std::vector<std::string>& values,
                                       std::uint64_t number) const;
  /// What the piece is for the value with number `i`.
  std::string text_of(const Piece& piece, const std::vector<std::string>& values, std::size_t i,
                      std::uint64_t number) const;
  std::optional<Piece> numbered(std::string_view name) const;
  std::optional<Piece> named_piece(std::string_view name) const;
  bool is_unknown_name(std::string_view name) const;
  std::string column(std::string_view line, std::size_t index) const;
  std::vector<std::string> columns(std::string_view line) const;

  TemplateOptions options_;
  std::vector<std::string> text_;  ///< the words as they were given
  std::vector<Word> words_;
  std::optional<Script> script_;  ///< nullopt: without a shell
};

/// Parses the value of --colsep: "\\t" is a tab, "\\\\" a backslash. Other escapes are errors.
Result<std::string> parse_colsep(std::string_view text);

}  // namespace rollcall::coordinator
