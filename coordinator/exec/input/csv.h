// Comma-separated values, as RFC 4180 defines them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rollcall::coordinator {

/// Finds the end of each record in an input that arrives in chunks, which may end anywhere. A
/// record ends with a newline outside of quotes. A byte order mark may precede the first one. A
/// value.
class CsvRecords {
 public:
  /// `separator`: of fields.
  explicit CsvRecords(char separator) : separator_(separator) {}

  /// Returns the place of the newline that ends the record, or npos if the record goes on after
  /// these bytes. The bytes of the next call are those that follow. Fails permanently, with the
  /// number of the line, if there is a quote in a field that does not begin with one, or if a
  /// closing quote is not the end of its field. Must not be called again after an error.
  Result<std::size_t> find_end(std::string_view bytes);
  /// The input has ended, perhaps without a last newline. Fails if a quote is open.
  Result<void> finish() const;
  /// The line on which the record of the last find_end() begins, from 1. A record has several lines
  /// if it has newlines in quotes.
  std::uint64_t line() const { return begin_; }
  /// The line of the opening quote, if find_end() has stopped in quotes.
  std::optional<std::uint64_t> open_quote() const;

 private:
  enum class State : std::uint8_t {
    input,      ///< at the begin of the input, perhaps after a part of a byte order mark
    field,      ///< at the begin of a field
    plain,      ///< in a field without quotes
    quoted,     ///< in quotes
    quote,      ///< after a quote in quotes: it is the closing one, or the first of two
    last_line,  ///< after the closing quote and a carriage return
  };

  void skip_mark(char next);
  /// Handles the next byte, which is not a newline. Returns false if it is not allowed there.
  bool take(char next);
  Error misplaced() const;

  char separator_;
  State state_ = State::input;
  std::size_t mark_ = 0;  ///< bytes of a byte order mark so far
  bool is_begun_ = false;
  std::uint64_t line_ = 1;
  std::uint64_t begin_ = 1;
  std::uint64_t quote_ = 1;  ///< the line of the last opening quote
};

/// A record without the byte order mark before it, and without the carriage return of its line end.
std::string_view csv_text(std::string_view record);

/// The fields of a record that CsvRecords has accepted, without their quotes; at least one.
std::vector<std::string> csv_fields(std::string_view record, char separator);

}  // namespace rollcall::coordinator
