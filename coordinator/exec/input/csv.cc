#include "coordinator/exec/input/csv.h"

#include <fmt/core.h>

#include <utility>

namespace rollcall::coordinator {
namespace {

/// U+FEFF in UTF-8.
constexpr std::string_view kMark = "\xef\xbb\xbf";

}  // namespace

Result<std::size_t> CsvRecords::find_end(std::string_view bytes) {
  if (!std::exchange(is_begun_, true)) begin_ = line_;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char next = bytes[i];
    if (state_ == State::input) skip_mark(next);
    if (next == '\n') {
      ++line_;
      if (state_ == State::quoted) continue;
      state_ = State::field;
      is_begun_ = false;
      return i;
    }
    if (state_ != State::input && !take(next)) return misplaced();
  }
  return std::string_view::npos;
}

/// A part of a mark is the begin of a field.
void CsvRecords::skip_mark(char next) {
  if (mark_ == kMark.size()) {
    state_ = State::field;
  } else if (next == kMark[mark_]) {
    ++mark_;
  } else {
    state_ = mark_ == 0 ? State::field : State::plain;
  }
}

bool CsvRecords::take(char next) {
  const bool is_quote = next == '"';
  switch (state_) {
    case State::input:
    case State::field:
      if (is_quote) {
        quote_ = line_;
        state_ = State::quoted;
        return true;
      }
      [[fallthrough]];
    case State::plain:
      state_ = next == separator_ ? State::field : State::plain;
      return !is_quote;
    case State::quoted:
      if (is_quote) state_ = State::quote;
      return true;
    case State::quote:
      state_ = is_quote ? State::quoted : next == separator_ ? State::field : State::last_line;
      return state_ != State::last_line || next == '\r';
    case State::last_line:
      break;
  }
  return false;
}

Error CsvRecords::misplaced() const {
  if (state_ == State::last_line) {
    return permanent(fmt::format(
        "line {}: text after a closing quote: a quote in quotes is written twice", line_));
  }
  return permanent(fmt::format(
      "line {}: a quote in a field that does not begin with one: expected quotes around the field",
      line_));
}

std::optional<std::uint64_t> CsvRecords::open_quote() const {
  if (state_ != State::quoted) return std::nullopt;
  return quote_;
}

Result<void> CsvRecords::finish() const {
  if (state_ != State::quoted) return {};
  return permanent(fmt::format("line {}: a quote is not closed", quote_));
}

std::string_view csv_text(std::string_view record) {
  if (record.starts_with(kMark)) record.remove_prefix(kMark.size());
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

std::vector<std::string> csv_fields(std::string_view record, char separator) {
  record = csv_text(record);
  std::vector<std::string> fields;
  for (;;) {
    std::string& field = fields.emplace_back();
    if (record.starts_with('"')) {
      do {  // each round takes the text up to the next quote
        record.remove_prefix(1);
        const std::size_t quote = record.find('"');
        field += record.substr(0, quote);
        record.remove_prefix(quote == std::string_view::npos ? record.size() : quote + 1);
        if (record.starts_with('"')) field += '"';
      } while (record.starts_with('"'));
    }
    const std::size_t end = record.find(separator);
    field += record.substr(0, end);
    if (end == std::string_view::npos) return fields;
    record.remove_prefix(end + 1);
  }
}

}  // namespace rollcall::coordinator
