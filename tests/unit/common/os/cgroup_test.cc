#include "common/os/cgroup.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
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

constexpr std::size_t kMiB = std::size_t{1} << 20U;

/// A process that moves itself into the group, takes as much memory and ends.
pid_t taker(const Cgroup& group, std::size_t bytes) {
  const Descriptor processes = group.open_processes();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (::write(processes.get(), "0", 1) != 1) ::_exit(1);
  void* const pages =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(pages, 1, bytes);
  ::_exit(0);
}

int status_of(pid_t pid) {
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

TEST(MemoryCgroups, EndProcessesThatExceedTheLimit) {
  MemoryCgroups groups;
  auto group = groups.make(32 * kMiB, {});
  if (!group) GTEST_SKIP() << "no control group that limits memory can be made";
  const pid_t other = sleeper();
  ASSERT_TRUE(group->add(other));
  EXPECT_EQ(status_of(taker(*group, 8 * kMiB)), 0);
  EXPECT_FALSE(group->ran_out_of_memory());
  const int status = status_of(taker(*group, 100 * kMiB));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(status_of(other))) << "it is in the same group";
  EXPECT_TRUE(group->ran_out_of_memory());
  EXPECT_TRUE(group->remove());
}

TEST(MemoryCgroups, DoNotCountOtherSignals) {
  MemoryCgroups groups;
  auto group = groups.make(32 * kMiB, {});
  if (!group) GTEST_SKIP() << "no control group that limits memory can be made";
  const pid_t pid = sleeper();
  ASSERT_TRUE(group->add(pid));
  ::kill(pid, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(status_of(pid)));
  EXPECT_FALSE(group->ran_out_of_memory());
}

TEST(MemoryCgroups, AreNotMadeWhereThereAreOtherProcesses) {
  MemoryCgroups first;
  if (!first.make(kMiB, {})) GTEST_SKIP() << "no control group that limits memory can be made";
  // This process is in a group below now, which was not delegated.
  MemoryCgroups second;
  EXPECT_FALSE(second.make(kMiB, {}));
}

}  // namespace
}  // namespace rollcall::os
