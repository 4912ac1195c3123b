#include "coordinator/exec/results/held_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/os/file_io.h"
#include "common/os/temporary_file.h"

namespace rollcall::coordinator {
namespace {

Error file_error(const std::string& directory, int error) {
  return permanent("temporary output file in " + directory + ": " + std::strerror(error));
}

}  // namespace

Result<void> HeldOutput::hold(std::uint64_t task, TaskOutput&& output) {
  if (held_bytes_ + output.size() <= memory_bytes_) {
    held_bytes_ += output.size();
    in_memory_.emplace(task, std::move(output));
    return {};
  }
  const InFile place{file_size_, output.out.size(), output.err.size()};
  if (Result<void> written = write(output.out); !written) return written;
  if (Result<void> written = write(output.err); !written) return written;
  in_file_.emplace(task, place);
  output = {};
  return {};
}

Result<std::optional<TaskOutput>> HeldOutput::take(std::uint64_t task) {
  if (const auto held = in_memory_.find(task); held != in_memory_.end()) {
    TaskOutput output = std::move(held->second);
    held_bytes_ -= output.size();
    in_memory_.erase(held);
    return std::optional(std::move(output));
  }
  const auto held = in_file_.find(task);
  if (held == in_file_.end()) return std::optional<TaskOutput>();
  const InFile place = held->second;
  TaskOutput output{std::string(place.out, '\0'), std::string(place.err, '\0')};
  int error = os::read_at(file_.get(), output.out, place.at);
  const auto at_err = place.at + static_cast<std::int64_t>(place.out);
  if (error == 0) error = os::read_at(file_.get(), output.err, at_err);
  if (error != 0) return file_error(directory_, error);
  in_file_.erase(held);
  // All output in the file has been taken: reuse its space.
  if (in_file_.empty() && ::ftruncate(file_.get(), 0) == 0) file_size_ = 0;
  return std::optional(std::move(output));
}

Result<void> HeldOutput::write(const std::string& text) {
  if (!file_) file_ = os::temporary_file(directory_);
  const int error = file_ ? os::write_at(file_.get(), text, file_size_) : errno;
  if (error != 0) return file_error(directory_, error);
  file_size_ += static_cast<std::int64_t>(text.size());
  return {};
}

}  // namespace rollcall::coordinator
