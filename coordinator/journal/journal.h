// The journal of a run: an SQLite database with everything that a coordinator needs to resume the
// run. Users may query it, too (docs/reference/journal.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/model/ids.h"
#include "common/model/time.h"
#include "coordinator/core/analysis/summary.h"
#include "coordinator/core/commits/commit.h"
#include "coordinator/core/model/records.h"
#include "coordinator/core/model/run_spec.h"
#include "coordinator/journal/checksums.h"
#include "coordinator/journal/commit_counter.h"
#include "coordinator/journal/epoch.h"
#include "coordinator/journal/file.h"
#include "coordinator/journal/job.h"
#include "coordinator/journal/sqlite/sqlite.h"

namespace rollcall::coordinator {

/// The run that a journal was created for.
struct JournalRun {
  RunSpec spec;              ///< with the committed tasks
  std::string request;       ///< the command and its options; equal requests have equal texts
  std::int64_t created = 0;  ///< wall clock, nanoseconds since the Unix epoch
  std::string source{};      ///< opaque: identifies the source of streamed input; empty: none
};

/// The input of a run of commands.
struct JournalInput {
  std::function<std::string()> lines;  ///< returns the next chunk, empty at the end; may be null
  std::optional<std::string> standard_input;  ///< the same for every command
};

/// The result of a finished run that does not follow from its records.
struct FinalAccount {
  Duration startup{};
  Duration planning{};
  Duration validation{};
  Resources coordinator;
  int exit_status = 0;
  int signal = 0;  ///< 0: none
};

/// The result of load().
struct JournalContent {
  RunRecords records;
  std::uint64_t published = 0;            ///< records that have certainly been published
  std::vector<EpochRecord> epochs;        ///< including the epoch that this object has begun
  std::optional<FinalAccount> account{};  ///< nullopt if the run is not finished
};

/// One journal file. Instants are passed and returned on this coordinator's clock, and stored on
/// the clock of the run's first epoch. Used by one thread at a time. An error is one line that
/// names the file. A retryable error means that the disk is full and that the call committed
/// nothing. After a permanent error nothing more can be committed. Earlier commits stay durable in
/// both cases.
class Journal {
 public:
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Creates the file atomically and opens it. Fails with a permanent error if the file exists,
  /// which is then left unchanged, or cannot be written.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> create(const std::string& path,
                                                               const JournalRun& run);
  /// Opens a journal to resume its run, and locks it against other coordinators until this object
  /// is destroyed or the process ends. The error is retryable if the file does not exist. It is
  /// permanent if the file is in use by another coordinator, is not a journal, has another version,
  /// is damaged, or cannot be written.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path);
  /// Opens a journal read-only, for run(), finished() and load(). A coordinator may be using it.
  /// Same errors as open().
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open_to_read(const std::string& path);

  /// The run as it was when the file was opened or last loaded, with the tasks of commit().
  const JournalRun& run() const { return run_; }
  /// Whether the run was finished when the file was opened, or has been finished by finish().
  bool finished() const { return finished_; }

  /// Deletes every outcome that is not a success, so that these tasks are pending again and the run
  /// is not finished. Must precede begin_epoch() and load().
  [[nodiscard]] Result<void> forget_failed();
  /// Commits the start of the next epoch. Must precede load(), commit(), and listening for workers.
  /// A journal of an earlier version becomes one of this version.
  [[nodiscard]] Result<Epoch> begin_epoch(const EpochStart& start);
  /// Returns all committed state. Before begin_epoch(), instants are on the clock of the run's
  /// first epoch.
  [[nodiscard]] Result<JournalContent> load();

  /// Commits the input. Called at most once, before the first commit().
  [[nodiscard]] Result<void> write_input(const JournalInput& input);
  /// Passes the chunks of JournalInput::lines to `take`, in order, and then the text of each
  /// CommittedTasks that has text.
  [[nodiscard]] Result<void> read_input(const std::function<Result<void>(std::string_view)>& take);
  /// Returns JournalInput::standard_input.
  [[nodiscard]] Result<std::optional<std::string>> read_standard_input();
  /// Passes each committed command result to `take`, in order.
  [[nodiscard]] Result<void> read_commands(const std::function<void(CommittedCommand)>& take);

  /// Commits all of `commits` or none. On return they are on disk. Requires begin_epoch(), that the
  /// first one continues the committed records, that no CommittedOutcomes is empty, and that tasks
  /// are only added while the run is open.
  [[nodiscard]] Result<void> commit(std::span<const std::shared_ptr<const Commit>> commits);
  [[nodiscard]] Result<void> commit(const Commit& commit);
  /// Commits that the first `published` of these records were printed, as far as they are
  /// committed. Requires begin_epoch().
  [[nodiscard]] Result<void> note_published(const RunRecords& records, std::uint64_t published);
  /// Commits the result of the run and the final state of its sessions. Requires that all outcomes
  /// of `records` are committed.
  [[nodiscard]] Result<void> finish(const RunRecords& records, const FinalAccount& account);

