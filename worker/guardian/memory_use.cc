#include "worker/guardian/memory_use.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>

#include "common/os/descriptor.h"
#include "worker/guardian/children.h"

namespace rollcall::worker {
namespace {

/// "/proc/PID/task/TID/children".
class ProcPath {
 public:
  ProcPath& add(std::string_view text) {
    end_ = std::copy(text.begin(), text.end(), end_);
    return *this;
  }
  ProcPath& add(pid_t number) {
    end_ = std::to_chars(end_, text_.data() + text_.size(), number).ptr;
    return *this;
  }
  os::Descriptor open(int flags) const {
    return os::Descriptor(::open(text_.data(), O_RDONLY | O_CLOEXEC | flags));
  }

 private:
  std::array<char, 96> text_{};
  char* end_ = text_.data();
};

/// A file of /proc with lines such as "RssAnon:     132 kB".
class ProcFields {
 public:
  ProcFields(pid_t process, std::string_view name) {
    const os::Descriptor file = ProcPath().add("/proc/").add(process).add("/").add(name).open(0);
    const ssize_t size = file ? ::read(file.get(), text_.data(), text_.size()) : -1;
    size_ = size > 0 ? static_cast<std::size_t>(size) : 0;
  }

  /// `name`: "\nRssAnon:". Returns nullopt if there is no such line.
  std::optional<std::uint64_t> number(std::string_view name) const {
    const std::string_view text(text_.data(), size_);
    std::size_t at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    at = text.find_first_not_of(" \t", at + name.size());
    std::uint64_t value = 0;
    if (at != std::string_view::npos) std::from_chars(&text[at], text.data() + size_, value);
    return value;
  }
  std::uint64_t bytes(std::string_view name) const { return number(name).value_or(0) * 1024; }

 private:
  std::array<char, 4096> text_{};
  std::size_t size_ = 0;
};

std::uint64_t own_bytes(const ProcFields& status) {
  return status.bytes("\nRssAnon:") + status.bytes("\nRssShmem:") + status.bytes("\nVmSwap:");
}

/// The same, but of a page that n processes share, only 1/n.
std::uint64_t shared_bytes(pid_t process) {
  const ProcFields rollup(process, "smaps_rollup");
  const bool has_kinds = rollup.number("\nPss_Anon:").has_value();  // Linux 5.4
  if (!has_kinds && !rollup.number("\nPss:")) {
    return own_bytes(ProcFields(process, "status"));  // of another user
  }
  const std::uint64_t resident = has_kinds
                                     ? rollup.bytes("\nPss_Anon:") + rollup.bytes("\nPss_Shmem:")
                                     : rollup.bytes("\nPss:");
  return resident + rollup.bytes("\nSwapPss:");
}

/// Calls `each(tid)` for each thread.
template <class Each>
void read_threads(pid_t process, const Each& each) {
  const os::Descriptor threads =
      ProcPath().add("/proc/").add(process).add("/task").open(O_DIRECTORY);
  alignas(dirent64) std::array<char, 4096> entries;
  for (ssize_t size = 0;
       threads && (size = ::getdents64(threads.get(), entries.data(), entries.size())) > 0;) {
    for (const char* at = entries.data(); at < entries.data() + size;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(at);
      pid_t thread = 0;
      std::from_chars(entry->d_name, entry->d_name + std::strlen(entry->d_name), thread);
      if (thread > 0) each(thread);
      at += entry->d_reclen;
    }
  }
}

}  // namespace

std::uint64_t MemoryUse::measure(pid_t command, std::uint64_t limit) {
  count_ = 0;
  add(command);
  // First: what becomes an orphan meanwhile is not counted twice.
  add_orphans(command);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count_; ++i) bytes += take(found_[i]);
  if (bytes <= limit) return bytes;
  bytes = 0;
  for (std::size_t i = 0; i < count_; ++i) bytes += shared_bytes(found_[i]);
  return bytes;
}

void MemoryUse::kill() const {
  for (std::size_t i = 0; i < count_; ++i) ::kill(found_[i], SIGKILL);
}

void MemoryUse::add(pid_t process) {
  if (count_ < found_.size()) found_[count_++] = process;
}

void MemoryUse::add_orphans(pid_t command) {
  const os::Descriptor list(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  if (!list) return;
  read_children(list.get(), [this, command](pid_t child) {
    if (child != command && ::getpgid(child) == command) add(child);
  });
}

void MemoryUse::add_children(pid_t process, bool has_threads) {
  const auto add_of = [this, process](pid_t thread) {
    const os::Descriptor list =
        ProcPath().add("/proc/").add(process).add("/task/").add(thread).add("/children").open(0);
    if (list) read_children(list.get(), [this](pid_t child) { add(child); });
  };
  if (has_threads) {
    read_threads(process, add_of);
  } else {
    add_of(process);
  }
}

std::uint64_t MemoryUse::take(pid_t process) {
  const ProcFields status(process, "status");
  add_children(process, status.number("\nThreads:").value_or(1) != 1);
  return own_bytes(status);
}

Duration until_memory_check(std::uint64_t limit, std::uint64_t used) {
  const std::uint64_t left = limit - std::min(used, limit);
  const Duration free(static_cast<Duration::rep>(left / limits::memory_bytes_per_ns));
  return std::clamp<Duration>(free, limits::memory_check_shortest, limits::memory_check_longest);
}

}  // namespace rollcall::worker
