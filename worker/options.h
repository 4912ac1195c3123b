// The command line of `rollcall-worker`: what its user asks for, checked, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/cli/command_line.h"
#include "common/limits.h"
#include "common/messages/drain.h"
#include "common/model/time.h"

namespace rollcall::worker {

struct WorkerOptions {
  std::string access_file;  ///< "-": standard input. Never empty
  std::string connect;      ///< endpoint that wins over the access file's; empty: none
  std::uint32_t slots = 0;  ///< attempts to run at once; 0: the default of the kind of task
  bool only_sleep = false;  ///< runs no commands
  std::string name;         ///< empty: host and pid
  std::string http;         ///< HOST:PORT for health checks; empty: none
  Duration connect_timeout = limits::connect_timeout;
  DrainMode drain =
      DrainMode::return_running;         ///< what becomes of that which runs when it is to leave
  std::optional<Duration> idle_timeout;  ///< leave when nothing was held for so long
  std::string log_level = "info";        ///< one of cli::log_levels()
  std::string log_file;                  ///< empty: standard error

  // Given by a coordinator that starts its own workers; not in the help.
  std::optional<std::uint32_t> parent_pid;  ///< end when this process is not the parent any more
  bool outlive_parent = false;              ///< but not then: another one will resume the run
  std::optional<std::uint64_t> open_files;  ///< limit for commands; none: as inherited
};

/// What the user wants: a worker, a text to read, or nothing that makes sense.
using Invocation = std::variant<WorkerOptions, cli::PrintText, cli::UsageError>;

/// `argv` and `environment` as main() gets them. Never throws for what a user wrote.
Invocation parse_command_line(int argc, const char* const* argv,
                              const cli::Environment& environment);

/// The table of `rollcall-worker`, which the help comes from. It writes into `options`, which must
/// outlive it.
cli::CommandSpec worker_command(WorkerOptions& options);

}  // namespace rollcall::worker
