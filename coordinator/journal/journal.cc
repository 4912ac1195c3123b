#include "coordinator/journal/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/base/check.h"
#include "common/os/clock.h"
#include "common/os/descriptor.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/journal/job.h"
#include "coordinator/journal/sqlite/schema.h"
#include "coordinator/journal/statements.h"

namespace rollcall::coordinator {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

using sqlite::Database;

/// SQLite gives some relative names a special meaning (":memory:", "file:..."); an absolute path
/// avoids it.
std::string for_sqlite(const std::string& path) {
  return std::filesystem::absolute(path).string();
}

Error cannot_create(const std::string& path, const Error& why) {
  return permanent("cannot create journal " + path + ": " + why.message);
}

Result<void> insert_run(Database& database, const JournalRun& run) {
  auto insert = database.prepare(
      "INSERT INTO run (run_id, pause_min_ns, pause_max_ns, seed, collection_method, "
      "wait_timeout_ns, request, created_unix_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return insert.error();
  const RunSpec& spec = run.spec;
  std::optional<std::int64_t> wait_timeout;
  if (spec.wait_timeout) wait_timeout = spec.wait_timeout->count();
  const bool done =
      insert->run(to_hex(spec.id.bytes), std::int64_t{spec.pause_min.count()},
                  std::int64_t{spec.pause_max.count()}, static_cast<std::int64_t>(spec.seed),
                  to_string(spec.method), wait_timeout, std::string_view(run.request), run.created);
  if (!done || !insert_job(database, spec, run.source)) return database.error();
  return {};
}

Result<void> insert_checksums(Database& database) {
  Checksums checksums;
  const bool computed = compute_checksums(database, checksums);
  auto update = database.prepare(Checksums::update_sql());
  if (!computed || !update || !checksums.update(*update, 0)) return database.error();
  return {};
}

/// If SQLite cannot create a file, it retries read-only and hides the reason. So create it first.
Result<void> make_file(const std::string& path) {
  constexpr ::mode_t kMode = 0644;
  const os::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kMode));
  if (!file) return permanent(std::strerror(errno));
  return {};
}

/// Writes a complete journal without any epoch.
Result<void> write_new(const std::string& path, const JournalRun& run) {
  if (auto made = make_file(path); !made) return made;
  auto database = Database::open(path, Database::Mode::create);
  if (!database) return database.error();
  const std::string before = fmt::format(
      "PRAGMA page_size = {}; PRAGMA synchronous = FULL; PRAGMA auto_vacuum = NONE; BEGIN;",
      kPageBytes);
  if (!database->execute(before + journal_schema() + Checksums::create_sql())) {
    return database->error();
  }
  if (auto inserted = insert_run(*database, run); !inserted) return inserted;
  if (auto inserted = insert_checksums(*database); !inserted) return inserted;
  // WAL mode is recorded in the file header.
  if (!database->execute("COMMIT; PRAGMA journal_mode = WAL;")) return database->error();
  return {};
}

void remove_new(const std::string& path) {
  for (const char* part : {"", "-journal", "-wal", "-shm"}) ::unlink((path + part).c_str());
}

}  // namespace

Journal::Journal(std::string path, FileLock lock, Database database)
    : path_(std::move(path)), lock_(std::move(lock)), database_(std::move(database)) {}

Journal::~Journal() {
  if (!epoch_ || broken_) return;
  if (!finished_) {
    write_counter();
    return;
  }
  // Turn the journal of a finished run back into a single file, which can be read on a read-only
  // file system. This fails harmlessly while another process reads it.
  statements_.reset();
  static_cast<void>(database_.execute("PRAGMA journal_mode = DELETE;"));
  CommitCounter::remove(path_);
}

Result<std::unique_ptr<Journal>> Journal::create(const std::string& path, const JournalRun& run) {
  if (auto free = check_name_is_free(path); !free) return free.error();
  const std::string name = temporary_name(for_sqlite(path));
  if (auto written = write_new(name, run); !written) {
    remove_new(name);
    return cannot_create(path, written.error());
  }
  CommitCounter::remove(path);  // of a journal that was deleted
  if (auto placed = put_in_place(name, path); !placed) return placed.error();
  return open(path);
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path) {
  auto lock = FileLock::open(path, true);
  if (!lock) return lock.error();
  if (auto taken = lock->take(path); !taken) return taken.error();
  auto database = Database::open(for_sqlite(path), Database::Mode::write);
  if (!database) return permanent("cannot open journal " + path + ": " + database.error().message);
  std::unique_ptr<Journal> journal(new Journal(path, std::move(*lock), std::move(*database)));
  if (auto prepared = journal->prepare(); !prepared) return prepared.error();
  return journal;
}

