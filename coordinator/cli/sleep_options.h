// The options of `rollcall sleep`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/cli/command_line.h"
#include "common/model/time.h"
#include "coordinator/cli/run_options.h"
#include "coordinator/core/model/run_spec.h"

namespace rollcall::coordinator {

/// Lines of standard output for each task.
enum class TaskLines : std::uint8_t {
  automatic,  ///< up to limits::task_lines tasks
  always,
  never,
};

/// Values that parse_sleep() returns are consistent.
struct SleepOptions : RunOptions {
  std::uint64_t task_count = 5;  ///< at most limits::task_count
  Duration pause_min = std::chrono::seconds(1);
  Duration pause_max = std::chrono::seconds(10);  ///< not below pause_min
  std::optional<std::uint64_t> seed;              ///< below 2^53; nullopt: draw one
  CollectionMethod method = CollectionMethod::gather;
  std::optional<Duration> wait_timeout;  ///< with CollectionMethod::wait only
  TaskLines task_lines = TaskLines::automatic;
};

/// The option table, which writes into `options`; they outlive it.
cli::CommandSpec sleep_command(SleepOptions& options);

/// `arguments` follow the name of the command.
ParsedOptions<SleepOptions> parse_sleep(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment);

/// Whether text output has lines for each task: as --task-lines says; "auto" means up to
/// limits::task_lines tasks and not with --quiet.
bool task_lines_shown(const SleepOptions& options);

/// For standard error before the run: why there are no task lines. Empty: nothing to explain.
std::string task_lines_notice(const SleepOptions& options);

}  // namespace rollcall::coordinator
