// What the commands that run tasks (`rollcall sleep`, `rollcall exec`) have in common on the
// command line, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/cli/command_line.h"
#include "common/limits.h"
#include "common/model/time.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

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
  std::string keys;         ///< directory of keys made ahead of time; empty: new ones
  std::string http;         ///< HOST:PORT for health checks; empty: none
  std::string control;      ///< path of the control socket; empty: as control_path.h says
  std::optional<std::uint32_t> wait_for_workers;  ///< nullopt: the local ones, or 1
  Duration join_timeout = limits::join_timeout;
  Duration heartbeat_interval = limits::heartbeat_interval;
  Duration liveness = limits::liveness;  ///< at least limits::liveness_intervals heartbeats
  bool insecure = false;                 ///< no encryption; `bind` is loopback then

  bool others_may_join() const { return !access_file.empty() || !keys.empty(); }
};

/// A run of whatever kind of task.
struct RunOptions : JoiningOptions {
  std::optional<std::uint32_t> workers;   ///< local ones; nullopt: by the kind of task
  std::uint32_t slots = 0;                ///< of each local worker; 0: by the kind of task
  std::optional<std::uint32_t> prefetch;  ///< nullopt: as measured
  std::optional<std::uint32_t> worker_restarts = limits::worker_restarts;  ///< nullopt: unlimited
  std::uint32_t max_losses = limits::max_losses;                           ///< at least 1

  OutputFormat output = OutputFormat::text;
  ProgressStyle progress = ProgressStyle::automatic;
  std::string results_file;        ///< .csv or .jsonl; empty: none
  bool quiet = false;              ///< no summary, progress or automatic task lines
  std::string log_level = "warn";  ///< one of cli::log_levels()
  std::string log_file;            ///< empty: standard error

  std::string journal;                       ///< empty: none
  bool resume = false;                       ///< go on with the journal, if there is one
  Duration orphan_for = limits::orphan_for;  ///< how long workers wait, with a journal
  std::vector<std::string> arguments;        ///< as given, after the name of the command
  bool resumes_as_saved = false;             ///< `rollcall resume`: what was asked is kept
  bool retry_failed = false;                 ///< and what did not succeed is forgotten
};

/// Appends the options of every command that can be resumed, which write into `into`.
void add_keeping(std::vector<cli::OptionSpec>& table, RunOptions& into);

/// Appends the options of every command that has workers, which write into `into`.
void add_joining(std::vector<cli::OptionSpec>& table, JoiningOptions& into);

/// What the options of workers and output say in the help, where commands differ.
struct RunHelp {
  std::string workers;
  std::string slots;
};

/// Appends the options about workers and output, which write into `into`.
void add_workers(std::vector<cli::OptionSpec>& table, RunOptions& into, const RunHelp& help);
void add_output(std::vector<cli::OptionSpec>& table, RunOptions& into);

/// What is wrong with options that do not go together. A longer heartbeat interval without a word
/// about --liveness raises it.
std::optional<cli::UsageError> check_run(const cli::CommandSpec& command,
                                         const cli::GivenOptions& given, RunOptions& options);

/// The option of that name, or argument, as it was given; nullptr: it was not.
const cli::Given* find(const cli::GivenOptions& given, const std::string& name);

}  // namespace rollcall::coordinator
