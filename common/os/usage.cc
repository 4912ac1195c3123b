#include "common/os/usage.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

#include "common/base/check.h"

namespace rollcall::os {
namespace {

/// Not ru_maxrss: it includes the memory of the parent process at the time of the fork.
std::uint64_t peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace

Usage usage() {
  rusage used{};
  CHECK(::getrusage(RUSAGE_SELF, &used) == 0);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return {seconds(used.ru_utime) + seconds(used.ru_stime), peak_rss_bytes()};
}

}  // namespace rollcall::os
