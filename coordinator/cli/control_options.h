// The options of the commands that reach a running run through its control socket.
#pragma once

#include <cstdint>
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

/// Tasks by their numbers, both ends included.
struct TaskRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

struct CancelOptions {
  bool all = false;              ///< all tasks, not only `tasks`
  std::vector<TaskRange> tasks;  ///< as given; at least one, unless `all`
  std::string control;           ///< as in StatusOptions
  OutputFormat output = OutputFormat::text;
};

struct FollowOptions {
  std::uint32_t task = 0;
  std::string control;  ///< as in StatusOptions
};

/// Of `rollcall pause` and `rollcall unpause`.
struct PauseOptions {
  bool is_paused = true;
  std::string control;  ///< as in StatusOptions
  OutputFormat output = OutputFormat::text;
};

struct SlotsOptions {
  std::string worker;  ///< as in DrainOptions
  std::uint32_t slots = 0;
  std::string control;  ///< as in StatusOptions
  OutputFormat output = OutputFormat::text;
};

// Each option table writes into `options`, which outlive it.

cli::CommandSpec status_command(StatusOptions& options);
ParsedOptions<StatusOptions> parse_status(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment);

cli::CommandSpec follow_command(FollowOptions& options);
ParsedOptions<FollowOptions> parse_follow(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment);

cli::CommandSpec drain_command(DrainOptions& options);
ParsedOptions<DrainOptions> parse_drain(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment);

cli::CommandSpec cancel_command(CancelOptions& options);
ParsedOptions<CancelOptions> parse_cancel(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment);

ParsedOptions<PauseOptions> parse_pause(const std::vector<std::string>& arguments,
                                        const cli::Environment& environment);
ParsedOptions<PauseOptions> parse_unpause(const std::vector<std::string>& arguments,
                                          const cli::Environment& environment);

cli::CommandSpec slots_command(SlotsOptions& options);
ParsedOptions<SlotsOptions> parse_slots_command(const std::vector<std::string>& arguments,
                                                const cli::Environment& environment);

}  // namespace rollcall::coordinator
