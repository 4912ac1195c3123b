#include "coordinator/exec/results/exec_run.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "common/base/text.h"
#include "common/limits.h"
#include "common/os/file_io.h"
#include "coordinator/core/analysis/batch_cursor.h"
#include "coordinator/core/analysis/failures.h"
#include "coordinator/exec/results/command_output.h"
#include "coordinator/exec/results/joblog.h"

namespace rollcall::coordinator {
namespace {

constexpr int kTailLines = 5;
constexpr std::size_t kTailBytes = 1'000;

/// Returns the last lines of `text`, safe for a terminal, each with a newline.
std::string last_lines(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  text = text.substr(text.size() - std::min(text.size(), kTailBytes));
  std::size_t begin = text.size();
  for (int line = 0; line < kTailLines && begin != 0; ++line) {
    const std::size_t newline = text.rfind('\n', begin - 1);
    if (newline == std::string_view::npos || newline == 0) {
      begin = 0;
    } else {
      begin = newline;
    }
  }
  std::string lines;
  text.remove_prefix(begin);
  while (text.starts_with('\n')) text.remove_prefix(1);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    lines += printable(line, kTailBytes) + "\n";
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

}  // namespace

Result<void> ExecRun::open(const Files& files, Duration clock) {
  files_ = files;
  clock_ = clock;
  if (!files.output_dir.empty()) {
    std::error_code error;
    std::filesystem::create_directories(files.output_dir, error);
    if (error || ::access(files.output_dir.c_str(), W_OK | X_OK) != 0) {
      const std::string why = error ? error.message() : std::strerror(errno);
      return permanent("--output-dir: cannot write into " + files.output_dir + ": " + why);
    }
  }
  return files.joblog.empty() ? Result<void>() : open_joblog(files.append);
}

Result<void> ExecRun::open_joblog(bool append) {
  constexpr ::mode_t kMode = 0666;  // the umask applies
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
  joblog_ = os::Descriptor(::open(files_.joblog.c_str(), flags, kMode));
  if (!joblog_) {
    return permanent("--joblog: cannot open " + files_.joblog + ": " + std::strerror(errno));
  }
  needs_header_ = ::lseek(joblog_.get(), 0, SEEK_END) <= 0;
  return {};
}

Result<void> ExecRun::restore(const RunRecords& records,
                              std::vector<std::pair<std::size_t, CommandResult>>&& results,
                              std::uint64_t published) {
  run_ = records.spec.id;
  for (auto& [record, result] : results) results_.restore(record, std::move(result));
  note_restored(records, published);
  if (!joblog_ || !std::filesystem::is_regular_file(files_.joblog)) return {};
  return keep_in_joblog(records, published);
}

/// Keeps the rows of the first `published` records alone. Replaces the file, so that a crash leaves
/// the old one or the new one.
Result<void> ExecRun::keep_in_joblog(const RunRecords& records, std::uint64_t published) {
  std::vector<bool> is_published(records.spec.task_count);
  for (std::size_t i = 0; i < published; ++i) is_published[index(records.task[i])] = true;
  std::string old;
  const os::Descriptor reader(::open(files_.joblog.c_str(), O_RDONLY | O_CLOEXEC));
  int error = reader ? os::read_all(reader.get(), std::string::npos, old) : errno;
  const std::string kept = joblog_rows_of(old, is_published);
  if (error == 0 && kept.size() == old.size()) return {};
  const std::string name = files_.joblog + ".new";
  constexpr ::mode_t kMode = 0666;
  if (error == 0) {
    const os::Descriptor file(
        ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
    error = file ? os::write_all(file.get(), kept) : errno;
  }
  if (error == 0 && ::rename(name.c_str(), files_.joblog.c_str()) != 0) error = errno;
  if (error != 0) {
    return permanent(
        fmt::format("--joblog: cannot replace {}: {}", files_.joblog, std::strerror(error)));
  }
  return open_joblog(/*append=*/true);
}

void ExecRun::note_restored(const RunRecords& records, std::size_t end) {
  for (; restored_ < end; ++restored_) {
    if (has_failed(records.outcome_of(records.task[restored_]))) {
      note_failure(restored_, results_.unpublished(restored_));
    }
  }
}

void ExecRun::replay(const RunRecords& records, std::size_t record, CommandResult result) {
  results_.restore(record, std::move(result));
  replay(records, record + 1);
}

void ExecRun::replay(const RunRecords& records, std::size_t end) {
  note_restored(records, end);
  results_.mark_published(end);
}

void ExecRun::fill(AttemptColumns& attempts) const {
  attempts.command.clear();
  attempts.command.reserve(attempts.size());
  const std::string run = "ROLLCALL_RUN_ID=" + to_hex(run_.bytes);
  const std::vector<Attempt>& number = attempts.number.empty() ? attempts.attempt : attempts.number;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    Command& command = attempts.command.emplace_back(commands_[attempts.task[i]]);
    command.env.push_back(run);
    if (!name_.empty()) command.env.push_back("ROLLCALL_RUN_NAME=" + name_);
    command.env.push_back(fmt::format("ROLLCALL_TASK_ID={}", index(attempts.task[i])));
    command.env.push_back(fmt::format("ROLLCALL_ATTEMPT={}", number[i]));
  }
}

void ExecRun::publish(const RunRecords& records, std::size_t first, std::size_t count) {
  BatchCursor batch(records);
  std::string joblog_text;
  if (joblog_ && std::exchange(needs_header_, false)) joblog_text = joblog_header();
  std::vector<NewFiles> files;
  std::size_t bytes = 0;
  for (std::size_t record = first; record < first + count; ++record) {
    const std::shared_ptr<const CommandResult> result = results_.share_unpublished(record);
    if (has_failed(records.outcome_of(records.task[record]))) {
      note_failure(record, result.get());
    }
    if (result == nullptr) continue;
    if (joblog_) {
      const std::optional<SessionIndex>& session = batch.of(record).session;
      joblog_text +=
          joblog_line(records, record, session ? records.sessions[index(*session)].name : "");
    }
    if (files_.output_dir.empty()) continue;
    bytes += result->out.size() + result->err.size();
    files.push_back({records.task[record], result, output_of(record, *result)});
  }
  if (joblog_text.empty() && files.empty()) return;
  bytes += joblog_text.size();
  write_files_(bytes, [this, joblog_text = std::move(joblog_text), files = std::move(files),
                       spool = spool_] { return write_files(joblog_text, files, spool.get()); });
}

WrittenOutput ExecRun::output_of(const CommandResult& result) const {
  const DroppedOutput dropped = dropped_output(result);
  return {{}, result.out, result.err, dropped.out, dropped.err};
}

WrittenOutput ExecRun::output_of(std::size_t record, const CommandResult& result) const {
  WrittenOutput output = output_of(result);
  const SpooledResult* const spooled = results_.spooled(record);
  if (spooled == nullptr) return output;
  output.spooled = SpooledOutput{spooled->key, {result.out_before, result.err_before}};
  return output;
}

/// The spool has written the beginning of these files, if it has taken any output of the task.
Result<void> ExecRun::write_new_files(const std::string& directory, const NewFiles& files,
                                      SpoolReader* spool) {
  if (files.output.spooled) {
    Result<void> written = spool->wait_until_written(files.output.spooled->key);
    if (!written) return written;
  }
  Result<void> written = write_output_files(directory, files.task, files.output);
  if (written && files.output.spooled) spool->printed(files.output.spooled->key);
  return written;
}

/// May run on another thread. Returns why it failed; then nothing more is written.
std::string ExecRun::write_files(const std::string& joblog_text, const std::vector<NewFiles>& files,
                                 SpoolReader* spool) {
  if (have_files_failed_) return {};
  have_files_failed_ = true;
  for (const NewFiles& file : files) {
    const auto written = write_new_files(files_.output_dir, file, spool);
    if (!written) return "--output-dir: cannot write " + written.error().message;
  }
  if (const int error = joblog_text.empty() ? 0 : os::write_all(joblog_.get(), joblog_text);
      error != 0) {
    return "--joblog: cannot write " + files_.joblog + ": " + std::strerror(error);
  }
  have_files_failed_ = false;
  return {};
}

void ExecRun::note_failure(std::size_t record, const CommandResult* result) {
  if (tails_.size() >= limits::named_tasks) return;
  const SpooledResult* const spooled = results_.spooled(record);
  const std::string err_end = spooled == nullptr ? std::string() : spooled->err_end;
  tails_.push_back({record, result == nullptr ? std::string() : last_lines(err_end + result->err)});
}

std::string ExecRun::joblog_line(const RunRecords& records, std::size_t record,
                                 const std::string& host) const {
  const TaskId task = records.task[record];
  const CommandResult& result = *results_.unpublished(record);
  JoblogRow row;
  row.seq = index(task) + 1;
  row.host = host;
  row.start = records.started[record].time_since_epoch() + clock_;
  row.elapsed = records.elapsed[record];
  row.sent = commands_.standard_input_bytes(task);
  row.received = result.out_before + result.out.size() + result.out_dropped + result.err_before +
                 result.err.size() + result.err_dropped;
  row.exit_value = joblog_exit_value(result);
  row.signal = result.signal;
  row.command = commands_.line(task);
  return coordinator::joblog_line(row);
}

}  // namespace rollcall::coordinator
