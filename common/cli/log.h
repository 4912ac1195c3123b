// The log of a program, on standard error or in a file.
#pragma once

#include <string>

#include "common/base/result.h"

namespace rollcall {

/// Sets up the log of this process. Each line starts with the time, unless a person watches: it
/// goes to a terminal, or to a program that shows it on one (`to_terminal`). Then it has `program`
/// and the process id. `level` is one of cli::log_levels(). Lines are appended to `file`, or go to
/// standard error if it is empty. Call it once, before the first line. Fails if the file cannot be
/// opened.
[[nodiscard]] Result<void> start_log(const std::string& program, const std::string& level,
                                     const std::string& file, bool to_terminal = false);

/// From now on a thread writes the lines, so that no other thread waits for a reader or a disk.
/// Lines that are logged faster than they are written push out older ones. Requires start_log().
void log_on_a_thread();
/// Waits until all lines are written, and ends that thread, if there is one. To be called before
/// the process ends, or writes to standard error by itself. May be repeated.
void log_directly();

}  // namespace rollcall
