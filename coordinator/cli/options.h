// The command line of `rollcall`: what its user asks for, checked, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/cli/command_line.h"
#include "common/messages/drain.h"
#include "common/model/time.h"
#include "coordinator/cli/exec_options.h"
#include "coordinator/cli/run_options.h"
#include "coordinator/core/model/run_spec.h"

namespace rollcall::coordinator {

/// Lines of standard output for each task.
enum class TaskLines : std::uint8_t {
  automatic,  ///< up to limits::task_lines tasks
  always,
  never,
};

/// What `rollcall sleep` is asked to do. Whatever parse_command_line() returns fits together.
struct SleepOptions : RunOptions {
  std::uint64_t task_count = 5;  ///< at most limits::task_count
  Duration pause_min = std::chrono::seconds(1);
  Duration pause_max = std::chrono::seconds(10);  ///< not below pause_min
  std::optional<std::uint64_t> seed;              ///< below 2^53; nullopt: draw one
  CollectionMethod method = CollectionMethod::gather;
  std::optional<Duration> wait_timeout;  ///< with CollectionMethod::wait only
  TaskLines task_lines = TaskLines::automatic;
};

/// The journal that `rollcall resume` is to go on with.
struct ResumeOptions {
  std::string journal;        ///< never empty
  bool retry_failed = false;  ///< what did not succeed is done again
};

/// What `rollcall keys` is asked to make.
struct KeysOptions {
  std::string directory;  ///< never empty
  std::string endpoint;   ///< as workers connect to it; never empty
};

/// What `rollcall status` is asked to show.
struct StatusOptions {
  std::string control;                       ///< path of a socket; empty: the one that answers
  OutputFormat output = OutputFormat::text;  ///< text or json
};

/// Whom `rollcall drain` is to tell.
struct DrainOptions {
  std::string worker;   ///< its name or session, or "all"; never empty
  std::string control;  ///< as in StatusOptions
  DrainMode mode = DrainMode::finish;
};

/// What `rollcall report` is asked to show.
struct ReportOptions {
  std::string journal;                       ///< never empty
  OutputFormat output = OutputFormat::text;  ///< text or json
};

/// What `rollcall validate` is asked to check.
struct ValidateOptions {
  std::string journal;  ///< never empty
};

/// What the user wants: a command, a text to read, or nothing that makes sense.
using Invocation =
    std::variant<SleepOptions, ExecOptions, KeysOptions, StatusOptions, DrainOptions, ReportOptions,
                 ValidateOptions, ResumeOptions, cli::PrintText, cli::UsageError>;

/// `argv` and `environment` as main() gets them. Never throws for what a user wrote.
Invocation parse_command_line(int argc, const char* const* argv,
                              const cli::Environment& environment);

/// The tables of `rollcall` and its commands, which the help comes from. They write into
/// `options`, which must outlive them.
cli::CommandSpec program_command();
cli::CommandSpec sleep_command(SleepOptions& options);
cli::CommandSpec exec_command(ExecOptions& options);
cli::CommandSpec keys_command(KeysOptions& options);
cli::CommandSpec status_command(StatusOptions& options);
cli::CommandSpec drain_command(DrainOptions& options);
cli::CommandSpec report_command(ReportOptions& options);
cli::CommandSpec validate_command();
cli::CommandSpec resume_command(ResumeOptions& options);

}  // namespace rollcall::coordinator
