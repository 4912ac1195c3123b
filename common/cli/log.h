// The log of a program, on standard error or in a file.
#pragma once

#include <string>

#include "common/base/log_line.h"
#include "common/base/result.h"

namespace rollcall {

struct LogSettings {
  std::string level = "info";  ///< one of cli::log_levels()
  LogFormat format = LogFormat::text;
  std::string file;          ///< lines are appended; empty: standard error
  bool to_terminal = false;  ///< another program shows standard error on a terminal
};

/// Sets up the log of this process. A line of text starts with the time, `program`, the process id
/// and the level. If a person watches, because it goes to a terminal, it starts with `program` and
/// the level alone. Call it once, before the first line. Fails if the file cannot be opened.
[[nodiscard]] Result<void> start_log(const std::string& program, const LogSettings& settings);

/// Whether lines of this severity are written.
bool is_logged(Severity severity);

/// Writes a line, unless its level is too low. Before start_log(), to standard output. Any thread.
void write_log(Severity severity, const LogLine& line);

/// From now on a thread writes the lines, so that no other thread waits for a reader or a disk.
/// Lines that are logged faster than they are written push out older ones. Requires start_log().
void log_on_a_thread();
/// Waits until all lines are written, and ends that thread, if there is one. To be called before
/// the process ends, or writes to standard error by itself. May be repeated.
void log_directly();

}  // namespace rollcall
