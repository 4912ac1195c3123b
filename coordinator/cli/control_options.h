// The options of `rollcall status` and `rollcall drain`.
#pragma once

#include <string>
#include <vector>

#include "common/cli/command_line.h"
#include "common/messages/drain.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {

struct StatusOptions {
  std::string control;                       ///< path of a socket; empty: the one that answers
  OutputFormat output = OutputFormat::text;  ///< text or json
};

struct DrainOptions {
  std::string worker;   ///< its name, session or host, a prefix of one, or "all"; never empty
  std::string control;  ///< as in StatusOptions
  DrainMode mode = DrainMode::finish;
  OutputFormat output = OutputFormat::text;  ///< text or json
};

// Each option table writes into `options`, which outlive it.

cli::CommandSpec status_command(StatusOptions& options);
ParsedOptions<StatusOptions> parse_status(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment);

cli::CommandSpec drain_command(DrainOptions& options);
ParsedOptions<DrainOptions> parse_drain(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment);

}  // namespace rollcall::coordinator
