// The options of `rollcall noop`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/cli/command_line.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {

/// Values that parse_noop() returns are consistent.
struct NoopOptions : RunOptions {
  std::uint64_t task_count = 1'000'000;  ///< at most limits::task_count
};

/// The option table, which writes into `options`; they outlive it.
cli::CommandSpec noop_command(NoopOptions& options);

/// `arguments` follow the name of the command.
ParsedOptions<NoopOptions> parse_noop(const std::vector<std::string>& arguments,
                                      const cli::Environment& environment);

}  // namespace rollcall::coordinator
