// Formats --joblog in the format of GNU parallel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/command.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// The last attempt of a task.
struct JoblogRow {
  std::uint64_t seq = 0;  ///< task number, counted from 1
  std::string host;       ///< name of the worker
  Duration start{};       ///< since 1970, UTC
  Duration elapsed{};
  std::uint64_t sent = 0;      ///< bytes of standard input
  std::uint64_t received = 0;  ///< bytes of output, including dropped ones
  int exit_value = 0;          ///< joblog_exit_value()
  int signal = 0;              ///< that ended the command; 0: none
  std::string command;         ///< from shell_line()
};

/// Returns the header line, with its newline.
std::string_view joblog_header();

/// Returns one line of nine columns, with its newline. Tabs and newlines in a text become
/// "\\t" and "\\n".
std::string joblog_line(const JoblogRow& row);

/// The lines of `joblog` without the rows of tasks that `is_kept` excludes. Lines that are not rows
/// stay.
std::string joblog_rows_of(std::string_view joblog, const std::vector<bool>& is_kept);

/// The value of column Exitval: the exit status of the command; 127 if the program was not found;
/// 126 if it could not be started; -1 after a timeout or cancellation; 0 after a signal, which is
/// in column Signal.
int joblog_exit_value(const CommandResult& result);

}  // namespace rollcall::coordinator
