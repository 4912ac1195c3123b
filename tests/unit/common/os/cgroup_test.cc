#include "common/os/cgroup.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace rollcall::os {
namespace {

/// A process that sleeps until it is killed.
pid_t sleeper() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  return pid;
}

TEST(Cgroup, EndsItsProcesses) {
  auto group = Cgroup::create("test-ends");
  if (!group) GTEST_SKIP() << "no control group was delegated";
  const pid_t pid = sleeper();
  ASSERT_TRUE(group->add(pid));
  EXPECT_FALSE(group->remove()) << "a process is in it";
  ASSERT_TRUE(Cgroup::of(pid));
  group->kill();
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_TRUE(group->remove());
}

TEST(Cgroup, OfAProcessInNoneOfThemIsNone) {
  EXPECT_FALSE(Cgroup::of(::getpid()));
}

TEST(Cgroup, LeftEmptyByAProcessThatHasEndedIsRemoved) {
  auto group = Cgroup::create("test-left");
  if (!group) GTEST_SKIP() << "no control group was delegated";
  const auto left = [&](pid_t maker) {
    std::string path = group->path();
    path.replace(path.find(std::to_string(::getpid())), std::to_string(::getpid()).size(),
                 std::to_string(maker));
    return std::filesystem::exists(path);
  };
  const pid_t maker = ::fork();
  if (maker == 0) {
    auto same = Cgroup::create("test-left");
    ::_exit(same ? 0 : 1);  // without its destructor
  }
  int status = 0;
  ASSERT_EQ(::waitpid(maker, &status, 0), maker);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(left(maker));
  Cgroup::end_abandoned("none");
  EXPECT_FALSE(left(maker));
  EXPECT_TRUE(std::filesystem::exists(group->path())) << "its process has not ended";
}

}  // namespace
}  // namespace rollcall::os
