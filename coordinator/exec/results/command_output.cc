#include "coordinator/exec/results/command_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/limits.h"
#include "common/os/descriptor.h"
#include "common/os/file_io.h"

namespace rollcall::coordinator {
namespace {

/// Prefixes each line of `text` with the tag. Adds a missing newline to the last line.
std::string tagged(std::string_view text, std::string_view tag) {
  std::string lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    lines.append(tag).append("\t").append(line).append("\n");
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  os::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  int error = file ? os::write_all(file.get(), bytes) : errno;
  if (error == 0 && ::close(file.release()) != 0) error = errno;
  if (error != 0) return permanent(path + ": " + std::strerror(error));
  return {};
}

}  // namespace

CommandOutput::CommandOutput(const Settings& settings)
    : settings_(settings), held_(settings.memory_bytes, settings.temporary_directory) {}

Result<void> CommandOutput::ended(TaskId task, const WrittenOutput& output) {
  TaskOutput text = formatted(task, output);
  const std::uint64_t number = index(task);
  if (!settings_.keep_order) {
    out_ += text.out;
    err_ += text.err;
    return {};
  }
  if (has_ended_.size() <= number) has_ended_.resize(number + 1);
  has_ended_[number] = true;
  if (number == next_) {
    out_ += text.out;
    err_ += text.err;
    ++next_;
  } else if (text.size() > 0) {
    if (Result<void> held = held_.hold(number, std::move(text)); !held) return held;
  }
  return print_more();
}

bool CommandOutput::has_more() const {
  return next_ < has_ended_.size() && (is_finished_ || has_ended_[next_]);
}

Result<void> CommandOutput::print_more() {
  for (; has_more() && out_.size() + err_.size() < limits::printed_bytes; ++next_) {
    const Result<std::optional<TaskOutput>> held = held_.take(next_);
    if (!held) return held.error();
    if (!*held) continue;
    out_ += (*held)->out;
    err_ += (*held)->err;
  }
  return {};
}

TaskOutput CommandOutput::formatted(TaskId task, const WrittenOutput& output) const {
  TaskOutput text;
  text.out = settings_.tag ? tagged(output.out, output.tag) : std::string(output.out);
  text.err = settings_.tag ? tagged(output.err, output.tag) : std::string(output.err);
  const std::string notice = dropped_notice(task, output);
  if (!notice.empty() && !text.err.empty() && text.err.back() != '\n') text.err += '\n';
  text.err += notice;
  return text;
}

std::string dropped_notice(TaskId task, const WrittenOutput& output) {
  std::string notice;
  const auto add = [&](std::uint64_t bytes, const char* stream) {
    if (bytes == 0) return;
    notice += fmt::format("rollcall: task {}: {} more {} of {} dropped (--max-output)\n",
                          index(task), bytes, bytes == 1 ? "byte" : "bytes", stream);
  };
  add(output.out_dropped, "standard output");
  add(output.err_dropped, "standard error");
  return notice;
}

Result<void> write_output_files(const std::string& directory, TaskId task,
                                const WrittenOutput& output) {
  const std::string path = fmt::format("{}/{}", directory, index(task));
  if (Result<void> written = write_file(path + ".out", output.out); !written) return written;
  return write_file(path + ".err", output.err);
}

}  // namespace rollcall::coordinator
