// Reads the rows of a journal and checks every value.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.h"
#include "common/model/time.h"
#include "coordinator/journal/sqlite/sqlite.h"

namespace rollcall::coordinator::sqlite {

/// Remembers the first fault found while reading. After a fault, next() returns no more rows.
class Check {
 public:
  explicit Check(Database& database) : database_(database) {}

  /// If `holds` is false, notes the fault `what`, unless there is an earlier one. Returns `holds`.
  bool require(bool holds, const std::string& what) {
    if (!holds && !fault_) fault_ = what;
    return holds;
  }
  bool failed() const { return fault_.has_value(); }
  /// The journal is damaged: it was read, and its content is wrong.
  bool is_damage() const { return failed() && !unreadable_; }

  /// Begins a transaction, so that all queries see the same state. Returns false on error.
  bool begin() {
    if (!database_.execute("BEGIN;")) note_database_error();
    return !failed();
  }
  Statement query(const char* sql) {
    auto statement = database_.prepare(sql);
    if (statement) return std::move(*statement);
    note_database_error();
    return {};
  }
  bool next(Statement& rows) {
    if (failed()) return false;
    if (rows.next()) return true;
    if (rows.failed()) note_database_error();
    return false;
  }

  /// Requires failed().
  Error error(const std::string& path) const {
    return permanent(
        (unreadable_ ? "cannot read journal " + path : "journal " + path + " is damaged") + ": " +
        *fault_);
  }

 private:
  void note_database_error() {
    if (failed()) return;
    unreadable_ = !database_.error_is_damage();
    require(false, database_.error().message);
  }

  Database& database_;
  std::optional<std::string> fault_;
  bool unreadable_ = false;
};

/// The values of a row. Instants are converted from run time to the clock of an epoch.
class Columns {
 public:
  Columns(Check& check, const Statement& row, Duration shift)
      : check_(check), row_(row), shift_(shift) {}

  template <class T>
  T number(int column, std::uint64_t most = std::numeric_limits<T>::max()) const {
    const std::int64_t value = row_.integer(column);
    const bool fits = value >= 0 && static_cast<std::uint64_t>(value) <= most;
    return check_.require(fits, "a number is out of range") ? static_cast<T>(value) : T{};
  }
  bool flag(int column) const { return number<std::uint8_t>(column, 1) == 1; }
  Instant instant(int column) const { return instant_from_ns(row_.integer(column)) - shift_; }
  std::optional<Instant> optional_instant(int column) const {
    if (row_.is_null(column)) return std::nullopt;
    return instant(column);
  }
  Duration duration(int column) const { return Duration(row_.integer(column)); }
  std::optional<Duration> optional_duration(int column) const {
    if (row_.is_null(column)) return std::nullopt;
    return duration(column);
  }
  template <class Id>
  Id id(int column) const {
    const std::string text = row_.text(column);
    Id id;
    if (!check_.require(text.size() == 2 * id.bytes.size(), "an id is not 32 digits")) return id;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::size_t digit = std::string_view("0123456789abcdef").find(text[i]);
      check_.require(digit < 16, "an id is not hexadecimal");
      id.bytes[i / 2] =
          static_cast<std::uint8_t>(std::size_t{id.bytes[i / 2]} << 4U | (digit & 15U));
    }
    return id;
  }

  /// Returns the value of `all` whose to_string() equals the text in the column.
  template <class Enum>
  Enum named(int column, std::initializer_list<Enum> all) const {
    const std::string name = row_.text(column);
    for (const Enum value : all) {
      if (name == to_string(value)) return value;
    }
    check_.require(false, "unknown name: " + name);
    return *all.begin();
  }

 private:
  Check& check_;
  const Statement& row_;
  Duration shift_;
};

}  // namespace rollcall::coordinator::sqlite
