// Validation: are the records consistent? Pure; reads nothing but the records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// A check that failed.
struct FailedCheck {
  std::string name;           ///< stable, in snake_case: part of the JSON output
  std::string text;           ///< one sentence for a person
  std::uint64_t count = 0;    ///< how many tasks (or sessions) fail it
  std::vector<TaskId> tasks;  ///< the first limits::named_tasks of them, by id
};

/// The records in order of finish (coordinator's clock), equal instants by task. Fast if they are
/// almost in order; 4 bytes a record and little more.
std::vector<std::uint32_t> finish_order(const RunRecords& records);

/// Checks, each by its name: one_outcome (each task has exactly one accepted outcome),
/// asked_outcome (one that the method allows), result (the task's cost to the nanosecond),
/// not_early (no task took less than its cost), dispatch_delay (no outcome arrived earlier
/// after its dispatch than its cost, both on the coordinator's clock), start_after_dispatch,
/// finish_before_arrival (within the clock bound and limits::clock_drift_ppm), clocks (each
/// session's clock was compared with the coordinator's before its outcomes were accepted), order
/// (`order` is a permutation of the records in order of finish), worker_counts (the count of each
/// Goodbye is the number of accepted and dropped outcomes, and all add up), total_time (not below
/// the lower bound). Returns the checks that failed; empty if the run is valid. O(records + tasks);
/// allocates one bit for each. Accepts any records, also inconsistent ones.
std::vector<FailedCheck> validate(const RunRecords& records, std::span<const std::uint32_t> order,
                                  Duration lower_bound);

}  // namespace rollcall::coordinator
