// The options that all commands which run tasks share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/log_line.h"
#include "common/cli/command_line.h"
#include "common/limits.h"
#include "common/model/time.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/core/model/policy.h"

namespace rollcall::coordinator {

/// The options of a command, or a text to print instead of running it.
template <class Options>
using ParsedOptions = std::variant<Options, cli::PrintText, cli::UsageError>;

/// The form of standard output.
enum class OutputFormat : std::uint8_t { text, json, jsonl };

/// Progress on standard error.
enum class ProgressStyle : std::uint8_t {
  automatic,  ///< a bar on a terminal without task lines, plain lines elsewhere
  bar,
  plain,
  none,
};

/// The summary on standard error.
enum class SummaryStyle : std::uint8_t {
  automatic,  ///< by the kind of task
  full,
  one_line,
  none,
};

/// How workers join a run: shared by every command that has workers.
struct JoiningOptions {
  std::string bind;  ///< in the syntax of ZeroMQ; empty: a free loopback port, or that of the keys
  std::string advertise;    ///< HOST or HOST:PORT; empty: as bound
  std::string access_file;  ///< empty: none
  std::string keys;         ///< directory of keys made in advance; empty: new ones
  std::string http;         ///< HOST:PORT for health checks; empty: none
  std::string control;      ///< path of the control socket; empty: as control/path.h describes
  std::optional<std::uint32_t> wait_for_workers;  ///< nullopt: the local ones, or 1
  bool require_workers = false;                   ///< fail rather than start with fewer
  Duration join_timeout = limits::join_timeout;
  Duration heartbeat_interval = limits::heartbeat_interval;
  Duration liveness = limits::liveness;  ///< at least limits::liveness_intervals heartbeats
  Duration rejoin_for = limits::rejoin_for;
  bool insecure = false;  ///< no encryption; `bind` is loopback then

  bool others_may_join() const { return !access_file.empty() || !keys.empty(); }
};

/// A run of tasks of any kind.
struct RunOptions : JoiningOptions {
  std::optional<std::uint32_t> workers;   ///< local ones; nullopt: by the kind of task
  std::uint32_t slots = 0;                ///< of each local worker; 0: by the kind of task
  std::optional<std::uint32_t> prefetch;  ///< nullopt: as measured
  std::optional<std::uint32_t> worker_restarts = limits::worker_restarts;  ///< nullopt: unlimited
  std::uint32_t max_losses = limits::max_losses;                           ///< at least 1
  std::optional<Duration> run_timeout;  ///< ends the run; nullopt: never
  std::string name;                     ///< of the run, for people; empty: none
  std::string on_end;                   ///< a script to run at the end; empty: none

  OutputFormat output = OutputFormat::text;
  ProgressStyle progress = ProgressStyle::automatic;
  SummaryStyle summary = SummaryStyle::automatic;
  std::string results_file;        ///< .csv or .jsonl; empty: none
  bool quiet = false;              ///< no summary, progress or automatic task lines
  std::string log_level = "warn";  ///< one of cli::log_levels()
  LogFormat log_format = LogFormat::text;
  std::string log_file;  ///< empty: standard error

  std::string journal;                 ///< empty: none
  bool resume = false;                 ///< resume the run in the journal, if it exists
  std::optional<Duration> orphan_for;  ///< how long workers wait, with a journal; nullopt: default
  bool leave_running = false;          ///< a signal leaves workers and tasks running
  std::vector<std::string> arguments;  ///< as given, after the name of the command
  bool resumes_as_saved = false;       ///< `rollcall resume`: the options come from the journal
  bool retry_failed = false;           ///< run tasks again that did not succeed
  bool abandon = false;                ///< `rollcall abandon`: end the resumed run
};

/// What `rollcall resume` shows otherwise than the saved run.
struct DisplayOptions {
  std::optional<OutputFormat> output;     ///< nullopt: as saved
  std::optional<ProgressStyle> progress;  ///< nullopt: as saved
  std::optional<SummaryStyle> summary;    ///< nullopt: as saved
  std::string results_file;               ///< empty: as saved
  bool quiet = false;                     ///< false: as saved

  void apply(RunOptions& to) const;
};

/// Appends the options of every command that can be resumed, which write into `into`.
void add_journal(std::vector<cli::OptionSpec>& table, RunOptions& into);

/// Appends the options of every command that has workers, which write into `into`.
void add_joining(std::vector<cli::OptionSpec>& table, JoiningOptions& into);

/// The help for options whose defaults depend on the kind of task.
struct RunHelp {
  std::string workers;
  std::string slots;
};

/// Appends the options about workers and output, which write into `into`.
void add_workers(std::vector<cli::OptionSpec>& table, RunOptions& into, const RunHelp& help);
void add_output(std::vector<cli::OptionSpec>& table, RunOptions& into);
/// Appends the options about the run as a whole, which write into `into`.
void add_whole_run(std::vector<cli::OptionSpec>& table, RunOptions& into);
/// The same options without logs. The environment has its effect on the saved run.
void add_display(std::vector<cli::OptionSpec>& table, DisplayOptions& into);

/// The variable that replaces --output.
inline constexpr const char* kOutputVariable = "ROLLCALL_OUTPUT";

/// --output of a command that prints at most one document: text or json, also from
/// ROLLCALL_OUTPUT, of which jsonl means json here. `environment_of_documents` is the environment
/// to parse it with.
cli::OptionSpec document_output(OutputFormat& into, const std::string& group);
cli::Environment environment_of_documents(const cli::Environment& environment);

/// Checks that options can be combined. Without --liveness, a longer heartbeat interval raises it.
std::optional<cli::UsageError> check_run(const cli::CommandSpec& command,
                                         const cli::GivenOptions& given, RunOptions& options);

/// The policy that follows from these options for every kind of task. `workers`: local ones without
/// --workers.
Policy policy_of(const RunOptions& options, std::uint32_t workers);

/// Local workers without --workers if one task does not fill a processor: one a processor, within
/// limits.
std::uint32_t workers_for_processors();

/// The option or argument of that name; nullptr if it was not given.
const cli::Given* find(const cli::GivenOptions& given, const std::string& name);

}  // namespace rollcall::coordinator
