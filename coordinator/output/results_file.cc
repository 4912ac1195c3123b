#include "coordinator/output/results_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "common/os/file_io.h"
#include "coordinator/output/stream/stream_writer.h"
#include "coordinator/view/row.h"

namespace rollcall::coordinator {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr ::mode_t kMode = 0666;  // reduced by the umask
constexpr std::string_view kTemporary = ".tmp";

/// Removes NAME.PID.tmp files whose processes are dead: their locks are free, here and on other
/// hosts, and no process here has the id.
void remove_dead_temporaries(const std::filesystem::path& place) {
  const std::string prefix = place.filename().string() + ".";
  std::vector<std::filesystem::path> dead;
  std::error_code code;
  for (std::filesystem::directory_iterator entry(place.parent_path(), code), end;
       !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(kTemporary)) continue;
    const char* const first = name.data() + prefix.size();
    const char* const last = name.data() + name.size() - kTemporary.size();
    pid_t process = 0;
    const auto [rest, error] = std::from_chars(first, std::max(first, last), process);
    if (error != std::errc() || rest != last || process <= 0) continue;
    if (::kill(process, 0) != 0 && errno == ESRCH) dead.push_back(entry->path());
  }
  for (const std::filesystem::path& path : dead) {
    const os::Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file && os::lock_file(file.get()) == os::FileLock::taken) ::unlink(path.c_str());
  }
}

/// The descriptor that a path like /dev/stdout means. Opening such a path again would start at the
/// beginning of the file.
std::optional<int> descriptor_named(std::string_view path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view directory : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(directory)) continue;
    const std::string_view number = path.substr(directory.size());
    int fd = -1;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fd);
    if (error == std::errc() && end == number.data() + number.size()) return fd;
  }
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<ResultsFile>> ResultsFile::open(const std::string& path) {
  std::unique_ptr<ResultsFile> file(new ResultsFile);
  file->path_ = path;
  file->place_ = path;
  file->json_ = path.ends_with(".jsonl");
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  const bool direct = descriptor_named(path) || (exists && !S_ISREG(status.st_mode));
  const Result<void> opened = direct ? file->open_in_place() : file->open_beside();
  if (!opened) return opened.error();
  return file;
}

Result<void> ResultsFile::open_in_place() {
  const std::optional<int> named = descriptor_named(path_);
  file_ = os::Descriptor(named ? ::fcntl(*named, F_DUPFD_CLOEXEC, 0)
                               : ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file_) return error("cannot open", errno);
  return {};
}

Result<void> ResultsFile::open_beside() {
  std::error_code code;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path_, code);
  if (!code) place_ = real.string();
  struct stat status {};
  const bool exists = ::stat(place_.c_str(), &status) == 0;
  if (exists && ::access(place_.c_str(), W_OK) != 0) return error("cannot open", errno);
  remove_dead_temporaries(place_);
  const std::string name = fmt::format("{}.{}{}", place_, ::getpid(), kTemporary);
  ::unlink(name.c_str());  // of an earlier process with this id
  file_ = os::Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
  if (!file_) return error("cannot open", errno);
  temporary_ = name;
  static_cast<void>(os::lock_file(file_.get()));  // until the end: this process is alive
  if (exists) ::fchmod(file_.get(), status.st_mode & 07777U);  // not every file system has modes
  return {};
}

ResultsFile::~ResultsFile() {
  discard();
}

void ResultsFile::discard() const {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> ResultsFile::write(const RunRecords& records, std::span<const std::uint32_t> order,
                                const KindDisplay& display) {
  if (Result<void> written = write_rows(records, order, display); !written) return written;
  // Some file systems report only now that the disk is full.
  if (::close(file_.release()) != 0) return error("cannot write", errno);
  return put_in_place();
}

Result<void> ResultsFile::write_rows(const RunRecords& records,
                                     std::span<const std::uint32_t> order,
                                     const KindDisplay& display) {
  StreamWriter writer(file_.get(), path_);
  RowWriter rows(records, display);
  if (!json_) rows.append_csv_header(writer.buffer());
  for (const std::uint32_t record : order) {
    if (json_) {
      writer.buffer() += '{';
      rows.append_json_members(writer.buffer(), record);
      writer.buffer() += "}\n";
    } else {
      rows.append_csv(writer.buffer(), record);
    }
    if (writer.buffer().size() >= kPiece) writer.write_all();
    if (!writer.failed().empty()) break;
  }
  writer.write_all();
  if (!writer.failed().empty()) return permanent(writer.failed());
  return {};
}

Result<void> ResultsFile::put_in_place() {
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), place_.c_str()) != 0) return error("cannot write", errno);
  temporary_.clear();
  return {};
}

Error ResultsFile::error(const std::string& what, int code) const {
  return permanent(what + " " + path_ + ": " + std::generic_category().message(code));
}

}  // namespace rollcall::coordinator
