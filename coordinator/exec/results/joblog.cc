#include "coordinator/exec/results/joblog.h"

#include <fmt/core.h>
#include <cerrno>
#include <charconv>
#include <system_error>

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

std::string joblog_rows_of(std::string_view joblog, const std::vector<bool>& is_kept) {
  std::string kept;
  while (!joblog.empty()) {
    const std::size_t newline = joblog.find('\n');
    const std::size_t size = newline == std::string_view::npos ? joblog.size() : newline + 1;
    const std::string_view line = joblog.substr(0, size);
    std::uint64_t seq = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seq);
    const bool is_row = error == std::errc() && end < line.data() + line.size() && *end == '\t';
    if (!is_row || seq == 0 || seq > is_kept.size() || is_kept[seq - 1]) kept += line;
    joblog.remove_prefix(size);
  }
  return kept;
}

int joblog_exit_value(const CommandResult& result) {
  switch (result.end) {
    case CommandEnd::exited:
      return result.status;
    case CommandEnd::signalled:
      return 0;
    case CommandEnd::timed_out:
    case CommandEnd::cancelled:
    case CommandEnd::out_of_memory:
      return -1;
    case CommandEnd::not_started:
      return result.error == ENOENT ? 127 : 126;
  }
  return -1;
}

}  // namespace rollcall::coordinator
