#include "coordinator/commands/report_failed.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/os/descriptor.h"
#include "coordinator/commands/stored_run.h"
#include "coordinator/core/analysis/failures.h"
#include "coordinator/exec/input/task_commands.h"
#include "coordinator/exec/input/task_input.h"
#include "coordinator/output/stream/stream_writer.h"
#include "coordinator/view/failed_tasks.h"
#include "coordinator/view/row.h"
#include "coordinator/view/saved_results.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

/// Writes failed tasks to standard output, in one of the forms.
class FailedList {
 public:
  explicit FailedList(ReportFormat format) : format_(format) {
    if (format_ == ReportFormat::json) writer_.buffer() += "[";
  }

  ReportFormat format() const { return format_; }
  /// A line of text, an object, or a command.
  void add(std::string_view entry) {
    std::string& text = writer_.buffer();
    if (format_ == ReportFormat::json) text += is_empty_ ? "\n" : ",\n";
    text += entry;
    if (format_ != ReportFormat::json) text += '\n';
    is_empty_ = false;
    if (text.size() >= kPiece) writer_.write_all();
  }
  /// Returns why the list cannot be written; empty if it can.
  const std::string& finish() {
    if (format_ == ReportFormat::json) writer_.buffer() += is_empty_ ? "]\n" : "\n]\n";
    writer_.write_all();
    return writer_.failed();
  }

 private:
  ReportFormat format_;
  bool is_empty_ = true;
  StreamWriter writer_{STDOUT_FILENO, "standard output"};
};

Result<void> list_journal(const std::string& path, FailedList& list) {
  auto run = read_run(path);
  if (!run) return run.error();
  const auto kind = read_kind(path, *run);
  if (!kind) return kind.error();
  const RunRecords& records = run->content.records;
  const KindDisplay& display = (*kind)->display();
  if (!run->finished()) report_unfinished("report", records);
  RowWriter rows(records, display);
  for (std::size_t record = 0; record < records.accepted(); ++record) {
    const TaskId task = records.task[record];
    if (!has_failed(records.outcome_of(task))) continue;
    if (list.format() == ReportFormat::text) {
      list.add(failed_task_line(records, record, display));
    } else if (list.format() == ReportFormat::json) {
      std::string row = "{";
      rows.append_json_members(row, record);
      list.add(row + "}");
    } else if (const std::string command = display.whole_command(task); !command.empty()) {
      list.add(script_line(command));
    } else {
      return permanent(path + " has no commands: --output commands is for runs of exec");
    }
  }
  return {};
}

/// The first bytes of a file, or of a pipe none. nullopt: it cannot be read.
std::optional<std::string> beginning_of(const std::string& path) {
  constexpr std::size_t kBytes = 16;
  struct stat status {};
  const os::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file || ::fstat(file.get(), &status) != 0 || S_ISDIR(status.st_mode)) return std::nullopt;
  std::string bytes(kBytes, '\0');
  const ssize_t size = S_ISREG(status.st_mode) ? ::read(file.get(), bytes.data(), bytes.size()) : 0;
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

/// A file that has no row yet is a file of results by its name.
bool begins_results(const std::string& path, const std::string& begin) {
  if (begin.empty()) return path.ends_with(".jsonl") || path.ends_with(".csv");
  return begin.starts_with('{') || begin.starts_with("task,");
}

Result<void> list_results(const std::string& path, FailedList& list) {
  const os::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return permanent(path + ": " + std::strerror(errno));
  bool lacks_command = false;
  bool lacks_block = false;
  SavedResults results([&](const SavedRow& row) {
    if (!has_failed(row.outcome)) return;
    if (list.format() == ReportFormat::text) return list.add(failed_row_line(row));
    if (list.format() == ReportFormat::json) return list.add(row.json);
    lacks_command = lacks_command || !row.command;
    lacks_block = lacks_block || (row.command && only_names_block(*row.command));
    if (row.command) list.add(script_line(*row.command));
  });
  Result<void> read =
      read_chunks(file.get(), [&](std::string_view chunk) { return results.add(chunk); });
  if (read) read = results.finish();
  if (!read) return permanent(path + ": " + read.error().message);
  if (lacks_block) {
    return permanent(path +
                     " does not have the blocks of --pipe that the commands read: use the journal "
                     "of such a run");
  }
  if (lacks_command) {
    return permanent(path + " has rows without a command: of sleeps, or of an earlier version");
  }
  return {};
}

}  // namespace

bool is_results_file(const std::string& path) {
  const std::optional<std::string> begin = beginning_of(path);
  if (!begin) return false;
  std::error_code ignored;
  return !std::filesystem::is_regular_file(path, ignored) || begins_results(path, *begin);
}

int report_failed(const ReportOptions& options) {
  const std::optional<std::string> begin = beginning_of(options.journal);
  const bool is_results = is_results_file(options.journal);
  if (begin && !is_results && !begin->starts_with("SQLite format 3")) {
    return give_up("report",
                   options.journal + ": expected a journal, or a CSV or JSONL file of results",
                   cli::kUsageStatus);
  }
  FailedList list(options.format);
  const Result<void> listed =
      is_results ? list_results(options.journal, list) : list_journal(options.journal, list);
  if (!listed) return give_up("report", listed.error().message, cli::kUsageStatus);
  const std::string& failed = list.finish();
  return failed.empty() ? 0 : give_up("report", failed, 6);
}

}  // namespace rollcall::coordinator
