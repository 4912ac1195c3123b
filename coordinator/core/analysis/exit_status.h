// The exit status of a run. docs/reference/exit-status.md is this table for users.
#pragma once

#include <string_view>

#include "coordinator/core/model/records.h"

namespace rollcall::coordinator {

/// How a run ended, apart from its records.
struct Ending {
  int signal = 0;               ///< SIGINT or SIGTERM that stopped it; 0: none
  bool output_failed = false;   ///< standard output or the results could not be written
  bool output_dropped = false;  ///< not all output of the tasks was kept
  bool no_workers = false;      ///< there were no workers
  bool run_timed_out = false;   ///< --run-timeout ended it with tasks still pending
  bool abandoned = false;       ///< `rollcall abandon` ended it
  bool validated = true;
};

/// 0 all as asked; 1 a task failed, timed out, was lost or was cancelled by itself, or output was
/// dropped; 3 validation failed; 4 no workers; 5 ended by --wait-timeout or --run-timeout; 6 output
/// cannot be written, or not all input could be read; 128 + signal. Of several the first of:
/// signal, 6, 4, 3, 5, 1. Pure.
int exit_status(const RunRecords& records, const Ending& ending);

/// The reason for an exit status of exit_status(): "succeeded", "tasks_failed", "signal" ... If
/// neither input nor output was complete, the input is named.
std::string_view end_reason(int status, const RunRecords& records);

}  // namespace rollcall::coordinator
