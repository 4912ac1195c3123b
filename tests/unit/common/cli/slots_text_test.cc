#include "common/cli/slots_text.h"

#include <gtest/gtest.h>

namespace rollcall::cli {
namespace {

TEST(SlotsText, IsANumberOrRelativeToTheProcessors) {
  const auto slots = [](std::string_view text) {
    const auto parsed = parse_slots(text, 8);
    return parsed ? *parsed : 0;
  };
  EXPECT_EQ(slots("3"), 3U);
  EXPECT_EQ(slots("200%"), 16U);
  EXPECT_EQ(slots("50%"), 4U);
  EXPECT_EQ(slots("1%"), 1U);
  EXPECT_EQ(slots("+2"), 10U);
  EXPECT_EQ(slots("-1"), 7U);
  EXPECT_EQ(slots("-8"), 1U);
  EXPECT_EQ(slots("-100"), 1U);
  EXPECT_EQ(slots("+1000000000"), 1'000'000'000U);
  EXPECT_EQ(slots("1000000000%"), 80'000'000U);
  for (const char* wrong :
       {"", "0", "0%", "%", "+", "-", "+-1", "-1%", "1.5", "1000000001", "2x"}) {
    EXPECT_EQ(slots(wrong), 0U) << wrong;
  }
}

TEST(SlotsText, IsAppliedForTheGivenProcessors) {
  std::uint32_t slots = 0;
  EXPECT_TRUE(slots_into(slots, 4)("150%"));
  EXPECT_EQ(slots, 6U);
  const Result<void> wrong = slots_into(slots, 4)("x");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message,
            "expected a whole number from 1 to 1000000000, a share of the processors such as 200%, "
            "or +N or -N processors");
  EXPECT_EQ(slots, 6U);
}

}  // namespace
}  // namespace rollcall::cli
