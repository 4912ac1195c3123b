#include "coordinator/journal/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "common/os/random.h"
#include "coordinator/journal/sqlite/schema.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;

/// Beyond the end of any file, and not among the bytes that SQLite locks (at 1 GiB).
constexpr off_t kLockedByte = off_t{1} << 62U;

// Layout of an SQLite header (https://www.sqlite.org/fileformat2.html#the_database_header).
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kVersionAt = 60;
constexpr std::size_t kApplicationAt = 68;
constexpr std::string_view kMagic("SQLite format 3\0", 16);

using Header = std::array<char, kHeaderBytes>;

std::int32_t number_at(const Header& header, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8U | static_cast<unsigned char>(header[offset + i]);
  }
  return static_cast<std::int32_t>(value);
}

Error cannot(const std::string& doing, const std::string& path, int error) {
  return permanent("cannot " + doing + " journal " + path + ": " + std::strerror(error));
}

Result<void> check_header(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return cannot("read", path, errno);
  if (!S_ISREG(status.st_mode)) return permanent(path + " is not a journal: not a regular file");
  Header header{};
  const ssize_t got = ::pread(fd, header.data(), header.size(), 0);
  if (got < 0) return cannot("read", path, errno);
  if (got == 0) return permanent(path + " is not a journal: empty file");
  if (std::string_view(header.data(), kMagic.size()) != kMagic) {
    return permanent(path + " is not a journal: not an SQLite database");
  }
  if (number_at(header, kApplicationAt) != kJournalApplicationId) {
    return permanent(path + " is not a journal: a database of another program");
  }
  const std::int32_t version = number_at(header, kVersionAt);
  if (version < kOldestJournalVersion || version > kJournalVersion) {
    return permanent(
        fmt::format("{} is a journal of version {}; this program reads versions {} to {}", path,
                    version, kOldestJournalVersion, kJournalVersion));
  }
  return {};
}

/// Like rename(), but never replaces a file. Some file systems support only one of the two ways.
int rename_new(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return ::unlink(from.c_str());
  if (errno != EPERM && errno != EOPNOTSUPP) return -1;
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
}

}  // namespace

Result<FileLock> FileLock::open(const std::string& path, bool to_write) {
  // O_NONBLOCK: opening a named pipe must not block.
  const int mode = to_write ? O_RDWR : O_RDONLY;
  FileLock file(::open(path.c_str(), mode | O_CLOEXEC | O_NONBLOCK));
  if (!file.file_ && errno == ENOENT) return retryable("journal " + path + " does not exist");
  if (!file.file_) return cannot("open", path, errno);
  if (auto checked = check_header(file.file_.get(), path); !checked) return checked.error();
  return file;
}

Result<void> FileLock::take(const std::string& path) const {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = kLockedByte;
  range.l_len = 1;
  if (::fcntl(file_.get(), F_OFD_SETLK, &range) == 0) return {};
  if (errno == EAGAIN || errno == EACCES) {
    return permanent("journal " + path + " is in use by another coordinator");
  }
  return cannot("lock", path, errno);
}

bool FileLock::is_at(const std::string& path) const {
  struct stat here {};
  struct stat there {};
  return ::fstat(file_.get(), &here) == 0 && ::stat(path.c_str(), &there) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

std::string temporary_name(const std::string& path) {
  return fmt::format("{}.new-{}", path, os::random_u64());
}

Result<void> put_in_place(const std::string& from, const std::string& path) {
  const int error = rename_new(from, path) == 0 ? 0 : errno;
  if (error != 0) ::unlink(from.c_str());
  if (error == EEXIST) return permanent("journal " + path + " already exists");
  if (error != 0) return cannot("create", path, error);
  return sync_directory_of(path);
}

Result<void> sync_directory_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  const fs::path directory = parent.empty() ? fs::path(".") : parent;
  const os::Descriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file && ::fsync(file.get()) == 0) return {};
  return cannot("create", path, errno);
}

Result<void> check_name_is_free(const std::string& path) {
  const auto exists = [](const std::string& name) {
    struct stat status {};
    return ::lstat(name.c_str(), &status) == 0;
  };
  if (exists(path)) return permanent("journal " + path + " already exists");
  // SQLite would read these files as part of the new journal.
  for (const char* part : {"-wal", "-journal"}) {
    if (exists(path + part)) {
      return permanent(path + part + " is left over from another journal: move it away first");
    }
  }
  return {};
}

}  // namespace rollcall::coordinator
