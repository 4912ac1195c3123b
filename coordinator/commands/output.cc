#include "coordinator/commands/output.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "common/model/output_stream.h"
#include "common/os/descriptor.h"
#include "common/os/file_io.h"
#include "coordinator/commands/stored_run.h"
#include "coordinator/exec/results/command_results.h"
#include "coordinator/exec/results/spool_files.h"
#include "coordinator/output/stream/stream_writer.h"

namespace rollcall::coordinator {
namespace {

constexpr int kNotKept = 1;
constexpr std::size_t kReadBytes = std::size_t{1} << 20U;

/// Null if the command has not run.
Result<std::optional<CommittedCommand>> stored_command(Journal& journal, std::size_t record) {
  std::optional<CommittedCommand> found;
  auto read = journal.read_commands([&](const CommittedCommand& command) {
    if (command.record == record) found = command;
  });
  if (!read) return read.error();
  return found;
}

/// A stream of what the command has written: its beginning is in a file, its end in the journal.
struct StoredStream {
  int fd = -1;  ///< to print it on
  const char* name = "";
  std::uint64_t before = 0;  ///< bytes in the file
  const std::string* end = nullptr;
  os::Descriptor file = {};
};

/// Opens the file. Returns false if it does not have all of the beginning.
bool open_file(const std::string& path, StoredStream& stream) {
  if (stream.before == 0) return true;
  stream.file = os::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  return stream.file && ::fstat(stream.file.get(), &status) == 0 &&
         static_cast<std::uint64_t>(status.st_size) >= stream.before;
}

/// Returns why it failed; empty if it did not.
std::string print_stream(const StoredStream& stream) {
  StreamWriter writer(stream.fd, stream.name);
  std::string bytes;
  for (std::uint64_t at = 0; at < stream.before; at += bytes.size()) {
    bytes.resize(std::min<std::uint64_t>(kReadBytes, stream.before - at));
    const int error = os::read_at(stream.file.get(), bytes, static_cast<std::int64_t>(at));
    if (error != 0) return std::string("cannot read it: ") + std::strerror(error);
    writer.buffer() += bytes;
    writer.write_all();
    if (!writer.failed().empty()) return writer.failed();
  }
  writer.buffer() += *stream.end;
  writer.write_all();
  return writer.failed();
}

int print_output(const OutputOptions& options, TaskId task, const CommittedCommand& command) {
  const CommandResult& result = *command.result;
  std::array<StoredStream, 2> streams = {
      {{STDOUT_FILENO, "standard output", result.out_before, &result.out},
       {STDERR_FILENO, "standard error", result.err_before, &result.err}}};
  for (std::size_t i = 0; command.output && i < streams.size(); ++i) {
    const SpoolKey key{command.output->session, task, command.output->attempt,
                       command.output->epoch};
    const OutputStream stream = i == 0 ? OutputStream::out : OutputStream::err;
    if (open_file(options.journal + "-output/" + spool_name({key, stream}), streams[i])) continue;
    return give_up("output",
                   fmt::format("task {}: the first {} bytes of its output were deleted when they "
                               "were printed: only --keep-output keeps them",
                               options.task, result.out_before + result.err_before),
                   kNotKept);
  }
  for (const StoredStream& stream : streams) {
    const std::string failed = print_stream(stream);
    if (!failed.empty()) return give_up("output", failed, 6);
  }
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
  const auto command = stored_command(**journal, record);
  if (!command) return give_up("output", command.error().message, cli::kUsageStatus);
  if (!*command) {
    return give_up("output",
                   fmt::format("task {} has no output: its command never started", options.task),
                   kNotKept);
  }
  return print_output(options, *task, **command);
}

}  // namespace rollcall::coordinator
