// Table `checksum` of a journal: one row that every transaction updates. It counts the commits and
// has a checksum of each other table, so that lost commits and changed rows are detected.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "coordinator/journal/sqlite/rows.h"
#include "coordinator/journal/sqlite/sqlite.h"

namespace rollcall::coordinator {

/// What has a checksum of its own.
enum class Part : std::uint8_t {
  tables,  ///< the definitions of all tables
  run,
  epoch,
  session,
  batch,  ///< with table outcome
  history,
  odd_result,
  command,
  input,
  standard_input,
  counters,
  job,
  segment,
  output,
};

inline constexpr std::array<std::string_view, 14> kPartNames = {
    "tables",  "run",   "epoch",          "session",  "batch", "history", "odd_result",
    "command", "input", "standard_input", "counters", "job",   "segment", "output"};
/// Journals of version 1 have this number of parts: the first ones.
inline constexpr std::size_t kPartsOfVersion1 = 11;

/// The row. The checksum of a table is the sum of the checksums of its rows, so that rows can be
/// added, changed and removed. That of the outcomes is the checksum of the last batch.
struct Checksums {
  std::uint64_t commits = 0;  ///< transactions so far
  /// From each checkpoint on, the database file has `true` and the log has `false`: without its log
  /// the file is incomplete.
  bool log_needed = false;
  std::array<std::uint64_t, kPartNames.size()> parts{};

  std::uint64_t& operator[](Part part) { return parts[static_cast<std::size_t>(part)]; }
  std::uint64_t operator[](Part part) const { return parts[static_cast<std::size_t>(part)]; }
  /// The checksum of this row, if it has the first `part_count` parts.
  std::uint64_t own(std::size_t part_count = kPartNames.size()) const;

  /// Creates the table, with one row.
  static std::string create_sql();
  /// A statement for update().
  static std::string update_sql();
  /// Replaces the row if it has `before` commits; otherwise changes nothing. Returns false on
  /// error.
  [[nodiscard]] bool update(sqlite::Statement& statement, std::uint64_t before) const;
  /// Reads the row, which has the first `part_count` parts, and checks its own checksum.
  static Checksums read(sqlite::Check& check, std::size_t part_count);
};

// The first columns of these queries have a checksum.
inline constexpr const char* kSelectBatches =
    "SELECT first_accepted, session, arrived_ns, clock_bound_ns, digest FROM batch "
    "ORDER BY first_accepted";
inline constexpr const char* kSelectOutcomes =
    "SELECT accepted, task, attempt, outcome, pause_ns, started_ns, elapsed_ns, dispatched_ns "
    "FROM outcome ORDER BY accepted";
inline constexpr int kBatchColumns = 4;
inline constexpr int kOutcomeColumns = 8;

/// The checksum of the batch in the current row of `batches`. It begins with the checksum of the
/// batch before, so all batches form a chain; the outcomes are added next.
sqlite::Digest batch_digest(std::uint64_t before, const sqlite::Statement& batches);

/// The sum of the checksums of a table's rows; 0 if the table does not exist.
std::uint64_t sum_of_table(sqlite::Check& check, Part part);

/// Whether the journal has checksums. The first programs wrote none. A journal with only some of
/// their columns is damaged.
bool has_checksums(sqlite::Check& check);

/// Computes all checksums from the rows as they are, within a transaction. Returns false on error.
[[nodiscard]] bool compute_checksums(sqlite::Database& database, Checksums& into);

}  // namespace rollcall::coordinator
