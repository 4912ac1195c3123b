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
  std::uint64_t received = 0;  ///< bytes that it wrote, kept or not
  int exit_value = 0;
  int signal = 0;
  std::string command;  ///< as shell_line() has it
};

/// The header line, with its newline.
std::string_view joblog_header();

/// A line, with its newline. A tab or newline in a text becomes "\\t" or "\\n", so that it stays
/// one line of nine columns.
std::string joblog_line(const JoblogRow& row);

/// What stands for a result in Exitval: the exit status; as in a shell 127 and 126 for what was not
/// found and what could not be started; -1 for what timed out or was cancelled, and 0 after a
/// signal, which has a column of its own.
int joblog_exit_value(const CommandResult& result);

}  // namespace rollcall::coordinator
