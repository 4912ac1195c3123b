// The rate at which this machine can run a command that does nothing, when one bare loop keeps some
// in flight and does nothing else. What a task runner is held against.
//
//   spawn_limit bare|full IN_FLIGHT COUNT [COMMAND [ARGUMENT...]]
//
// bare: posix_spawn and wait. full: for each child also a process group, two pipes that are read
// to their end, and a pidfd on epoll. Prints one line.
#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what, int error) {
  std::fprintf(stderr, "spawn_limit: %s: %s\n", what, std::strerror(error));
  std::exit(1);
}

void run_bare(char** command, std::uint64_t in_flight, std::uint64_t count) {
  std::uint64_t started = 0;
  std::uint64_t ended = 0;
  while (ended < count) {
    for (; started < count && started - ended < in_flight; ++started) {
      pid_t pid = -1;
      const int error = ::posix_spawn(&pid, command[0], nullptr, nullptr, command, environ);
      if (error != 0) fail("posix_spawn", error);
    }
    int status = 0;
    if (::wait(&status) < 0) fail("wait", errno);
    ++ended;
  }
}

/// One child with all that a task runner wants of it.
struct Child {
  pid_t pid = -1;
  int pidfd = -1;
  std::array<int, 2> output{-1, -1};
};

class FullLoop {
 public:
  FullLoop(char** command, std::uint64_t in_flight)
      : command_(command), children_(in_flight), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) fail("epoll_create1", errno);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    nothing_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }

  void run(std::uint64_t count) {
    std::uint64_t ended = 0;
    std::uint64_t started = 0;
    for (; started < count && started < children_.size(); ++started) start(started);
    std::array<epoll_event, 64> events{};
    while (ended < count) {
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i, ++ended) {
        const std::uint64_t slot = events[static_cast<std::size_t>(i)].data.u64;
        finish(children_[slot]);
        if (started < count) {
          start(slot);
          ++started;
        }
      }
    }
  }

 private:
  void start(std::uint64_t slot) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) {
      fail("pipe2", errno);
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, nothing_, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    Child& child = children_[slot];
    const int error =
        ::posix_spawn(&child.pid, command_[0], &actions, &attributes_, command_, environ);
    if (error != 0) fail("posix_spawn", error);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    ::close(err[1]);
    child.output = {out[0], err[0]};
    child.pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0U));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = slot;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, child.pidfd, &event) != 0) fail("epoll_ctl", errno);
  }

  void finish(const Child& child) {
    for (const int fd : child.output) {
      while (::read(fd, buffer_.data(), buffer_.size()) > 0) {
      }
      ::close(fd);
    }
    rusage used{};
    int status = 0;
    if (::wait4(child.pid, &status, 0, &used) != child.pid) fail("wait4", errno);
    // By hand: a child that is only just being started may still hold a copy, and closing ours
    // would then leave it on epoll.
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, child.pidfd, nullptr);
    ::close(child.pidfd);
  }

  char** command_;
  std::vector<Child> children_;
  int epoll_;
  int nothing_ = -1;
  posix_spawnattr_t attributes_{};
  std::array<char, 65536> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc > 1 ? argv[1] : "";
  if (argc < 4 || (kind != "bare" && kind != "full")) {
    std::fprintf(stderr, "usage: spawn_limit bare|full IN_FLIGHT COUNT [COMMAND...]\n");
    return 2;
  }
  const std::uint64_t in_flight = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t count = std::strtoull(argv[3], nullptr, 10);
  std::string program = "/bin/true";
  std::array<char*, 2> nothing{program.data(), nullptr};
  char** const command = argc > 4 ? argv + 4 : nothing.data();
  const auto begin = std::chrono::steady_clock::now();
  if (kind == "bare") {
    run_bare(command, in_flight, count);
  } else {
    FullLoop(command, in_flight).run(count);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%s in_flight=%s count=%s seconds=%.3f per_second=%.0f\n", argv[1], argv[2], argv[3],
              took.count(), static_cast<double>(count) / took.count());
  return 0;
}
