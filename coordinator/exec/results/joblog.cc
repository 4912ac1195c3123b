#include "coordinator/exec/results/joblog.h"

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

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

}  // namespace

std::string_view joblog_header() {
  return "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";
}

std::string joblog_line(const JoblogRow& row) {
  constexpr std::size_t kTimeWidth = 10;
  std::string line = std::to_string(row.seq);
  line += '\t' + in_one_cell(row.host);
  line += '\t' + format_seconds(row.start, 3);
  line += '\t' + padded(format_seconds(row.elapsed, 3), kTimeWidth);
  line += '\t' + std::to_string(row.sent);
  line += '\t' + std::to_string(row.received);
  line += '\t' + std::to_string(row.exit_value);
  line += '\t' + std::to_string(row.signal);
  line += '\t' + in_one_cell(row.command);
  return line += '\n';
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
