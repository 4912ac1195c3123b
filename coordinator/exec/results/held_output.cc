#include "coordinator/exec/results/held_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace rollcall::coordinator {
namespace {

Error file_error(const std::string& directory) {
  return permanent("temporary output file in " + directory + ": " + std::strerror(errno));
}

bool read_at(int file, std::string& into, std::int64_t at) {
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t size =
        ::pread(file, into.data() + done, into.size() - done, at + static_cast<std::int64_t>(done));
    if (size <= 0) return false;
    done += static_cast<std::size_t>(size);
  }
  return true;
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
  if (!read_at(file_.get(), output.out, place.at) ||
      !read_at(file_.get(), output.err, place.at + static_cast<std::int64_t>(place.out))) {
    return file_error(directory_);
  }
  in_file_.erase(held);
  // All output in the file has been taken: reuse its space.
  if (in_file_.empty() && ::ftruncate(file_.get(), 0) == 0) file_size_ = 0;
  return std::optional(std::move(output));
}

Result<void> HeldOutput::write(const std::string& text) {
  if (Result<void> opened = open_file(); !opened) return opened;
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = ::pwrite(file_.get(), text.data() + done, text.size() - done, file_size_);
    if (size < 0) return file_error(directory_);
    done += static_cast<std::size_t>(size);
    file_size_ += size;
  }
  return {};
}

Result<void> HeldOutput::open_file() {
  if (file_) return {};
  std::string name = directory_ + "/rollcall-output-XXXXXX";
  file_ = os::Descriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!file_) return file_error(directory_);
  ::unlink(name.c_str());
  return {};
}

}  // namespace rollcall::coordinator
