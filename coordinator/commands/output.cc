#include "coordinator/commands/output.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>

#include "coordinator/commands/stored_run.h"
#include "coordinator/exec/results/command_results.h"
#include "coordinator/output/stream/stream_writer.h"

namespace rollcall::coordinator {
namespace {

constexpr int kNotKept = 1;

/// The result of the command in the journal; null if it has not run.
Result<std::shared_ptr<const CommandResult>> stored_result(Journal& journal, std::size_t record) {
  std::shared_ptr<const CommandResult> result;
  auto read = journal.read_commands([&](const CommittedCommand& command) {
    if (command.record == record) result = command.result;
  });
  if (!read) return read.error();
  return result;
}

int write_output(const CommandResult& result) {
  for (const auto& [fd, name, bytes] : {std::tuple(STDOUT_FILENO, "standard output", &result.out),
                                        std::tuple(STDERR_FILENO, "standard error", &result.err)}) {
    StreamWriter writer(fd, name);
    writer.buffer() = *bytes;
    writer.write_all();
    if (!writer.failed().empty()) return give_up("output", writer.failed(), 6);
  }
  return 0;
}

int print_output(const OutputOptions& options, const CommandResult& result) {
  const std::uint64_t before = result.out_before + result.err_before;
  if (before > 0) {
    return give_up("output",
                   fmt::format("task {}: the first {} bytes of its output are not kept: a journal "
                               "keeps up to 64 KiB of a command, --output-dir keeps all",
                               options.task, before),
                   kNotKept);
  }
  if (const int status = write_output(result); status != 0) return status;
  const DroppedOutput dropped = dropped_output(result);
  if (dropped.out + dropped.err == 0) return 0;
  return give_up("output",
                 fmt::format("task {}: {} bytes of its output were dropped (--max-output)",
                             options.task, dropped.out + dropped.err),
                 kNotKept);
}

}  // namespace

int run_output(const OutputOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  const auto journal = Journal::open_to_read(options.journal);
  if (!journal) return give_up("output", journal.error().message, cli::kUsageStatus);
  const auto content = (*journal)->load();
  if (!content) return give_up("output", content.error().message, cli::kUsageStatus);
  const RunRecords& records = content->records;
  if (options.task >= records.spec.task_count) {
    return give_up("output",
                   fmt::format("task {}: {} has {} tasks, numbered from 0", options.task,
                               options.journal, records.spec.task_count),
                   cli::kUsageStatus);
  }
  const auto task = std::ranges::find(records.task, task_at(options.task));
  if (task == records.task.end()) {
    return give_up("output", fmt::format("task {} has not ended", options.task), kNotKept);
  }
  const auto record = static_cast<std::size_t>(task - records.task.begin());
  const auto result = stored_result(**journal, record);
  if (!result) return give_up("output", result.error().message, cli::kUsageStatus);
  if (*result == nullptr) {
    return give_up("output", fmt::format("task {} has not run a command", options.task), kNotKept);
  }
  return print_output(options, **result);
}

}  // namespace rollcall::coordinator
