// The failed tasks of a run, as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "coordinator/core/model/records.h"
#include "coordinator/view/display.h"

namespace rollcall::coordinator {

/// How much of a command is shown in a line about its failure.
inline constexpr std::size_t kNamedCommandBytes = 100;

/// How many tasks have failed so far.
std::uint64_t count_failed(const RunRecords& records);

/// One line for the user: "task 4: exit status 2: ls /not/there". Requires that the task of the
/// record has failed.
std::string failed_task_line(const RunRecords& records, std::size_t record,
                             const KindDisplay& display);

/// Text for standard error after the run: the number of failed tasks, and the first
/// limits::named_tasks of them, and how to list the rest. Empty if no task failed.
std::string failures_text(const RunRecords& records, const KindDisplay& display);

}  // namespace rollcall::coordinator
