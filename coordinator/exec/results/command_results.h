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

namespace rollcall::coordinator {

/// The part of a result that stays in memory: all but the output of the command.
struct CommandFacts {
  CommandEnd end = CommandEnd::exited;
  int status = 0;          ///< as in CommandResult
  int signal = 0;          ///< as in CommandResult
  std::string_view error;  ///< not_started: why
  Duration cpu{};
  std::uint64_t peak_rss_bytes = 0;
};

/// Results by the number of their record. A result is whole until its record is published, and
/// takes 24 bytes from then on. One owner, one thread.
class CommandResults {
 public:
  /// A report was processed. Of its outcomes the scheduler accepted records [before,
  /// records.accepted()), in their order; later ones are decisions of its own. Takes the results of
  /// these records out of `outcomes`.
  void received(const RunRecords& records, std::size_t before, OutcomeColumns& outcomes);

  /// Adds the result of a record of an earlier epoch; in their order, before any report.
  void restore(std::size_t record, CommandResult result);
  /// The results of records [first, first + count), which are not published.
  std::vector<CommittedCommand> unpublished(std::size_t first, std::size_t count) const;
  /// The result of an unpublished record; nullptr if the command did not run.
  const CommandResult* fresh(std::size_t record) const;
  /// Records up to this one (not included) are published: drops the output of their commands.
  void published(std::size_t through);

  /// Returns nullopt if the command did not run. Valid until the next call of another function.
  std::optional<CommandFacts> facts(std::size_t record) const;

 private:
  /// `known` is false if the command did not run.
  struct Facts {
    Duration cpu{};
    std::uint32_t peak_rss_kib = 0;
    std::uint32_t error = 0;  ///< in errors_
    CommandEnd end = CommandEnd::exited;
    std::uint8_t status = 0;
    std::uint8_t signal = 0;
    bool known = false;
  };

  Facts facts_of(const CommandResult& result);

  std::vector<Facts> published_;
  std::map<std::size_t, std::shared_ptr<const CommandResult>> fresh_;  ///< by record
  std::vector<std::string> errors_{""};
  std::map<std::string, std::uint32_t> error_numbers_{{"", 0}};
};

}  // namespace rollcall::coordinator
