// The options of `rollcall exec`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/limits.h"
#include "common/model/time.h"
#include "coordinator/cli/run_options.h"
#include "coordinator/core/model/policy.h"
#include "coordinator/exec/input/number_range.h"
#include "coordinator/exec/input/record_blocks.h"
#include "coordinator/exec/input/task_input.h"
#include "coordinator/exec/results/command_output.h"
#include "coordinator/exec/results/retry_reasons.h"

namespace rollcall::coordinator {

/// One of several inputs, of which each combination is a task.
struct InputArgument {
  enum class From : std::uint8_t { values, file, range };

  From from = From::values;
  std::string name;                      ///< "--each-line", ":::+": how it was given
  bool is_linked = false;                ///< advances together with the one before
  std::vector<std::string> values = {};  ///< for From::values
  std::string path = {};                 ///< for From::file; "-" is standard input
  NumberRange range = {};                ///< for From::range
};

/// Values that parse_exec() returns are consistent. At most one of each_line, range, from_json and
/// sources is set; without any, lines come from standard input.
struct ExecOptions : RunOptions {
  std::string each_line;  ///< a file, or "-"; empty: not given
  std::optional<NumberRange> range;
  std::string from_json;               ///< a file, or "-"; empty: not given. Without `command` then
  std::vector<InputArgument> sources;  ///< several inputs, or values on the command line
  bool names_sources = false;          ///< {1}, {2} are the values of inputs
  bool null_separated = false;         ///< lines end with a NUL
  std::string colsep;                  ///< separates columns; empty: a line is one column
  bool csv = false;                    ///< lines are records of CSV; colsep is one character then
  bool header = false;                 ///< the first line of each input names its columns

  bool pipe = false;     ///< each command gets a block of the input, and there are no values
  RecordFormat records;  ///< what blocks consist of

  std::optional<std::uint64_t> max_args;   ///< lines for each command; nullopt: 1, or max_chars
  std::optional<std::uint64_t> max_chars;  ///< bytes of its arguments; nullopt: see limits.h
  /// Whether a command may be made from several lines.
  bool groups_lines() const { return max_args || max_chars; }

  std::vector<std::string> command;  ///< with its placeholders
  std::string replacement;           ///< stands for the line, and nothing else does; empty: {}
  bool shell = false;                ///< it is a script for /bin/sh
  std::vector<std::string> env;      ///< NAME=VALUE
  std::string cwd;                   ///< empty: that of the worker
  std::string input_file;            ///< --stdin; empty: nothing
  Duration timeout{};                ///< 0: none
  Duration kill_after = limits::kill_after;
  std::uint32_t nice = 0;                   ///< at most limits::nicest
  std::optional<std::uint64_t> max_memory;  ///< at least limits::least_memory; nullopt: no limit
  std::uint32_t retries = 0;
  std::optional<RetryReasons> retry_on;  ///< nullopt: any failure
  Duration retry_delay = limits::retry_first;
  std::optional<Halt> halt;
  Duration delay{};                       ///< between the starts of two commands; 0: none
  std::optional<Duration> rate_interval;  ///< the same, that of --rate

  bool keep_order = false;
  LivePrinting live = LivePrinting::none;
  bool tag = false;
  std::string output_dir;                   ///< empty: output is printed
  std::optional<std::uint64_t> max_output;  ///< nullopt: no limit
  std::string spool_dir;                    ///< empty: that of temporary files
  std::optional<std::uint64_t> spool_size;  ///< nullopt: no limit
  bool keep_output = false;                 ///< output that is printed stays beside the journal
  std::string joblog;                       ///< empty: none
  bool dry_run = false;
};

/// "soon,fail=3", "now,success=10%": when a run ends early. The error describes the expected form.
Result<Halt> parse_halt(std::string_view text);

/// "10/s", "100/m", "5/h": the time between two starts at this rate, rounded up. The error
/// describes the expected form.
Result<Duration> parse_rate(std::string_view text);

/// "512K", "1M", "10G", "2T", a bare number of bytes; at least `least` and below
/// limits::stream_bytes. The error describes the expected form.
Result<std::uint64_t> parse_size(std::string_view text, std::uint64_t least = 0);

/// The option table, which writes into `options`; they outlive it.
cli::CommandSpec exec_command(ExecOptions& options);

/// `arguments` follow the name of the command.
ParsedOptions<ExecOptions> parse_exec(const std::vector<std::string>& arguments,
                                      const cli::Environment& environment);

}  // namespace rollcall::coordinator
