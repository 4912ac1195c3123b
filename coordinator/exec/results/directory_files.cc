#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "common/os/descriptor.h"
#include "common/os/file_io.h"
#include "coordinator/exec/results/open_files.h"
#include "coordinator/exec/results/spool_files.h"

namespace rollcall::coordinator {
namespace {

std::string output_file_name(const SpoolStream& stream) {
  const char* const suffix = stream.stream == OutputStream::out ? "out" : "err";
  return fmt::format("{}.{}", index(stream.key.task), suffix);
}

/// The key of the open file, which all attempts at the task share.
SpoolStream shared(const SpoolStream& stream) {
  return {{SessionIndex{}, stream.key.task, 0, 0}, stream.stream};
}

bool is_earlier(const SpoolKey& a, const SpoolKey& b) {
  return std::tie(a.epoch, a.attempt) < std::tie(b.epoch, b.attempt);
}

class DirectoryFiles final : public SpoolFiles {
 public:
  DirectoryFiles(std::string directory, os::Descriptor opened)
      : directory_(std::move(directory)), files_(std::move(opened), output_file_name, 0, 0666) {}

  const std::string& directory() const override { return directory_; }
  std::vector<SpooledOutput> list() override { return {}; }

  int write(const SpoolStream& stream, std::uint64_t at, std::string_view bytes) override {
    const auto owner = owners_.find(stream.key.task);
    if (owner == owners_.end() || is_earlier(owner->second, stream.key)) {
      if (const int error = take_over(stream.key); error != 0) return error;
    } else if (owner->second != stream.key) {
      return 0;
    }
    const int fd = files_.file(shared(stream), O_CREAT);
    return fd < 0 ? errno : os::write_at(fd, bytes, static_cast<std::int64_t>(at));
  }

  int sync(const SpoolStream& stream) override {
    if (!is_owner(stream)) return 0;
    const int fd = files_.file(shared(stream));
    return fd >= 0 && ::fdatasync(fd) == 0 ? 0 : errno;
  }

  int sync_names() override { return files_.sync_names(); }

  int read(const SpoolStream& stream, std::uint64_t at, std::span<char> bytes) override {
    if (!is_owner(stream)) return EIO;
    const int fd = files_.file(shared(stream));
    return fd < 0 ? errno : os::read_at(fd, bytes, static_cast<std::int64_t>(at));
  }

  int cut(const SpoolStream& stream, std::uint64_t at) override {
    return is_owner(stream) ? truncate(stream, at) : 0;
  }

  /// The files stay whole.
  void release(const SpoolStream&, std::uint64_t) override {}

  int remove(const SpoolStream& stream) override {
    if (!is_owner(stream)) return 0;
    if (!final_.contains(stream.key)) return truncate(stream, 0);
    final_.erase(stream.key);
    owners_.erase(stream.key.task);
    return 0;
  }

  /// Its bytes may be written later.
  void close(const SpoolStream& stream) override {
    final_.insert(stream.key);
    if (is_owner(stream)) files_.close(shared(stream));
  }

 private:
  bool is_owner(const SpoolStream& stream) const {
    const auto owner = owners_.find(stream.key.task);
    return owner != owners_.end() && owner->second == stream.key;
  }

  /// Empties both files for this attempt.
  int take_over(const SpoolKey& key) {
    for (const OutputStream stream : kOutputStreams) {
      if (const int error = truncate({key, stream}, 0); error != 0) return error;
    }
    owners_[key.task] = key;
    return 0;
  }

  int truncate(const SpoolStream& stream, std::uint64_t at) {
    const int fd = files_.file(shared(stream), O_CREAT);
    return fd >= 0 && ::ftruncate(fd, static_cast<off_t>(at)) == 0 ? 0 : errno;
  }

  std::string directory_;
  OpenFiles files_;
  std::map<TaskId, SpoolKey> owners_;
  std::set<SpoolKey> final_;  ///< closed, and not removed
};

}  // namespace

Result<std::unique_ptr<SpoolFiles>> open_directory_files(const std::string& directory) {
  os::Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return permanent("cannot open " + directory + ": " + std::strerror(errno));
  return std::unique_ptr<SpoolFiles>(
      std::make_unique<DirectoryFiles>(directory, std::move(opened)));
}

}  // namespace rollcall::coordinator
