// The results of the commands of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/model/command.h"
#include "common/model/task.h"
#include "coordinator/core/commits/commit.h"
#include "coordinator/core/model/records.h"
#include "coordinator/exec/results/spool_files.h"

namespace rollcall::coordinator {

/// Bytes of output that were not kept.
struct DroppedOutput {
  std::uint64_t out = 0;
  std::uint64_t err = 0;
};

/// Bytes of output that were received.
struct CollectedOutput {
  std::uint64_t out = 0;
  std::uint64_t err = 0;
};

/// What --max-output has dropped. The output of a command that was cancelled is not complete
/// anyway.
DroppedOutput dropped_output(const CommandResult& result);

/// The part of an output that travelled before its result, and is in the spool.
struct SpooledResult {
  SpoolKey key;
  std::string err_end;  ///< its last bytes of standard error, for the list of failed commands
};

/// The result of a command without its output.
struct CommandFacts {
  CommandEnd end = CommandEnd::exited;
  int status = 0;          ///< as in CommandResult
  int signal = 0;          ///< as in CommandResult
  std::string_view error;  ///< the reason, if not_started or out_of_memory
  Duration cpu{};
  std::uint64_t peak_rss_bytes = 0;
  DroppedOutput dropped{};
};

/// Owns command results, by record number. A result includes its output until its record is
/// published; from then on it takes 24 bytes. Used by one thread.
class CommandResults {
 public:
  /// Moves the results of accepted outcomes out of a report, but not those of commands that were
  /// cancelled before they started. The scheduler has turned accepted
  /// outcomes of the report into the records from `before` on, in order. Records after these are
  /// its own decisions. Returns the places in the columns of the accepted outcomes, in the order of
  /// their records.
  std::vector<std::size_t> add_accepted(const RunRecords& records, std::size_t before,
                                        OutcomeColumns& outcomes);

  /// Adds the result of a record from an earlier epoch. Records must be in order, and precede any
  /// report.
  void restore(std::size_t record, CommandResult result);
  /// Returns the results of records [first, first + count), which must not be published yet.
  std::vector<CommittedCommand> for_commit(std::size_t first, std::size_t count) const;
  /// Returns the result of an unpublished record, or nullptr if its command has not run.
  const CommandResult* unpublished(std::size_t record) const;
  /// The same, for a reader that may outlive the record's publication.
  std::shared_ptr<const CommandResult> share_unpublished(std::size_t record) const;
  /// Some output of this unpublished record is in the spool.
  void set_spooled(std::size_t record, SpooledResult spooled);
  /// Returns nullptr if all output of the record is in its result, or if it is published.
  const SpooledResult* spooled(std::size_t record) const;
  /// Discards the output of all records before `end`, which have been published.
  void mark_published(std::size_t end);

  /// Returns nullopt if the command has not run. Valid until the next call of a non-const function.
  std::optional<CommandFacts> facts(std::size_t record) const;
  /// The records before mark_published() with output that was not kept, in order.
  const std::map<std::size_t, DroppedOutput>& dropped() const { return dropped_; }
  /// What all commands before mark_published() have written, without what was dropped.
  const CollectedOutput& collected() const { return collected_; }

 private:
  struct Published {
    Duration cpu{};
    std::uint32_t peak_rss_kib = 0;
    std::uint32_t error = 0;  ///< index into errors_
    CommandEnd end = CommandEnd::exited;
    std::uint8_t status = 0;
    std::uint8_t signal = 0;
    bool has_run = false;
  };

  Published without_output(const CommandResult& result);

  std::vector<Published> published_;                                         ///< by record
  std::map<std::size_t, std::shared_ptr<const CommandResult>> unpublished_;  ///< by record
  std::map<std::size_t, SpooledResult> spooled_;                             ///< by record
  std::map<std::size_t, DroppedOutput> dropped_;  ///< by record; published ones, few in most runs
  CollectedOutput collected_;
  std::vector<std::string> errors_{""};
  std::map<std::string, std::uint32_t> error_numbers_{{"", 0}};
};

}  // namespace rollcall::coordinator
