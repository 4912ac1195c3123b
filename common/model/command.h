// A command that a worker runs, and its result, as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/model/output_stream.h"
#include "common/model/time.h"

namespace rollcall {

/// A command to run. Strings are passed on unchanged: no shell, no encoding, no NULs.
struct Command {
  /// The program and its arguments; at least the program. A name without a '/' is searched in the
  /// PATH of the command.
  std::vector<std::string> args;
  std::vector<std::string> env;  ///< "NAME=VALUE"; overrides the worker's own variables
  std::string cwd;               ///< empty: that of its job, or the worker's working directory
  std::string input;             ///< its standard input, may contain NULs; empty: that of its job
  Duration timeout{};            ///< from its start; 0: none
  bool has_no_cwd = false;       ///< cwd is empty, and that of its job does not count
  bool has_no_input = false;     ///< input is empty, and that of its job does not count

  friend bool operator==(const Command&, const Command&) = default;
};

/// How an attempt at a command ended.
enum class CommandEnd : std::uint8_t {
  exited,         ///< by itself, with an exit status
  signalled,      ///< by a signal that Rollcall did not send
  timed_out,      ///< ended after its timeout
  cancelled,      ///< ended because of a Cancel
  not_started,    ///< no process was started; see `error` and `error_text`
  out_of_memory,  ///< ended because it exceeded Job::max_memory; see `error_text`
};

/// The result of an attempt. Describes the process of the command itself; CPU time and memory
/// include the descendants that it has waited for.
struct CommandResult {
  CommandEnd end = CommandEnd::exited;
  int status = 0;          ///< exit status; 0 if it did not exit
  int signal = 0;          ///< that ended it; 0 if it exited. May be set if timed out or cancelled
  int error = 0;           ///< not_started: errno
  std::string error_text;  ///< not_started, out_of_memory: one line for the user
  Instant started;         ///< the worker's clock
  Duration elapsed{};      ///< not negative
  Duration cpu{};          ///< user and system
  std::uint64_t peak_rss_bytes = 0;
  std::string out;                ///< bytes of its standard output: all that were kept
  std::string err;                ///< the same of its standard error
  std::uint64_t out_dropped = 0;  ///< bytes that followed those
  std::uint64_t err_dropped = 0;
  /// Bytes before `out`, which travelled in Outputs. kNotWanted: the worker has forgotten the
  /// stream, because the coordinator did not want it.
  std::uint64_t out_before = 0;
  std::uint64_t err_before = 0;  ///< the same of its standard error

  friend bool operator==(const CommandResult&, const CommandResult&) = default;
};

}  // namespace rollcall
