// Files of a directory, of which few are open at the same time.
#pragma once

#include <sys/types.h>

#include <list>
#include <map>
#include <string>
#include <utility>

#include "common/os/descriptor.h"
#include "coordinator/exec/results/spool_files.h"

namespace rollcall::coordinator {

/// Opens a file for each stream when it is needed. At most limits::spool_descriptors are open: the
/// one that was not used for longest is closed, and opened again when it is needed. One thread;
/// functions may block.
class OpenFiles {
 public:
  using NameOf = std::string (*)(const SpoolStream&);

  /// `flags` are those of open(2) for all files, such as O_NOFOLLOW. New files have this mode, less
  /// the umask.
  OpenFiles(os::Descriptor directory, NameOf name_of, int flags, ::mode_t mode)
      : directory_(std::move(directory)), name_of_(name_of), flags_(flags), mode_(mode) {}

  int directory() const { return directory_.get(); }
  /// The open file of the stream, valid until the next call. If it is not open, it is opened
  /// with these flags too, such as O_CREAT. -1 with errno if it cannot be opened.
  int file(const SpoolStream& stream, int flags = 0);
  void close(const SpoolStream& stream);
  /// Makes the names of created files durable. Returns 0 or the errno.
  int sync_names();

 private:
  struct File {
    SpoolStream stream;
    os::Descriptor opened;
  };

  os::Descriptor directory_;
  NameOf name_of_;
  int flags_;
  ::mode_t mode_;
  std::list<File> files_;  ///< open; the one used last is the first
  std::map<SpoolStream, std::list<File>::iterator> by_stream_;
  bool have_names_changed_ = false;
};

}  // namespace rollcall::coordinator
