#include "common/cli/duration_text.h"

#include <gtest/gtest.h>

#include <string>

#include "common/limits.h"

namespace rollcall {
namespace {

using namespace std::chrono_literals;

constexpr const char* kExpected =
    "expected a time of 0 or more, such as 500ms, 1.5s or 2m (a bare number: seconds)";

std::string fault(std::string_view text) {
  const Result<Duration> parsed = parse_duration(text);
  return parsed ? "read as " + format_exact(*parsed) : parsed.error().message;
}

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration("7ns").value(), 7ns);
  EXPECT_EQ(parse_duration("10us").value(), 10us);
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("3s").value(), 3s);
  EXPECT_EQ(parse_duration("2m").value(), 2min);
  EXPECT_EQ(parse_duration("1h").value(), 1h);
}

TEST(ParseDuration, TakesABareNumberAsSeconds) {
  EXPECT_EQ(parse_duration("0").value(), 0ns);
  EXPECT_EQ(parse_duration("7").value(), 7s);
  EXPECT_EQ(parse_duration("0.01").value(), 10ms);
  EXPECT_EQ(parse_duration(".5").value(), 500ms);
  EXPECT_EQ(parse_duration("007").value(), 7s);
}

TEST(ParseDuration, IsExact) {
  EXPECT_EQ(parse_duration("0.000000001").value(), 1ns);
  EXPECT_EQ(parse_duration("1.1").value(), 1'100'000'000ns);
  // A double has no room for these digits.
  EXPECT_EQ(parse_duration("31622399.999999999").value(), 31'622'399'999'999'999ns);
  EXPECT_EQ(parse_duration("1.000000001h").value(), 3'600'000'003'600ns);
  EXPECT_EQ(parse_duration("0.3ms").value(), 300us);
}

TEST(ParseDuration, RoundsToTheNearestNanosecondOnce) {
  EXPECT_EQ(parse_duration("0.4ns").value(), 0ns);
  EXPECT_EQ(parse_duration("0.5ns").value(), 1ns);
  EXPECT_EQ(parse_duration("1.49999999ns").value(), 1ns);
  EXPECT_EQ(parse_duration("0.00000000149999999999999").value(), 1ns);
  EXPECT_EQ(parse_duration("0.999999999999999999999999h").value(), 1h);
}

TEST(ParseDuration, RejectsInvalidText) {
  for (const char* text :
       {"",    " ",    "-1", "-0",   "+1", "abc",   "1.",  ".",   "1e3", "1 s", " 1",
        "1s ", "0x10", "1S", "1sec", "1d", "1m30s", "1,5", "nan", "inf", "s",   "1..2"}) {
    EXPECT_EQ(fault(text), kExpected) << text;
  }
}

TEST(ParseDuration, RejectsMoreThanTheLongestDuration) {
  EXPECT_EQ(parse_duration("8784h").value(), limits::longest_duration);
  for (const char* text : {"8784.1h", "31622400.000000001", "9223372036854775808ns",
                           "340282366920938463463374607431768211457h"}) {
    EXPECT_EQ(fault(text), "expected a time of at most 8784h") << text;
  }
  EXPECT_EQ(fault("0." + std::string(25, '1')), "expected at most 24 decimals");
}

TEST(FormatExact, RoundTripsThroughParseDuration) {
  EXPECT_EQ(format_exact(0ns), "0s");
  EXPECT_EQ(format_exact(1500ms), "1500ms");
  EXPECT_EQ(format_exact(120s), "2m");
  EXPECT_EQ(format_exact(90s), "90s");
  for (const Duration d : {1ns, Duration(1'001ns), Duration(10s), limits::longest_duration}) {
    EXPECT_EQ(parse_duration(format_exact(d)).value(), d);
  }
}

TEST(FormatSeconds, RoundsToTheNearest) {
  EXPECT_EQ(format_seconds(7'664'999'999ns), "7.66");
  EXPECT_EQ(format_seconds(7'665'000'000ns), "7.67");
  EXPECT_EQ(format_seconds(999'999'999ns), "1.00");
  EXPECT_EQ(format_seconds(0ns), "0.00");
  EXPECT_EQ(format_seconds(20ms), "0.02");
  EXPECT_EQ(format_seconds(1'234'567ns, 6), "0.001235");
  EXPECT_EQ(format_seconds(1ns, 9), "0.000000001");
  EXPECT_EQ(format_seconds(1500ms, 0), "2");
}

TEST(FormatSeconds, HasNoNegativeZero) {
  EXPECT_EQ(format_seconds(-20ms), "-0.02");
  EXPECT_EQ(format_seconds(-1ns), "0.00");
  EXPECT_EQ(format_seconds(Duration::min()), "-9223372036.85");
}

TEST(FormatBrief, HasTheUnitAndNoTrailingZeros) {
  EXPECT_EQ(format_brief(3s), "3 s");
  EXPECT_EQ(format_brief(0s), "0 s");
  EXPECT_EQ(format_brief(100s), "100 s");
  EXPECT_EQ(format_brief(500ms), "0.5 s");
  EXPECT_EQ(format_brief(59'001'499us), "59.001 s");
}

TEST(FormatElapsed, CountsWholeSeconds) {
  EXPECT_EQ(format_elapsed(7'999ms), "7s");
  EXPECT_EQ(format_elapsed(63s), "1m 03s");
  EXPECT_EQ(format_elapsed(59min + 59s), "59m 59s");
  EXPECT_EQ(format_elapsed(2h + 9s), "2h 00m 09s");
  EXPECT_EQ(format_elapsed(-5s), "0s");
}

}  // namespace
}  // namespace rollcall
