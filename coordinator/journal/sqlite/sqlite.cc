#include "coordinator/journal/sqlite/sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/check.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator::sqlite {
namespace {

constexpr int kBusyMilliseconds =
    static_cast<int>(limits::journal_busy / std::chrono::milliseconds(1));

int flags_of(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::read:
      return SQLITE_OPEN_READONLY;
    case Database::Mode::write:
      return SQLITE_OPEN_READWRITE;
    case Database::Mode::create:
      break;
  }
  return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

bool is_disk_full(int code, int system_error) {
  if (code == SQLITE_FULL) return true;
  return code == SQLITE_IOERR && (system_error == ENOSPC || system_error == EDQUOT);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int place, std::int64_t value) {
  CHECK(sqlite3_bind_int64(statement_.get(), place, value) == SQLITE_OK);
}

void Statement::bind(int place, std::string_view value) {
  // A null pointer would bind NULL.
  const char* text = value.data() != nullptr ? value.data() : "";
  CHECK(sqlite3_bind_text64(statement_.get(), place, text, value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) == SQLITE_OK);
}

void Statement::bind(int place, double value) {
  CHECK(sqlite3_bind_double(statement_.get(), place, value) == SQLITE_OK);
}

void Statement::bind(int place, std::nullopt_t) {
  CHECK(sqlite3_bind_null(statement_.get(), place) == SQLITE_OK);
}

bool Statement::finish() {
  while (next()) {
  }
  const bool done = !failed_;
  reset();
  return done;
}

bool Statement::next() {
  const int code = sqlite3_step(statement_.get());
  failed_ = code != SQLITE_ROW && code != SQLITE_DONE;
  return code == SQLITE_ROW;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? std::string() : std::string(text, text + size);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

int Statement::columns() const {
  return sqlite3_column_count(statement_.get());
}

void Statement::add_to(Digest& digest, int columns) const {
  for (int i = 0; i < columns; ++i) {
    switch (sqlite3_column_type(statement_.get(), i)) {
      case SQLITE_INTEGER:
        digest.add(integer(i));
        break;
      case SQLITE_FLOAT:
        digest.add(real(i));
        break;
      case SQLITE_NULL:
        digest.add(std::nullopt);
        break;
      default: {  // text and blobs of the same bytes are equal
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), i));
        const int size = sqlite3_column_bytes(statement_.get(), i);
        digest.add(std::string_view(bytes == nullptr ? "" : bytes, static_cast<std::size_t>(size)));
      }
    }
  }
}

void Database::Close::operator()(sqlite3* database) const {
  CHECK(sqlite3_close(database) == SQLITE_OK);
}

Database::Database(sqlite3* database) : log_(std::make_unique<Log>()), database_(database) {
  sqlite3_busy_timeout(database, kBusyMilliseconds);
  sqlite3_wal_hook(database, on_commit, log_.get());  // turns automatic checkpoints off
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &handle, flags_of(mode) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  CHECK(handle != nullptr);
  Database database(handle);
  if (code != SQLITE_OK) return database.error();
  return database;
}

bool Database::execute(const std::string& sql) {
  return sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

Result<Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  Statement statement;
  statement.statement_.reset(handle);
  if (code != SQLITE_OK) return error();
  return statement;
}

Error Database::error() const {
  const int code = sqlite3_extended_errcode(database_.get());
  const int system_error = sqlite3_system_errno(database_.get());
  const int primary = code & 0xff;
  if (is_disk_full(primary, system_error)) return retryable("the disk is full");
  std::string text = sqlite3_errmsg(database_.get());
  if ((primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) && system_error != 0) {
    text += std::string(": ") + std::strerror(system_error);
  }
  return permanent(std::move(text));
}

bool Database::error_is_damage() const {
  const int primary = sqlite3_extended_errcode(database_.get()) & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

bool Database::error_is_read_only() const {
  return (sqlite3_extended_errcode(database_.get()) & 0xff) == SQLITE_READONLY;
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(database_.get());
}

std::uint64_t Database::log_pages() const {
  return static_cast<std::uint64_t>(std::max(log_->pages - log_->moved, 0));
}

bool Database::checkpoint() {
  return sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                   &log_->moved) == SQLITE_OK;
}

int Database::on_commit(void* log, sqlite3*, const char*, int pages) {
  auto& state = *static_cast<Log*>(log);
  if (pages < state.pages) state.moved = 0;  // the log was restarted
  state.pages = pages;
  return SQLITE_OK;
}

}  // namespace rollcall::coordinator::sqlite
