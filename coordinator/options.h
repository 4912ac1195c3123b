// The command line of `rollcall`: what its user asks for, checked, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/command_line.h"
#include "common/give_back.h"
#include "common/journal_limits.h"
#include "common/limits.h"
#include "common/time.h"
#include "coordinator/core/run_spec.h"

namespace rollcall::coordinator {

/// Lines of standard output for each task.
enum class TaskLines : std::uint8_t {
  automatic,  ///< up to limits::task_lines tasks
  always,
  never,
};

/// The form of standard output.
enum class OutputFormat : std::uint8_t { text, json, jsonl };

/// Progress on standard error.
enum class ProgressStyle : std::uint8_t {
  automatic,  ///< a bar on a terminal without task lines, plain lines elsewhere
  bar,
  plain,
  none,
};

/// Who may join a run and how: the same for every command that has workers.
struct JoiningOptions {
  std::string bind;         ///< as ZeroMQ takes it; empty: a free loopback port, or as the keys say
  std::string advertise;    ///< HOST or HOST:PORT; empty: as bound
  std::string access_file;  ///< empty: none is written
  std::string keys;         ///< folder of keys made ahead of time; empty: new ones
  std::string http;         ///< HOST:PORT for health checks; empty: none
  std::string control;      ///< path of the control socket; empty: as control_path.h says
  std::optional<std::uint32_t> wait_for_workers;  ///< nullopt: the local ones, or 1
  Duration join_timeout = limits::join_timeout;
  Duration heartbeat_interval = limits::heartbeat_interval;
  Duration liveness = limits::liveness;  ///< at least limits::liveness_intervals heartbeats
  bool insecure = false;                 ///< no encryption; `bind` is loopback then

  bool others_may_join() const { return !access_file.empty() || !keys.empty(); }
};

/// What `rollcall sleep` is asked to do. Whatever parse_command_line() returns fits together.
struct SleepOptions : JoiningOptions {
  std::uint64_t task_count = 5;  ///< at most limits::task_count
  Duration pause_min = std::chrono::seconds(1);
  Duration pause_max = std::chrono::seconds(10);  ///< not below pause_min
  std::optional<std::uint64_t> seed;              ///< below 2^53; nullopt: draw one
  CollectionMethod method = CollectionMethod::gather;
  std::optional<Duration> wait_timeout;  ///< with CollectionMethod::wait only

  std::optional<std::uint32_t> workers;   ///< local ones; nullopt: as many as fit the processors
  std::uint32_t slots = 0;                ///< of each local worker; 0: no limit
  std::optional<std::uint32_t> prefetch;  ///< nullopt: as measured
  std::optional<std::uint32_t> worker_restarts = limits::worker_restarts;  ///< nullopt: unlimited
  std::uint32_t max_losses = limits::max_losses;                           ///< at least 1

  OutputFormat output = OutputFormat::text;
  TaskLines task_lines = TaskLines::automatic;
  ProgressStyle progress = ProgressStyle::automatic;
  std::string results_file;        ///< .csv or .jsonl; empty: none
  bool quiet = false;              ///< no summary, progress or automatic task lines
  std::string log_level = "warn";  ///< one of cli::log_levels()
  std::string log_file;            ///< empty: standard error

  std::string journal;                       ///< empty: none
  bool resume = false;                       ///< go on with the journal, if there is one
  Duration orphan_for = limits::orphan_for;  ///< how long workers wait, with a journal
  std::vector<std::string> arguments;        ///< as given, after the name of the command
  bool resumes_as_kept = false;              ///< `rollcall resume`: what was asked is kept
};

/// The journal that `rollcall resume` is to go on with.
struct ResumeOptions {
  std::string journal;  ///< never empty
};

/// What `rollcall keys` is asked to make.
struct KeysOptions {
  std::string folder;    ///< never empty
  std::string endpoint;  ///< as workers connect to it; never empty
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
    std::variant<SleepOptions, KeysOptions, StatusOptions, DrainOptions, ReportOptions,
                 ValidateOptions, ResumeOptions, cli::PrintText, cli::UsageError>;

/// `argv` and `environment` as main() gets them. Never throws for what a user wrote.
Invocation parse_command_line(int argc, const char* const* argv,
                              const cli::Environment& environment);

/// The tables of `rollcall` and its commands, which the help comes from. They write into
/// `options`, which must outlive them.
cli::CommandSpec program_command();
cli::CommandSpec sleep_command(SleepOptions& options);
cli::CommandSpec keys_command(KeysOptions& options);
cli::CommandSpec status_command(StatusOptions& options);
cli::CommandSpec drain_command(DrainOptions& options);
cli::CommandSpec report_command(ReportOptions& options);
cli::CommandSpec validate_command();
cli::CommandSpec resume_command();

/// Appends the options of every command that can be resumed, which write into `into`.
void add_keeping(std::vector<cli::OptionSpec>& table, SleepOptions& into);

/// Appends the options of every command that has workers, which write into `into`.
void add_joining(std::vector<cli::OptionSpec>& table, JoiningOptions& into);

}  // namespace rollcall::coordinator
