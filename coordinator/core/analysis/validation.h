// Validation: does what was recorded hold together? Pure; reads the records and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// One check that did not hold.
struct FailedCheck {
  std::string name;           ///< stable, in snake_case: stands in JSON
  std::string text;           ///< one sentence for a person
  std::uint64_t count = 0;    ///< how many tasks (or sessions) fail it
  std::vector<TaskId> tasks;  ///< the first limits::named_tasks of them, by id
};

/// The records in order of finish (coordinator's clock), equal instants by task. Fast if they are
/// almost in order; 4 bytes a record and little more.
std::vector<std::uint32_t> finish_order(const RunRecords& records);

/// Checks, each by its name: one_outcome (each task has exactly one accepted outcome),
/// asked_outcome (the one that the method asks for), result (the pause to the nanosecond),
/// not_early (no sleep ended before its pause was over), dispatch_delay (no outcome arrived sooner
/// after its dispatch than its pause, both on the coordinator's clock), start_after_dispatch,
/// finish_before_arrival (within the clock bound and limits::clock_drift_ppm), order (`order` is a
/// permutation of the records in order of finish), worker_counts (what each Goodbye counted is what
/// was accepted or dropped; and they add up), total_time (measured is not below the lower bound).
/// Returns those that fail; empty: the run is valid. O(records + tasks), one bit for each beside
/// them. Any records may be given, also such as no scheduler makes.
std::vector<FailedCheck> validate(const RunRecords& records, std::span<const std::uint32_t> order,
                                  Duration lower_bound);

}  // namespace rollcall::coordinator
