#include "coordinator/view/failed_tasks.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "common/limits.h"
#include "coordinator/core/analysis/failures.h"

namespace rollcall::coordinator {
namespace {

std::string indented(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    text.append("    ").append(line);
    lines.remove_prefix(line.size());
  }
  return text;
}

std::string rest_line(std::uint64_t count, const std::string& list_failed) {
  if (!list_failed.empty()) return fmt::format("  {} more: {}\n", count, list_failed);
  return fmt::format("  {} more, which --results FILE or --journal FILE would record\n", count);
}

}  // namespace

std::uint64_t count_failed(const RunRecords& records) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      records.task, [&](TaskId task) { return has_failed(records.outcome_of(task)); }));
}

std::string failed_task_line(const RunRecords& records, std::size_t record,
                             const KindDisplay& display) {
  return fmt::format("task {}: {}", index(records.task[record]), display.failure(records, record));
}

std::string failures_text(const RunRecords& records, const KindDisplay& display) {
  const std::uint64_t count = count_failed(records);
  if (count == 0) return {};
  const std::uint64_t named = std::min<std::uint64_t>(count, limits::named_tasks);
  std::string text = fmt::format("{} {} failed{}:\n", count, count == 1 ? "task" : "tasks",
                                 count > named ? ", the first" : "");
  std::uint64_t listed = 0;
  for (std::size_t record = 0; listed < named; ++record) {
    if (!has_failed(records.outcome_of(records.task[record]))) continue;
    ++listed;
    text += "  " + failed_task_line(records, record, display) + "\n" +
            indented(display.failure_tail(record));
  }
  if (count > named) text += rest_line(count - named, display.list_failed());
  return text;
}

}  // namespace rollcall::coordinator
