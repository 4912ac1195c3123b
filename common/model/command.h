// A command that a worker runs, and what came of it, as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/model/time.h"

namespace rollcall {

/// What to run. Strings are bytes as they are: no shell, no encoding. None may contain a NUL.
struct Command {
  /// The program and its arguments; at least the program. One without a '/' is looked for in the
  /// PATH that the command gets.
  std::vector<std::string> args;
  std::vector<std::string> env;  ///< "NAME=VALUE", over the worker's own variables
  std::string cwd;               ///< empty: the worker's working directory
  std::string input;             ///< its standard input, may contain NULs; empty: /dev/null
  Duration timeout{};            ///< from its start; 0: none

  friend bool operator==(const Command&, const Command&) = default;
};

/// How an attempt at a command ended.
enum class CommandEnd : std::uint8_t {
  exited,       ///< by itself, with an exit status
  signalled,    ///< by a signal that Rollcall did not send
  timed_out,    ///< it ran longer than its timeout and was ended
  cancelled,    ///< it was told to end
  not_started,  ///< there was never a process of it: `error` and `error_text` say why
};

/// What came of an attempt. The process that it says things about is the command itself; CPU time
/// and memory are also those of descendants that it has waited for.
struct CommandResult {
  CommandEnd end = CommandEnd::exited;
  int status = 0;          ///< exit status; 0 if it did not exit
  int signal = 0;          ///< that ended it; 0 if it exited. May be set for timed_out, cancelled
  int error = 0;           ///< not_started: errno
  std::string error_text;  ///< not_started: one line for a user
  Instant started;         ///< the worker's clock
  Duration elapsed{};      ///< not negative
  Duration cpu{};          ///< user and system
  std::uint64_t peak_rss_bytes = 0;
  std::string out;                ///< the first bytes of its standard output
  std::string err;                ///< the first bytes of its standard error
  std::uint64_t out_dropped = 0;  ///< bytes that came after those
  std::uint64_t err_dropped = 0;

  friend bool operator==(const CommandResult&, const CommandResult&) = default;
};

}  // namespace rollcall
