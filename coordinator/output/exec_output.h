// The text output of a run of commands.
#pragma once

#include <memory>

#include "coordinator/core/model/records.h"
#include "coordinator/exec/results/command_output.h"
#include "coordinator/exec/results/exec_run.h"
#include "coordinator/output/output.h"

namespace rollcall::coordinator {

/// Writes the commands' standard output to `out_fd` and their standard error to `error_fd`,
/// unchanged, and nothing else; nothing at all unless `prints`. The caller owns the descriptors.
/// `records` and `exec` must outlive the output. SIGPIPE must be ignored.
std::unique_ptr<Output> make_exec_output(const RunRecords& records, const ExecRun& exec,
                                         const CommandOutput::Settings& settings, bool prints,
                                         int out_fd, int error_fd);

}  // namespace rollcall::coordinator
