#include "coordinator/kinds/exec_stream.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace rollcall::coordinator {

ExecStream::ExecStream(TaskCommands& commands, StreamSource source, std::string separator)
    : commands_(commands),
      source_(std::move(source)),
      separator_(std::move(separator)),
      size_(commands.size()),
      committed_(commands.size()) {}

Result<os::Descriptor> ExecStream::open() {
  if (!source_.file) return error(source_.lost);
  return std::move(source_.file);
}

Error ExecStream::error(std::string_view why) const {
  return permanent(fmt::format("{}: {}", source_.name, why));
}

Error ExecStream::end_early(std::string_view why) {
  commands_.end_early();
  const Result<void> checked = check({});
  return checked ? error(why) : checked.error();
}

/// Lines before an invalid one are valid.
Result<void> ExecStream::check(const Result<void>& added) {
  const Result<void> fits = check_size(commands_, size_);
  if (!fits) return error(fits.error().message);
  if (!added) return error(added.error().message);
  return {};
}

std::uint64_t ExecStream::mean_bytes() const {
  return size_ == 0 ? 0 : commands_.input_bytes() / size_;
}

std::size_t ExecStream::assignment_attempts() const {
  return attempts_in_assignment(commands_);
}

void ExecStream::complete(CommittedTasks& tasks) {
  const auto header = commands_.task_input().header();
  if (header && committed_ == 0 && tasks.count > 0) tasks.text += header->front() + separator_;
  for (std::uint64_t left = tasks.count; left > 0; --left) {
    for (const std::string& line : commands_.task_input().parts(committed_++)) {
      tasks.text += line;
      tasks.text += separator_;
    }
  }
}

}  // namespace rollcall::coordinator
