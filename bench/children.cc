#include "bench/children.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "common/base/check.h"

namespace rollcall::bench {
namespace {

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 512> buffer{};
  for (ssize_t got = 0; (got = ::read(descriptor, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

double cpu_seconds_of(int who) {
  rusage used{};
  ::getrusage(who, &used);
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

Children::Children(int count, const std::function<void(const std::string&)>& body) {
  for (int i = 0; i < count; ++i) {
    std::array<int, 2> ends{};
    CHECK(::pipe(ends.data()) == 0);
    const pid_t pid = ::fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      ::close(ends[1]);
      for (const Child& earlier : children_) ::close(earlier.pipe);
      body(read_all(ends[0]));
      std::_Exit(0);
    }
    ::close(ends[0]);
    children_.push_back({pid, ends[1]});
  }
}

void Children::tell(const std::string& text) {
  for (Child& child : children_) {
    CHECK(::write(child.pipe, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(child.pipe);
  }
}

bool Children::wait() {
  bool good = true;
  for (const Child& child : children_) {
    int status = 0;
    good = ::waitpid(child.pid, &status, 0) == child.pid && status == 0 && good;
  }
  return good;
}

double cpu_seconds() {
  return cpu_seconds_of(RUSAGE_SELF) + cpu_seconds_of(RUSAGE_CHILDREN);
}

std::uint64_t peak_rss_bytes() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

}  // namespace rollcall::bench
