#include "coordinator/exec/results/joblog.h"

#include <fmt/core.h>
#include <cerrno>

#include "common/cli/duration_text.h"

namespace rollcall::coordinator {
namespace {

std::string in_one_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '\t') {
      cell += "\\t";
    } else if (c == '\n') {
      cell += "\\n";
    } else {
      cell += c;
    }
  }
  return cell;
}

}  // namespace

std::string_view joblog_header() {
  return "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";
}

std::string joblog_line(const JoblogRow& row) {
  return fmt::format("{}\t{}\t{}\t{:>10}\t{}\t{}\t{}\t{}\t{}\n", row.seq, in_one_cell(row.host),
                     format_seconds(row.start, 3), format_seconds(row.elapsed, 3), row.sent,
                     row.received, row.exit_value, row.signal, in_one_cell(row.command));
}

int joblog_exit_value(const CommandResult& result) {
  switch (result.end) {
    case CommandEnd::exited:
      return result.status;
    case CommandEnd::signalled:
      return 0;
    case CommandEnd::timed_out:
    case CommandEnd::cancelled:
      return -1;
    case CommandEnd::not_started:
      return result.error == ENOENT ? 127 : 126;
  }
  return -1;
}

}  // namespace rollcall::coordinator
