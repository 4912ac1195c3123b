// What the commands that run tasks do alike: from the options to the exit status.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/model/time.h"
#include "coordinator/cli/run_options.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/core/model/run_spec.h"
#include "coordinator/exec/results/exec_run.h"
#include "coordinator/journal/journal.h"
#include "coordinator/output/output.h"

namespace rollcall::coordinator {

/// What sets one kind of run apart from another.
struct RunPlan {
  std::string command;  ///< as it is typed: "sleep"
  RunSpec spec;
  Policy policy;
  std::string asked;               ///< a JSON object: what makes two requests the same
  bool writes_as_it_goes = false;  ///< standard output has lines before the end
  std::string notice;              ///< for standard error before the run; empty: none
  std::function<std::unique_ptr<Output>(const RunRecords&)> output;
  ExecRun* exec = nullptr;              ///< null: no commands
  std::optional<JournalInput> input{};  ///< for a new journal; nullopt: nothing
};

/// The policy that all kinds of run share. `workers`: local ones without --workers.
Policy policy_of(const RunOptions& options, std::uint32_t workers);

/// Runs it to its end and says how it went; returns the exit status
/// (docs/reference/exit-status.md). `started` is when the program did.
int run_tasks(const RunOptions& options, const RunPlan& plan, Instant started);

}  // namespace rollcall::coordinator
