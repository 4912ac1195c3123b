#include "common/os/process_limits.h"

#include <sys/resource.h>

#include <algorithm>

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

}  // namespace rollcall::os
