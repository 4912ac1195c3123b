#include "common/net/keys.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <set>

#include "common/access/access.h"
#include "common/limits.h"
#include "common/os/process_limits.h"
#include "common/os/random.h"

namespace rollcall::net {
namespace {

TEST(KeysTest, PairsAreNewEachTimeAndFitTheAccessFile) {
  const KeyPair server = make_key_pair();
  const KeyPair worker = make_key_pair();
  const std::set<std::string> all = {server.public_key, server.secret_key, worker.public_key,
                                     worker.secret_key};
  EXPECT_EQ(all.size(), 4U);
  const Access access{"tcp://127.0.0.1:1", server.public_key, worker.public_key, worker.secret_key};
  EXPECT_TRUE(access_from_json(to_json(access)).has_value());
}

TEST(RandomTest, NeverTheSameTwice) {
  std::set<std::uint64_t> numbers;
  std::set<RunId> ids;
  for (int i = 0; i < 1000; ++i) {
    numbers.insert(random_u64());
    ids.insert(random_id128<RunId>());
  }
  EXPECT_EQ(numbers.size(), 1000U);
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(RandomTest, EveryByteIsFilled) {
  std::array<std::byte, 100> seen{};
  for (int i = 0; i < 64; ++i) {
    std::array<std::byte, 100> bytes{};
    fill_random(bytes);
    for (std::size_t b = 0; b < bytes.size(); ++b) seen[b] |= bytes[b];
  }
  for (const std::byte b : seen) EXPECT_EQ(b, std::byte{0xff});
}

TEST(ProcessLimitsTest, RaisesTheSoftLimitAndTellsTheInheritedOne) {
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
}  // namespace rollcall::net
