// The options of `rollcall keys`.
#pragma once

#include <string>
#include <vector>

#include "common/cli/command_line.h"
#include "coordinator/cli/run_options.h"

namespace rollcall::coordinator {

struct KeysOptions {
  std::string directory;  ///< never empty
  std::string endpoint;   ///< as workers connect to it; never empty
};

// Each option table writes into `options`, which outlive it.

cli::CommandSpec keys_command(KeysOptions& options);
ParsedOptions<KeysOptions> parse_keys(const std::vector<std::string>& arguments,
                                      const cli::Environment& environment);

}  // namespace rollcall::coordinator
