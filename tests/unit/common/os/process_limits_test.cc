#include "common/os/process_limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "common/limits.h"

namespace rollcall::os {
namespace {

TEST(ProcessLimitsTest, RaisesTheSoftLimitAndReturnsTheInheritedOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(before.rlim_cur, 64);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const DescriptorLimit limit = raise_descriptor_limit();
  EXPECT_EQ(limit.inherited, low.rlim_cur);
  EXPECT_EQ(limit.raised, std::min<rlim_t>(before.rlim_max, limits::descriptors));
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, limit.raised);
}

}  // namespace
}  // namespace rollcall::os
