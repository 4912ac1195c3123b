#include "worker/guardian/memory_use.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include "common/os/descriptor.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 50U;
const pid_t test_group = ::getpgrp();

/// Memory that is really taken, without that of malloc.
class Pages {
 public:
  explicit Pages(std::size_t bytes)
      : bytes_(bytes),
        data_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    std::memset(data_, 1, bytes);
  }
  ~Pages() { ::munmap(data_, bytes_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

 private:
  std::size_t bytes_;
  void* data_;
};

/// A child that calls the function and then waits to be killed.
class Process {
 public:
  explicit Process(const std::function<void()>& function) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    const os::Descriptor reading(ends[0]);
    const os::Descriptor writing(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      if (::getpgrp() == test_group) ::setpgid(0, 0);  // which its descendants stay in
      function();
      static_cast<void>(!::write(writing.get(), "x", 1));
      for (;;) ::pause();
    }
    char ready = 0;
    EXPECT_EQ(::read(reading.get(), &ready, 1), 1);
  }
  ~Process() {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

std::uint64_t measured(const Process& process, std::uint64_t limit = kNoLimit) {
  MemoryUse use;
  return use.measure(process.pid(), limit) / kMiB;
}

TEST(MemoryUse, HasThatOfAProcessAndItsDescendants) {
  const Process parent([] {
    static const Pages own(40 * kMiB);
    static const Process child(
        [] { static const Process grandchild([] { static const Pages its(60 * kMiB); }); });
  });
  // Each also has its copy of what the parent had, until that is found out to be shared.
  EXPECT_GE(measured(parent), 100U);
  const std::uint64_t shared_once = measured(parent, 50 * kMiB);
  EXPECT_GE(shared_once, 100U);
  EXPECT_LE(shared_once, 150U);
}

TEST(MemoryUse, CountsSharedPagesOnceBeyondTheLimit) {
  const Process parent([] {
    static const Pages shared(64 * kMiB);
    for (int i = 0; i < 4; ++i) static_cast<void>(new Process([] {}));
  });
  EXPECT_GE(measured(parent), 5 * 64U);
  EXPECT_LE(measured(parent, 100 * kMiB), 150U);
}

TEST(MemoryUse, HasChildrenOfThreads) {
  const Process parent([] {
    static std::atomic<bool> is_started = false;
    static const std::thread thread([] {
      static const Process child([] { static const Pages its(50 * kMiB); });
      is_started = true;
      is_started.notify_one();
      for (;;) ::pause();
    });
    is_started.wait(false);
  });
  EXPECT_GE(measured(parent), 50U);
}

TEST(MemoryUse, HasNoneOfProcessesThatHaveEnded) {
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(ended), &info, WEXITED | WNOWAIT), 0);
  MemoryUse use;
  EXPECT_EQ(use.measure(ended, 0), 0U);
  ::waitpid(ended, nullptr, 0);
  EXPECT_EQ(use.measure(ended, 0), 0U);
}

TEST(MemoryUse, IsMeasuredMoreOftenNearTheLimit) {
  EXPECT_EQ(until_memory_check(100 * kMiB, 200 * kMiB), limits::memory_check_shortest);
  EXPECT_EQ(until_memory_check(100 * kMiB, 100 * kMiB), limits::memory_check_shortest);
  EXPECT_EQ(until_memory_check(kNoLimit, 0), limits::memory_check_longest);
  EXPECT_EQ(until_memory_check(400'000'000, 240'000'000), 20ms);
}

}  // namespace
}  // namespace rollcall::worker
