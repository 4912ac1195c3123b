#include "coordinator/access/access_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "common/limits.h"
#include "common/os/file_io.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNote = ".access";

Error cannot_write(const fs::path& path, const char* why) {
  return permanent(fmt::format("cannot write access file {}: {}", path.string(), why));
}

/// Whether `file` is open at `path`, and not replaced or removed.
bool is_at(const os::Descriptor& file, const fs::path& path) {
  struct stat open {};
  struct stat found {};
  return ::fstat(file.get(), &open) == 0 && ::stat(path.c_str(), &found) == 0 &&
         open.st_dev == found.st_dev && open.st_ino == found.st_ino;
}

bool is_access_file(const os::Descriptor& file) {
  struct stat status {};
  std::string text;
  return ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
         os::read_all(file.get(), limits::access_bytes + 1, text) == 0 &&
         access_from_json(text).has_value();
}

/// Opens the existing file and takes its lock, so that no other coordinator replaces it. The error
/// is retryable if the file has just been removed or replaced, else permanent.
Result<os::Descriptor> take_over(const fs::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return retryable(std::strerror(errno));
  if (!S_ISREG(found.st_mode)) return cannot_write(path, "not a regular file");
  os::Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return retryable(std::strerror(ENOENT));
  if (!file) return cannot_write(path, std::strerror(errno));
  if (!is_access_file(file)) {
    return permanent(
        fmt::format("{} exists and is not an access file: expected a new file name, or the access "
                    "file of a run that has ended",
                    path.string()));
  }
  if (os::lock_file(file.get()) == os::FileLock::held) {
    return permanent(fmt::format(
        "{} is the access file of a run that is alive: expected another file name", path.string()));
  }
  if (!is_at(file, path)) return retryable("replaced");
  return file;
}

/// Moves the temporary file to `path`.
Result<void> place(const std::string& temporary, const fs::path& path) {
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    // Unlike rename(), link() never replaces a file.
    if (::link(temporary.c_str(), path.c_str()) == 0) {
      ::unlink(temporary.c_str());
      return {};
    }
    if (errno == EEXIST) {
      const auto old = take_over(path);
      if (!old && old.error().kind == ErrorKind::retryable) continue;
      if (!old) return old.error();
      if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
    } else if (errno == EPERM || errno == EOPNOTSUPP) {  // the file system has no hard links
      if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
    }
    return cannot_write(path, std::strerror(errno));
  }
  return cannot_write(path, "a dangling link, or replaced again and again");
}

/// Removes a file that a coordinator has noted, if it is dead. Returns false if it may be alive.
bool remove_noted(const fs::path& path) {
  const os::Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!file) return errno == ENOENT;
  if (os::lock_file(file.get()) != os::FileLock::taken) return false;
  if (is_access_file(file) && is_at(file, path)) ::unlink(path.c_str());
  return true;
}

}  // namespace

Result<std::unique_ptr<AccessFile>> AccessFile::create(const fs::path& path, const Access& access) {
  std::string temporary = path.string() + ".XXXXXX";
  os::Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // creates it with mode 0600
  if (!file) return cannot_write(path, std::strerror(errno));
  // Locked before anyone can find it.
  static_cast<void>(os::lock_file(file.get()));
  const int error = os::write_all(file.get(), to_json(access));
  const Result<void> placed =
      error == 0 ? place(temporary, path) : cannot_write(path, std::strerror(error));
  if (!placed) {
    ::unlink(temporary.c_str());
    return placed.error();
  }
  std::error_code ignored;  // without a current directory the path stays relative
  const fs::path absolute = fs::absolute(path, ignored);
  return std::unique_ptr<AccessFile>(
      new AccessFile(absolute.empty() ? path : absolute, std::move(file)));
}

AccessFile::~AccessFile() {
  if (is_at(file_, path_)) ::unlink(path_.c_str());
  if (!note_.empty()) ::unlink(note_.c_str());
}

void AccessFile::note_in(const fs::path& directory) {
  const fs::path note = directory / fmt::format("{}{}", ::getpid(), kNote);
  ::unlink(note.c_str());  // of an earlier process with this id
  if (::symlink(path_.c_str(), note.c_str()) == 0) note_ = note;
}

void AccessFile::remove_dead(const fs::path& directory) {
  std::vector<fs::path> notes;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == kNote) notes.push_back(entry->path());
  }
  for (const fs::path& note : notes) {
    const fs::path file = fs::read_symlink(note, error);
    if (!error && remove_noted(file)) ::unlink(note.c_str());
  }
}

}  // namespace rollcall::coordinator
