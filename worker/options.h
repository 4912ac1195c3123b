// The command line of rollcall-worker, as checked, plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/base/log_line.h"
#include "common/cli/command_line.h"
#include "common/limits.h"
#include "common/messages/drain.h"
#include "common/model/time.h"

namespace rollcall::worker {

struct WorkerOptions {
  std::string access_file;  ///< "-": standard input. Never empty
  std::string connect;      ///< overrides the endpoint of the access file, unless empty
  std::uint32_t slots = 0;  ///< attempts to run at once; 0: the default of the kind of task
  bool only_sleep = false;  ///< accepts no commands
  std::string name;         ///< empty: host and pid
  std::string http;         ///< HOST:PORT for health checks; empty: none
  Duration connect_timeout = limits::connect_timeout;
  DrainMode drain = DrainMode::return_running;  ///< of running attempts, after SIGTERM or SIGUSR1
  std::optional<Duration> idle_timeout;         ///< exit after this long idle
  std::string log_level = "info";               ///< one of cli::log_levels()
  LogFormat log_format = LogFormat::text;
  std::string log_file;  ///< empty: standard error

  // For coordinators that start their own workers; not in the help.
  std::optional<std::uint32_t> parent_pid;  ///< end with this process, which must be the parent
  bool outlive_parent = false;              ///< once joined, do not end with it: the run is resumed
  bool log_to_terminal = false;             ///< its parent shows the log on a terminal
  std::optional<std::uint64_t> open_files;  ///< limit for commands; nullopt: as inherited
};

/// A worker to run, a text to print, or an error to report.
using Invocation = std::variant<WorkerOptions, cli::PrintText, cli::UsageError>;

/// `argv` and `environment` as main() gets them. Never throws, whatever the user has written.
Invocation parse_command_line(int argc, const char* const* argv,
                              const cli::Environment& environment);

/// The options of rollcall-worker, for parsing and for the help. Parsing writes into `options`,
/// which must outlive it.
cli::CommandSpec worker_command(WorkerOptions& options);

}  // namespace rollcall::worker