Result<std::unique_ptr<Journal>> Journal::open_to_read(const std::string& path) {
  {
    const auto checked = FileLock::open(path, false);
    if (!checked) return checked.error();
  }
  auto database = Database::open(for_sqlite(path), Database::Mode::read);
  // A coordinator killed during a write left a half-written file. Only a writer can roll it back.
  if (database && !database->execute("SELECT 1 FROM run") && database->error_is_read_only()) {
    database = Database::open(for_sqlite(path), Database::Mode::write);
  }
  if (!database) return permanent("cannot open journal " + path + ": " + database.error().message);
  std::unique_ptr<Journal> journal(new Journal(path, FileLock(), std::move(*database)));
  if (auto prepared = journal->prepare(); !prepared) return prepared.error();
  return journal;
}

Result<Epoch> Journal::begin_epoch(const EpochStart& start) {
  CHECK(!epoch_);
  std::vector<EpochRecord> epochs;
  auto read = read_consistently([&](sqlite::Check& check) { epochs = read_epochs(check); });
  if (!read) return read.error();
  // The counter must exist first: a power cut may leave a marked file whose log adds nothing.
  if (auto opened = counter_.open(path_, {run_.spec.id, checksums_.commits}); !opened) {
    return opened.error();
  }
  if (auto moved = move_log(); !moved) return moved.error();
  auto newest = database_.prepare("SELECT max(arrived_ns) FROM batch");
  if (!newest) return write_error();
  std::optional<Instant> newest_instant;
  if (newest->next() && !newest->is_null(0)) newest_instant = instant_from_ns(newest->integer(0));
  if (newest->failed()) return write_error();
  const EpochRecord next =
      next_epoch(epochs.empty() ? nullptr : &epochs.back(), start, newest_instant);
  auto insert = database_.prepare("INSERT INTO epoch VALUES (?, ?, ?, ?, ?, ?, ?)");
  auto mark = database_.prepare("UPDATE counters SET epoch = ?");
  if (!insert || !mark) return write_error();
  const auto written = in_transaction([&] {
    const auto set_epoch = [&] { return mark->run(std::int64_t{next.epoch}); };
    return this->insert(Part::epoch, *insert, std::int64_t{next.epoch}, std::int64_t{start.pid},
                        std::string_view(start.boot_id), to_ns(start.monotonic),
                        std::int64_t{start.boottime.count()}, start.unix_ns,
                        std::int64_t{next.shift.count()}) &&
           change_rows(Part::counters, statements_->select_counters, set_epoch);
  });
  if (!written) return written.error();
  epoch_ = next;
  write_counter();
  return next.epoch;
}

Error Journal::write_error() {
  Error error = database_.error();
  if (fenced_) error = permanent("another coordinator has resumed the run");
  error.message = "cannot write journal " + path_ + ": " + error.message;
  if (error.kind == ErrorKind::permanent) broken_ = error;
  return error;
}

Result<void> Journal::start_writing() {
  if (statements_) return {};
  // commit() must not return before the data is on disk.
  if (!database_.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")) {
    return write_error();
  }
  if (auto upgraded = upgrade(); !upgraded) return upgraded;
  auto statements = std::make_unique<Statements>();
  if (!statements->prepare(database_)) return write_error();
  statements_ = std::move(statements);
  return {};
}

Result<void> Journal::in_transaction(const std::function<bool()>& write, bool log_needed) {
  if (broken_) return *broken_;
  if (!lock_.is_at(path_)) {
    broken_ = permanent("journal " + path_ + " has been removed or replaced");
    return *broken_;
  }
  if (auto started = start_writing(); !started) return started;
  pending_ = checksums_;
  ++pending_.commits;
  pending_.log_needed = log_needed;
  if (statements_->begin.run() && write() && write_checksums() && statements_->end.run()) {
    checksums_ = pending_;
    if (os::now() - counted_at_ >= limits::journal_count) write_counter();
    return {};
  }
  const Error error = write_error();
  if (database_.in_transaction()) static_cast<void>(statements_->rollback.run());
  return error;
}

bool Journal::write_checksums() {
  if (!pending_.update(statements_->checksum, checksums_.commits)) return false;
  fenced_ = database_.changes() == 0;
  return !fenced_;
}

bool Journal::add_rows(sqlite::Statement& rows, std::uint64_t& sum) {
  while (rows.next()) {
    sqlite::Digest digest;
    rows.add_to(digest, rows.columns());
    sum += digest.value();
  }
  return !rows.failed();
}

void Journal::write_counter() {
  counter_.write(checksums_.commits);
  counted_ = checksums_.commits;
  counted_at_ = os::now();
}

Result<void> Journal::move_log() {
  auto marked = in_transaction([] { return true; }, /*log_needed=*/true);
  if (marked && !database_.checkpoint()) return write_error();
  return marked;
}

std::uint64_t Journal::log_bytes() const {
  return database_.log_pages() * kPageBytes;
}

Result<void> Journal::checkpoint() {
  if (broken_) return *broken_;
  auto moved = move_log();
  if (moved) moved = in_transaction([] { return true; });
  // On a full disk the data stays in the log, where it is just as durable.
  if (!moved && moved.error().kind != ErrorKind::retryable) return moved;
  write_counter();
  return {};
}

}  // namespace rollcall::coordinator
