// The journal of a run, from which another coordinator can resume it. A SQLite database that people
// read, too (docs/reference/journal.md).
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
#include "coordinator/journal/epoch.h"
#include "coordinator/journal/file.h"
#include "coordinator/journal/sqlite/sqlite.h"

namespace rollcall::coordinator {

/// The request of a run.
struct JournalRun {
  RunSpec spec;
  std::string request;       ///< command and options as JSON; equal for equal requests
  std::int64_t created = 0;  ///< wall clock, nanoseconds since the Unix epoch
};

/// The input of a run of commands.
struct JournalInput {
  std::function<std::string()> lines;  ///< returns them in parts, then an empty part; null: none
  std::optional<std::string> standard_input;  ///< the same for each command
};

/// A commit of the scheduler, with what the runtime knows about it.
struct JournalCommit {
  std::shared_ptr<const Commit> commit;
  std::uint64_t published = 0;  ///< records that were printed; replaces the number in `commit`
  std::vector<CommittedCommand> commands{};  ///< results of its records
};

/// The result of a finished run, apart from its records.
struct FinalAccount {
  Duration startup{};
  Duration planning{};
  Duration validation{};
  Resources coordinator;
  int exit_status = 0;
  int signal = 0;  ///< 0: none
};

/// The contents of a journal.
struct JournalContent {
  RunRecords records;
  std::uint64_t published = 0;            ///< certainly printed
  std::vector<EpochRecord> epochs;        ///< including the current one
  std::optional<FinalAccount> account{};  ///< nullopt: the run is not finished
};

/// One journal file. Instants are those of this coordinator's clock, and stored in the time of the
/// run's first epoch. One thread at a time. Errors are one line that names the file. A retryable
/// error: the disk is full, and the call committed nothing. A permanent error: nothing more can be
/// committed. Earlier commits stay in either case.
class Journal {
 public:
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Creates the file atomically and opens it. Error: permanent: the file exists, and is left
  /// unchanged, or it cannot be written.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> create(const std::string& path,
                                                               const JournalRun& run);
  /// Opens a journal to resume its run, and locks out other coordinators until this process ends in
  /// any way. Error: retryable: the file does not exist; permanent: another coordinator uses it, it
  /// is not a journal, has another version, is damaged, or cannot be written.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path);
  /// Opens a journal for reading alone; a coordinator may use it at the same time. Errors are those
  /// of open().
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open_to_read(const std::string& path);

  const JournalRun& run() const { return run_; }
  /// The run was finished when the file was opened, or finish() has been called.
  bool finished() const { return finished_; }

  /// Deletes every outcome but success: those tasks are pending again, and the run is not finished.
  /// Before begin_epoch() and load().
  [[nodiscard]] Result<void> forget_failed();
  /// Commits the next epoch: before listening, load() and commit().
  [[nodiscard]] Result<Epoch> begin_epoch(const EpochStart& start);
  /// Reads everything committed. Before begin_epoch() instants are in the time of the run's first
  /// epoch.
  [[nodiscard]] Result<JournalContent> load();

  /// Once, before any commit().
  [[nodiscard]] Result<void> save_input(const JournalInput& input);
  /// Passes the parts of JournalInput::lines to `take`, in their order.
  [[nodiscard]] Result<void> read_input(const std::function<Result<void>(std::string_view)>& take);
  /// JournalInput::standard_input.
  [[nodiscard]] Result<std::optional<std::string>> read_standard_input();
  /// Passes the committed results of commands to `take`, with their records, in their order.
  [[nodiscard]] Result<void> read_commands(
      const std::function<void(std::uint64_t, CommandResult)>& take);

  /// Commits all of them or none; on return they are on the disk. Requires begin_epoch(), commits
  /// that continue the committed ones, and no empty CommittedOutcomes.
  [[nodiscard]] Result<void> commit(std::span<const JournalCommit> commits);
  [[nodiscard]] Result<void> commit(const Commit& commit);
  /// Commits the result of the run and the final state of its sessions. Requires that all outcomes
  /// of `records` are committed.
  [[nodiscard]] Result<void> finish(const RunRecords& records, const FinalAccount& account);

  /// Bytes in the write-ahead log that tidy() would move to their place in the file.
  std::uint64_t untidy_bytes() const;
  /// Moves them, which takes time: when there is nothing to commit, or they have become too many.
  [[nodiscard]] Result<void> tidy();

 private:
  struct Statements;

  Journal(std::string path, FileLock lock, sqlite::Database database);
  [[nodiscard]] Result<void> prepare(bool to_write);
  [[nodiscard]] Result<void> read_run();
  [[nodiscard]] Result<std::vector<EpochRecord>> read_epochs();
  [[nodiscard]] Result<JournalContent> load_in_transaction();
  /// Runs `write` in a transaction. It returns false if the database reports an error.
  [[nodiscard]] Result<void> in_transaction(const std::function<bool()>& write);
  [[nodiscard]] bool write(const JournalCommit& journal_commit, std::uint64_t accepted);
  [[nodiscard]] bool write(const CommittedOutcomes& committed, std::uint64_t accepted);
  [[nodiscard]] bool write(const CommittedCounters& committed, std::uint64_t accepted);
  [[nodiscard]] bool write(const CommittedCommand& committed);
  /// The last error of the database; a permanent one is remembered.
  [[nodiscard]] Error write_error();

  std::string path_;
  FileLock lock_;  ///< closed after the database: closing it frees SQLite's own locks
  sqlite::Database database_;
  std::unique_ptr<Statements> statements_;
  JournalRun run_;
  bool finished_ = false;
  std::optional<EpochRecord> epoch_;  ///< of this coordinator
  std::uint64_t accepted_ = 0;        ///< outcomes that are committed
  bool fenced_ = false;               ///< a later epoch has begun
  std::optional<Error> broken_;       ///< a permanent error: nothing is written any more
};

}  // namespace rollcall::coordinator
