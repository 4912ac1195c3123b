// What came of the commands of a run.
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

/// What is kept of a result for good: all but what the command wrote.
struct CommandFacts {
  CommandEnd end = CommandEnd::exited;
  int status = 0;          ///< as in CommandResult
  int signal = 0;          ///< as in CommandResult
  std::string_view error;  ///< not_started: why
  Duration cpu{};
  std::uint64_t peak_rss_bytes = 0;
};

/// Results by the number of their record. One that came is whole until its record was told, and
/// 24 bytes from then on. One owner, one thread.
class CommandResults {
 public:
  /// A report came, and of its outcomes the scheduler has accepted those that are records
  /// [before, records.accepted()), in their order; others after them are its own. Takes the results
  /// of these out of `outcomes`.
  void came(const RunRecords& records, std::size_t before, OutcomeColumns& outcomes);

  /// The result of a record from an earlier epoch, in their order, before any report.
  void restore(std::size_t record, CommandResult result);
  /// Those of records [first, first + count), which are not told.
  std::vector<CommittedCommand> kept(std::size_t first, std::size_t count) const;
  /// The result of a record that is not told; nullptr: the command has not run.
  const CommandResult* fresh(std::size_t record) const;
  /// Records up to this one (not included) are told: what their commands wrote is forgotten.
  void told(std::size_t through);

  /// nullopt: the command has not run. Valid until the next call of another function.
  std::optional<CommandFacts> facts(std::size_t record) const;

 private:
  /// `known` false: the command has not run.
  struct Committed {
    Duration cpu{};
    std::uint32_t peak_rss_kib = 0;
    std::uint32_t error = 0;  ///< in errors_
    CommandEnd end = CommandEnd::exited;
    std::uint8_t status = 0;
    std::uint8_t signal = 0;
    bool known = false;
  };

  Committed facts_of(const CommandResult& result);

  std::vector<Committed> told_;
  std::map<std::size_t, std::shared_ptr<const CommandResult>> fresh_;  ///< by record
  std::vector<std::string> errors_{""};
  std::map<std::string, std::uint32_t> error_numbers_{{"", 0}};
};

}  // namespace rollcall::coordinator
