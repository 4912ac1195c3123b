#include "common/os/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>

#include "common/model/ids.h"

namespace rollcall::os {
namespace {

TEST(RandomTest, IdsAreUnique) {
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

}  // namespace
}  // namespace rollcall::os