  /// Bytes in the write-ahead log that checkpoint() would move into the database.
  std::uint64_t log_bytes() const;
  /// Moves the write-ahead log into the database. This is slow: call it when there is nothing to
  /// commit, or when the log has grown too large.
  [[nodiscard]] Result<void> checkpoint();
  /// Whether there were commits since the commit counter was written. commit() writes it once a
  /// second; call write_counter() if no commit follows for as long.
  bool counter_is_behind() const { return checksums_.commits != counted_; }
  void write_counter();

 private:
  struct Statements;

  Journal(std::string path, FileLock lock, sqlite::Database database);
  /// Reads everything but outcomes, commands and input, and checks it.
  [[nodiscard]] Result<void> prepare();
  void check_state(sqlite::Check& check, const std::optional<CommitCounter::Count>& counted);
  void check_log(sqlite::Check& check, const std::optional<CommitCounter::Count>& counted) const;
  /// Requires that the checksum of `part` is `sum`, or without `sum`, that of its rows.
  void check_sum(sqlite::Check& check, Part part,
                 std::optional<std::uint64_t> sum = std::nullopt) const;
  /// Reads the version and the checksums.
  void read_format(sqlite::Check& check);
  /// Checks every table.
  [[nodiscard]] Result<void> check_all();
  /// Reads the run, and returns its job.
  StoredJob read_run(sqlite::Check& check);
  std::vector<EpochRecord> read_epochs(sqlite::Check& check);
  /// Runs `read` in one transaction, so that all its queries see the same state.
  [[nodiscard]] Result<void> read_consistently(const std::function<void(sqlite::Check&)>& read);
  JournalContent load(sqlite::Check& check);
  /// The error of a failed check. If the journal is damaged, it states which results are intact.
  Error error_of(const sqlite::Check& check);
  /// The number of first outcomes that agree with their checksums.
  std::uint64_t intact_outcomes();

  /// Prepares the first transaction.
  [[nodiscard]] Result<void> start_writing();
  /// Turns a journal of an earlier version, or without checksums, into one of this version.
  [[nodiscard]] Result<void> upgrade();
  /// Runs `write` in a transaction. `write` returns false after a database error, and the
  /// transaction is then rolled back.
  [[nodiscard]] Result<void> in_transaction(const std::function<bool()>& write,
                                            bool log_needed = false);
  /// Moves the log into the database file, which then states that it needs its log. The next
  /// transaction, in the log, states the opposite.
  [[nodiscard]] Result<void> move_log();
  /// Adds the tasks of `commit` to `spec`.
  [[nodiscard]] bool write(const Commit& commit, std::uint64_t accepted, RunSpec& spec);
  [[nodiscard]] bool write(const CommittedTasks& committed, RunSpec& spec);
  [[nodiscard]] bool write(const CommittedSession& committed);
  [[nodiscard]] bool write(const CommittedProgress& committed);
  [[nodiscard]] bool write(TaskId task, const TaskHistory& history);
  [[nodiscard]] bool write(const CommittedOutcomes& committed, std::uint64_t accepted);
  [[nodiscard]] bool write(const CommittedCounters& committed, std::uint64_t accepted);
  [[nodiscard]] bool write(const CommittedCommand& committed);
  /// Adds the next part of the input.
  [[nodiscard]] bool append_input(std::string_view text);
  [[nodiscard]] bool write_checksums();
  /// Inserts a row into a table, and adds it to the table's checksum. `values` are all its columns.
  template <class... Values>
  [[nodiscard]] bool insert(Part part, sqlite::Statement& statement, const Values&... values) {
    pending_[part] += sqlite::digest_of(values...);
    return statement.run(values...);
  }
  /// Runs `change`, which changes or inserts the rows that `select` reads with these keys, and
  /// adapts the table's checksum.
  template <class Change, class... Keys>
  [[nodiscard]] bool change_rows(Part part, sqlite::Statement& select, const Change& change,
                                 const Keys&... keys) {
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    select.bind_all(keys...);
    if (!add_rows(select, before) || !change()) return false;
    select.bind_all(keys...);
    if (!add_rows(select, after)) return false;
    pending_[part] += after - before;
    return true;
  }
  [[nodiscard]] static bool add_rows(sqlite::Statement& rows, std::uint64_t& sum);
  /// Returns the last database error. A permanent one is stored in broken_.
  [[nodiscard]] Error write_error();

  std::string path_;
  FileLock lock_;  ///< must outlive database_: closing the file releases SQLite's own locks
  sqlite::Database database_;
  std::unique_ptr<Statements> statements_;  ///< null before start_writing()
  JournalRun run_;
  bool finished_ = false;
  std::int64_t version_ = 0;  ///< of the tables
  bool has_checksums_ = false;
  Checksums checksums_;               ///< of the last transaction
  Checksums pending_;                 ///< of the transaction that is being written
  CommitCounter counter_;             ///< opened by begin_epoch()
  std::uint64_t counted_ = 0;         ///< the number in counter_
  Instant counted_at_;                ///< when it was written
  std::optional<EpochRecord> epoch_;  ///< set by begin_epoch()
  std::uint64_t accepted_ = 0;        ///< number of committed outcomes
  bool fenced_ = false;               ///< a later epoch has begun
  std::optional<Error> broken_;       ///< the first permanent error; no more writes after it
};

}  // namespace rollcall::coordinator
