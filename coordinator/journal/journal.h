// The journal of a run: what a coordinator needs to go on where another one was killed. A SQLite
// database that people read too (docs/reference/journal.md).
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

/// What a run was asked to do.
struct JournalRun {
  RunSpec spec;
  std::string request;       ///< the command and its options as text: the same for the same request
  std::int64_t created = 0;  ///< wall clock, nanoseconds since the Unix epoch
};

/// What the tasks of a run of commands are made of.
struct JournalInput {
  std::function<std::string()> lines;  ///< gives them in parts, an empty one is the end; null: none
  std::optional<std::string> standard_input;  ///< of each command, from one file
};

/// How a finished run came out, beyond what its records say.
struct FinalAccount {
  Duration startup{};
  Duration planning{};
  Duration validation{};
  Resources coordinator;
  int exit_status = 0;
  int signal = 0;  ///< 0: none
};

/// What load() finds.
struct JournalContent {
  RunRecords records;
  std::uint64_t published = 0;            ///< handed to the output, for certain
  std::vector<EpochRecord> epochs;        ///< the one that has begun here included
  std::optional<FinalAccount> account{};  ///< nullopt: the run is not finished
};

/// One journal file. Instants are given and got on this coordinator's clock, and stored in the time
/// of the run's first epoch. One thread at a time. Errors are one line that names the file.
/// Retryable: the disk is full, and nothing of that call is committed. Permanent: nothing more can
/// be committed. What an earlier call committed is there in any case.
class Journal {
 public:
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Makes the file, whole or not at all, and opens it. Error: permanent: there is one, which is
  /// left as it is, or it cannot be written.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> create(const std::string& path,
                                                               const JournalRun& run);
  /// Opens one to go on with, and keeps every other coordinator out until this one has gone, killed
  /// or not. Error: retryable: there is no such file; permanent: it is in use by another
  /// coordinator, no journal, of another version, damaged, or cannot be written.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path);
  /// Opens one for run(), finished() and load() alone, beside a coordinator that may be using it.
  /// Error: as open().
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open_to_read(const std::string& path);

  const JournalRun& run() const { return run_; }
  /// As it was when the file was opened, or finish() has been called.
  bool finished() const { return finished_; }

  /// Forgets every outcome but success, so that those tasks are pending again and the run is not
  /// finished. Before begin_epoch() and load().
  [[nodiscard]] Result<void> forget_failed();
  /// Keeps the next epoch: before anybody listens, and before load() and commit().
  [[nodiscard]] Result<Epoch> begin_epoch(const EpochStart& start);
  /// All that is committed. Before begin_epoch() instants are in the time of the run's first epoch.
  [[nodiscard]] Result<JournalContent> load();

  /// Once, before any commit.
  [[nodiscard]] Result<void> keep_input(const JournalInput& input);
  /// Gives the parts of its lines to `take`, in their order.
  [[nodiscard]] Result<void> read_input(const std::function<Result<void>(std::string_view)>& take);
  /// JournalInput::standard_input.
  [[nodiscard]] Result<std::optional<std::string>> read_standard_input();
  /// Gives the results of commands that are committed to `take`, by record, in their order.
  [[nodiscard]] Result<void> read_commands(
      const std::function<void(std::uint64_t, CommandResult)>& take);

  /// Keeps all of them or none; on return they are on the disk. Requires begin_epoch(), that they
  /// follow on what is committed, and no empty CommittedOutcomes.
  [[nodiscard]] Result<void> commit(std::span<const std::shared_ptr<const Commit>> commits);
  [[nodiscard]] Result<void> commit(const Commit& commit);
  /// Keeps how the run came out, and what its records say of its sessions in the end. Requires that
  /// all outcomes of `records` are committed.
  [[nodiscard]] Result<void> finish(const RunRecords& records, const FinalAccount& account);

  /// Bytes in the write-ahead log that tidy() would move to their place in the file.
  std::uint64_t untidy_bytes() const;
  /// Moves them, and takes its time: when there is nothing to commit, or they have become too many.
  [[nodiscard]] Result<void> tidy();

 private:
  struct Statements;

  Journal(std::string path, FileLock lock, sqlite::Database database);
  [[nodiscard]] Result<void> prepare(bool to_write);
  [[nodiscard]] Result<void> read_run();
  [[nodiscard]] Result<std::vector<EpochRecord>> read_epochs();
  [[nodiscard]] Result<JournalContent> load_in_transaction();
  /// `write` between BEGIN and COMMIT; all of it or nothing. It returns false for an error of the
  /// database.
  [[nodiscard]] Result<void> in_transaction(const std::function<bool()>& write);
  [[nodiscard]] bool write(const Commit& commit, std::uint64_t accepted);
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
  std::optional<EpochRecord> epoch_;  ///< begun here
  std::uint64_t accepted_ = 0;        ///< outcomes that are committed
  bool fenced_ = false;               ///< a later epoch has begun
  std::optional<Error> broken_;       ///< a permanent error: nothing is written any more
};

}  // namespace rollcall::coordinator
