// The columns of GNU parallel's --joblog.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/model/command.h"
#include "common/model/time.h"

namespace rollcall::coordinator {

/// One task, after its last attempt.
struct JoblogRow {
  std::uint64_t seq = 0;  ///< from 1
  std::string host;       ///< the worker
  Duration start{};       ///< since 1970, UTC
  Duration elapsed{};
  std::uint64_t sent = 0;      ///< bytes of its standard input
  std::uint64_t received = 0;  ///< bytes that it wrote, dropped ones included
  int exit_value = 0;
  int signal = 0;
  std::string command;  ///< of shell_line()
};

/// The header line, with its newline.
std::string_view joblog_header();

/// A line, with its newline. A tab or newline in a text becomes "\\t" or "\\n", so that it stays
/// one line of nine columns.
std::string joblog_line(const JoblogRow& row);

/// The Exitval of a result: the exit status; 127 if the program was not found and 126 if it could
/// not be started, as in a shell; -1 if it timed out or was cancelled; 0 if a signal ended it,
/// which has its own column.
int joblog_exit_value(const CommandResult& result);

}  // namespace rollcall::coordinator
