#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "common/os/descriptor.h"
#include "common/os/file_io.h"
#include "coordinator/exec/results/open_files.h"
#include "coordinator/exec/results/spool_files.h"

namespace rollcall::coordinator {
namespace {

constexpr std::string_view kOutSuffix = ".out";
constexpr std::string_view kErrSuffix = ".err";

/// The number at the beginning of the text, which is removed. nullopt without one.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with('-')) text.remove_prefix(1);
  return number;
}

/// The stream whose file has this name; nullopt if it is another file.
std::optional<SpoolStream> stream_of(std::string_view name) {
  std::string_view rest = name;
  const auto session = take_number<std::uint32_t>(rest);
  const auto task = take_number<std::uint32_t>(rest);
  const auto attempt = take_number<Attempt>(rest);
  const auto epoch = take_number<Epoch>(rest);
  if (!session || !task || !attempt || !epoch) return std::nullopt;
  const SpoolStream stream{{SessionIndex{*session}, TaskId{*task}, *attempt, *epoch},
                           rest == kOutSuffix ? OutputStream::out : OutputStream::err};
  return spool_name(stream) == name ? std::optional(stream) : std::nullopt;
}

/// Makes the name of a new directory durable, if its file system can.
void sync_parent(const std::string& directory) {
  const std::size_t slash = directory.find_last_of('/');
  const std::string parent = slash == std::string::npos ? "." : directory.substr(0, slash + 1);
  const os::Descriptor opened(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened) ::fsync(opened.get());
}

class NamedSpool final : public SpoolFiles {
 public:
  NamedSpool(std::string directory, os::Descriptor opened)
      : directory_(std::move(directory)), files_(std::move(opened), spool_name, O_NOFOLLOW, 0600) {}
  ~NamedSpool() override { ::rmdir(directory_.c_str()); }  // fails unless it is empty
  NamedSpool(const NamedSpool&) = delete;
  NamedSpool& operator=(const NamedSpool&) = delete;

  const std::string& directory() const override { return directory_; }

  std::vector<SpooledOutput> list() override {
    std::map<SpoolKey, SpooledOutput> found;
    DIR* const directory = ::opendir(directory_.c_str());
    while (const dirent* entry = directory == nullptr ? nullptr : ::readdir(directory)) {
      struct stat status {};
      const auto stream = stream_of(entry->d_name);
      if (!stream || ::fstatat(files_.directory(), entry->d_name, &status, 0) != 0) continue;
      SpooledOutput& output = found[stream->key];
      output.key = stream->key;
      output.bytes[index(stream->stream)] = static_cast<std::uint64_t>(status.st_size);
    }
    if (directory != nullptr) ::closedir(directory);
    std::vector<SpooledOutput> outputs;
    outputs.reserve(found.size());
    for (const auto& [key, output] : found) outputs.push_back(output);
    return outputs;
  }

  int write(const SpoolStream& stream, std::uint64_t at, std::string_view bytes) override {
    const int fd = file(stream, O_CREAT);
    return fd < 0 ? errno : os::write_at(fd, bytes, static_cast<std::int64_t>(at));
  }

  int sync(const SpoolStream& stream) override {
    const int fd = file(stream);
    return fd >= 0 && ::fdatasync(fd) == 0 ? 0 : errno;
  }

  int sync_names() override { return files_.sync_names(); }

  int read(const SpoolStream& stream, std::uint64_t at, std::span<char> bytes) override {
    const int fd = file(stream);
    return fd < 0 ? errno : os::read_at(fd, bytes, static_cast<std::int64_t>(at));
  }

  int cut(const SpoolStream& stream, std::uint64_t at) override {
    const int fd = file(stream);
    return fd >= 0 && ::ftruncate(fd, static_cast<off_t>(at)) == 0 ? 0 : errno;
  }

  void release(const SpoolStream& stream, std::uint64_t upto) override {
    const int fd = file(stream);
    if (fd < 0) return;
    // Without this, the space is free when the stream is removed.
    [[maybe_unused]] const int error =
        ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(upto));
  }

  int remove(const SpoolStream& stream) override {
    close(stream);
    const bool is_gone =
        ::unlinkat(files_.directory(), spool_name(stream).c_str(), 0) == 0 || errno == ENOENT;
    return is_gone ? 0 : errno;
  }

  void close(const SpoolStream& stream) override { files_.close(stream); }

 private:
  int file(const SpoolStream& stream, int flags = 0) { return files_.file(stream, flags); }

  std::string directory_;
  OpenFiles files_;
};

}  // namespace

std::string spool_name(const SpoolStream& stream) {
  const SpoolKey& key = stream.key;
  const std::string name = std::to_string(index(key.session)) + "-" +
                           std::to_string(index(key.task)) + "-" + std::to_string(key.attempt) +
                           "-" + std::to_string(key.epoch);
  return name + std::string(stream.stream == OutputStream::out ? kOutSuffix : kErrSuffix);
}

Result<std::unique_ptr<SpoolFiles>> open_named_spool(const std::string& directory) {
  const bool is_new = ::mkdir(directory.c_str(), 0700) == 0;
  os::Descriptor opened;
  if (is_new || errno == EEXIST) {
    opened = os::Descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  if (!opened) return permanent("cannot open " + directory + ": " + std::strerror(errno));
  if (is_new) sync_parent(directory);
  return std::unique_ptr<SpoolFiles>(std::make_unique<NamedSpool>(directory, std::move(opened)));
}

}  // namespace rollcall::coordinator
