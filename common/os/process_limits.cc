#include "common/os/process_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <latch>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::os {

DescriptorLimit raise_descriptor_limit() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlim_t inherited = limit.rlim_cur;
  // Never lowers the limit: the soft limit may exceed ours.
  limit.rlim_cur = std::max(inherited, std::min<rlim_t>(limit.rlim_max, limits::descriptors));
  const bool raised = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  return {inherited, raised ? limit.rlim_cur : inherited};
}

Result<void> check_stack_limit() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_STACK, &limit) == 0);
  if (limit.rlim_cur >= limits::stack_bytes) return {};
  return permanent("the stack is limited to " + std::to_string(limit.rlim_cur / 1024) +
                   " KiB; raise ulimit -s to at least " +
                   std::to_string(limits::stack_bytes / 1024));
}

Result<void> check_thread_limit(std::size_t count) {
  std::latch all_tried(1);  // each thread counts until all exist
  std::vector<std::thread> threads;
  int error = 0;
  try {
    while (threads.size() < count) threads.emplace_back([&all_tried] { all_tried.wait(); });
  } catch (const std::system_error& failed) {
    error = failed.code().value();
  }
  all_tried.count_down();
  for (std::thread& thread : threads) thread.join();
  if (error == 0) return {};
  return permanent("cannot start " + std::to_string(count) + " threads: " + std::strerror(error) +
                   "; raise the limit of processes (ulimit -u)");
}

}  // namespace rollcall::os
