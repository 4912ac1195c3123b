// SQLite handles that close themselves, and its errors as Result<T>. No SQLite header is needed to
// use them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rollcall::coordinator::sqlite {

class Database;

/// A prepared statement. Belongs to its Database, which must outlive it.
class Statement {
 public:
  Statement() = default;

  /// Binds all parameters in order and runs to the end. False: see Database::error().
  template <class... Values>
  [[nodiscard]] bool run(const Values&... values) {
    bind_all(values...);
    return finish();
  }
  /// Binds all parameters in order; rows follow with next(). Also begins a query again.
  template <class... Values>
  void bind_all(const Values&... values) {
    reset();
    int place = 0;
    (bind(++place, values), ...);
  }
  /// Parameters are counted from 1.
  void bind(int place, std::int64_t value);
  void bind(int place, std::string_view value);
  void bind(int place, double value);
  void bind(int place, std::nullopt_t);
  template <class T>
  void bind(int place, const std::optional<T>& value) {
    value ? bind(place, *value) : bind(place, std::nullopt);
  }
  /// Runs to the end and makes ready for the next time.
  [[nodiscard]] bool finish();

  /// True: there is a row. False: there is none, and failed() says whether for an error.
  [[nodiscard]] bool next();
  bool failed() const { return failed_; }
  // Columns of the row, counted from 0.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
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

/// One connection. One thread at a time.
class Database {
 public:
  enum class Mode { read, write, create };

  Database() = default;

  /// Error: permanent, but see error().
  [[nodiscard]] static Result<Database> open(const std::string& path, Mode mode);

  /// Runs any number of statements; rows are passed over.
  [[nodiscard]] bool execute(const std::string& sql);
  /// Invalid if the statement cannot be prepared: the next call fails. See ready().
  [[nodiscard]] Result<Statement> prepare(const std::string& sql);

  /// The last error: retryable if the disk is full, else permanent.
  Error error() const;
  /// The last error is that the file is damaged.
  bool error_is_damage() const;
  /// The last error is that something would have to be written first.
  bool error_is_read_only() const;
  /// True between BEGIN and COMMIT or ROLLBACK.
  bool in_transaction() const;
  /// Rows that the last statement changed.
  std::int64_t changes() const;
  /// Pages that were written to the write-ahead log, and not moved from there yet.
  std::uint64_t waiting_pages() const;
  /// Moves what it can from the write-ahead log to the database without waiting for readers.
  [[nodiscard]] bool checkpoint();

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  /// Of the write-ahead log: its length and how much of it has been moved.
  struct Log {
    int pages = 0;
    int moved = 0;
  };
  explicit Database(sqlite3* database);
  static int on_commit(void* log, sqlite3* database, const char* name, int pages);

  std::unique_ptr<Log> log_;  ///< on the heap: SQLite holds its address
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace rollcall::coordinator::sqlite
