// RAII wrappers for SQLite handles, with errors as Result<T>. Does not include SQLite's header.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "coordinator/journal/sqlite/digest.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rollcall::coordinator::sqlite {

class Database;

/// A prepared statement. Its Database must outlive it.
class Statement {
 public:
  Statement() = default;

  /// Binds all parameters in order and runs to the end. Returns false on error: see
  /// Database::error().
  template <class... Values>
  [[nodiscard]] bool run(const Values&... values) {
    bind_all(values...);
    return finish();
  }
  /// Resets the statement and binds all parameters in order; read the rows with next().
  template <class... Values>
  void bind_all(const Values&... values) {
    reset();
    int place = 0;
    (bind(++place, values), ...);
  }
  /// Parameters are numbered from 1.
  void bind(int place, std::int64_t value);
  void bind(int place, std::uint64_t value) { bind(place, static_cast<std::int64_t>(value)); }
  void bind(int place, std::string_view value);
  void bind(int place, double value);
  void bind(int place, std::nullopt_t);
  template <class T>
  void bind(int place, const std::optional<T>& value) {
    value ? bind(place, *value) : bind(place, std::nullopt);
  }
  /// Runs to the end and resets the statement. Returns false on error.
  [[nodiscard]] bool finish();

  /// Moves to the next row. Returns false at the end and on error; then failed() is true after an
  /// error.
  [[nodiscard]] bool next();
  bool failed() const { return failed_; }
  // Columns of the row, numbered from 0.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  int columns() const;
  /// Adds the values of the first `columns` columns of the row.
  void add_to(Digest& digest, int columns) const;
  std::optional<std::int64_t> optional_integer(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void reset();

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  bool failed_ = false;
};

/// One connection. Used by one thread at a time.
class Database {
 public:
  enum class Mode { read, write, create };

  Database() = default;

  /// Opens the database. Errors are those of error().
  [[nodiscard]] static Result<Database> open(const std::string& path, Mode mode);

  /// Runs any number of statements and ignores their rows. Returns false on error.
  [[nodiscard]] bool execute(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(const std::string& sql);

  /// The last error: retryable if the disk is full, otherwise permanent.
  Error error() const;
  /// Whether the last error is that the file is damaged.
  bool error_is_damage() const;
  /// Whether the last error is that a read-only connection had to write.
  bool error_is_read_only() const;
  /// Whether a transaction is open.
  bool in_transaction() const;
  /// Rows changed by the last statement.
  std::int64_t changes() const;
  /// Pages in the write-ahead log that are not in the database yet.
  std::uint64_t log_pages() const;
  /// Moves as many pages as possible from the log to the database without waiting for readers.
  /// Returns false on error.
  [[nodiscard]] bool checkpoint();

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  /// The write-ahead log, in pages: its length and the part moved to the database.
  struct Log {
    int pages = 0;
    int moved = 0;
  };
  explicit Database(sqlite3* database);
  static int on_commit(void* log, sqlite3* database, const char* name, int pages);

  std::unique_ptr<Log> log_;  ///< on the heap, since SQLite holds its address
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace rollcall::coordinator::sqlite
