#include "coordinator/exec/results/open_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

int OpenFiles::file(const SpoolStream& stream, int flags) {
  if (const auto found = by_stream_.find(stream); found != by_stream_.end()) {
    files_.splice(files_.begin(), files_, found->second);
    return found->second->opened.get();
  }
  if (files_.size() >= limits::spool_descriptors) close(SpoolStream(files_.back().stream));
  const std::string name = name_of_(stream);
  os::Descriptor opened(
      ::openat(directory_.get(), name.c_str(), O_RDWR | O_CLOEXEC | flags_ | flags, mode_));
  if (!opened) return -1;
  have_names_changed_ |= (flags & O_CREAT) != 0;  // perhaps
  files_.push_front({stream, std::move(opened)});
  by_stream_[stream] = files_.begin();
  return files_.front().opened.get();
}

void OpenFiles::close(const SpoolStream& stream) {
  const auto found = by_stream_.find(stream);
  if (found == by_stream_.end()) return;
  files_.erase(found->second);
  by_stream_.erase(found);
}

int OpenFiles::sync_names() {
  if (!have_names_changed_) return 0;
  if (::fsync(directory_.get()) != 0) return errno;
  have_names_changed_ = false;
  return 0;
}

}  // namespace rollcall::coordinator
