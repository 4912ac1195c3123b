#include "common/model/decimal.h"

#include <gtest/gtest.h>

namespace rollcall {
namespace {

using namespace std::chrono_literals;

std::string rounded(Duration duration) {
  std::string text;
  append_rounded_seconds(text, duration);
  return text;
}

TEST(AppendRoundedSeconds, RoundsToTheNearest) {
  EXPECT_EQ(rounded(7'664'999'999ns), "7.66");
  EXPECT_EQ(rounded(7'665'000'000ns), "7.67");
  EXPECT_EQ(rounded(999'995ms), "1000.00");
  EXPECT_EQ(rounded(-1ns), "0.00");
  EXPECT_EQ(rounded(-1500ms), "-1.50");
}

TEST(AppendSeconds, IsExactToTheNanosecond) {
  std::string text;
  append_seconds(text, 12'345'678'901ns);
  append_seconds(text += ' ', -1ns);
  append_seconds(text += ' ', Duration::max());
  append_seconds(text += ' ', Duration::min());
  EXPECT_EQ(text, "12.345678901 -0.000000001 9223372036.854775807 -9223372036.854775808");
}

}  // namespace
}  // namespace rollcall
