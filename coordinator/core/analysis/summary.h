// The summary of a run: its shortest possible time, its measured time, and how late sleeps were.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/core/analysis/validation.h"
#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// p50 and p99 are rounded up by at most a thousandth; max is exact.
struct Lateness {
  Duration p50{};
  Duration p99{};
  Duration max{};
};

/// Which completions can be ordered (docs/reference/json.md).
struct Completion {
  std::optional<TaskId> first_task;
  std::optional<TaskId> last_task;
  /// Neighbours of different workers closer than their clocks' bounds, or at the same instant.
  std::uint64_t ambiguous_neighbours = 0;
};

/// CPU time and memory of one process.
struct Resources {
  double cpu_seconds = 0;
  std::uint64_t peak_rss_bytes = 0;
};

/// How the slots spent the measured time of a run of commands, in seconds of one slot.
struct SlotTime {
  double busy = 0;                ///< attempts that ended their tasks
  double retries = 0;             ///< attempts that failed and were repeated
  std::optional<double> waiting;  ///< the rest; nullopt: the slots have no limit
};

/// The summary. Members marked "runtime" do not follow from the records.
struct Summary {
  bool finished = true;  ///< every task has an outcome, and the run was not left
  Duration lower_bound{};
  Duration measured{};  ///< without `stopped`
  Duration stopped{};   ///< between coordinators of the run, while no task ran
  Duration overhead() const { return measured - lower_bound; }
  double overhead_percent() const;                      ///< 0 when the lower bound is 0
  std::array<std::uint64_t, kOutcomeCount> outcomes{};  ///< by Outcome
  Lateness lateness;                                    ///< of succeeded sleeps
  Completion completion;
  std::optional<SlotTime> slot_time;  ///< nullopt: the tasks have a known cost

  Duration startup{};     ///< runtime: from the start of the program to the first dispatch
  Duration planning{};    ///< runtime: drawing and sorting the tasks
  Duration validation{};  ///< runtime: how long validate() took
  std::vector<FailedCheck> failed_checks;
  Resources coordinator;  ///< runtime
  /// Runtime: the four members above are known. Those of an unfinished run are not in its journal.
  bool has_account = true;
  Duration started{};              ///< runtime: wall clock when the run began, since 1970
  std::optional<int> exit_status;  ///< runtime: of the run; only set if it is finished
  bool run_timed_out = false;      ///< runtime: --run-timeout ended the run

  bool validated() const { return finished && failed_checks.empty(); }
  std::uint64_t count(Outcome o) const { return outcomes[static_cast<std::size_t>(o)]; }
};

/// The shortest time the run could have taken (docs/architecture.md, "Lower bound"): with no slot
/// limit the longest task; else max(longest, work / slots), and for tasks of one length
/// ceil(tasks / slots) x length. Slots: the most present at one moment. Of a streamed input also
/// the time from the first dispatch until its last task was known.
Duration lower_bound(const RunRecords& records);

/// How long no task ran because the run was stopped, until it was resumed. Up to `until`.
Duration stopped_time(const RunRecords& records, Instant until);

/// The most slots present at one moment, a session counting from its Welcome to its last accepted
/// outcome; nullopt: no limit.
std::optional<std::uint64_t> peak_slots(const RunRecords& records);

/// All of the summary that follows from the records. `order` is finish_order(records).
Summary summarize(const RunRecords& records, std::span<const std::uint32_t> order);

}  // namespace rollcall::coordinator
