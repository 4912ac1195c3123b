#include "coordinator/exec/results/live_output.h"

#include <gtest/gtest.h>

#include <string>

#include "common/limits.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {
namespace {

constexpr auto kLiveOut = OutputStream::out;
constexpr auto kLiveErr = OutputStream::err;

SessionAttempt attempt_at(std::uint32_t task, Attempt attempt = 1) {
  return {SessionIndex{0}, TaskId{task}, attempt};
}

TEST(LiveOutput, PrintsWholeLines) {
  LiveOutput live(LivePrinting::lines, false);
  live.arrived(attempt_at(1), kLiveOut, "", "a\nb");
  EXPECT_EQ(live.out(), "a\n");
  live.arrived(attempt_at(2), kLiveOut, "", "c\n");
  live.arrived(attempt_at(1), kLiveErr, "", "e");
  live.arrived(attempt_at(1), kLiveOut, "", "b\nd");
  EXPECT_EQ(live.out(), "a\nc\nbb\n");
  EXPECT_EQ(live.err(), "");
  live.ended(attempt_at(1), {"", "d\nf", "e\n"});
  EXPECT_EQ(live.out(), "a\nc\nbb\ndd\nf\n") << "the last line gets an end";
  EXPECT_EQ(live.err(), "ee\n");
}

TEST(LiveOutput, TagsEachLineOnce) {
  LiveOutput live(LivePrinting::lines, true);
  live.arrived(attempt_at(1), kLiveOut, "x", "a");
  live.arrived(attempt_at(1), kLiveOut, "x", "b\nc\nd");
  EXPECT_EQ(live.out(), "x\tab\nx\tc\n");
  live.ended(attempt_at(1), {"x", "", "e\n"});
  EXPECT_EQ(live.out(), "x\tab\nx\tc\nx\td\n");
  EXPECT_EQ(live.err(), "x\te\n");
}

TEST(LiveOutput, ATaskThatEndedAtOnceIsPrinted) {
  LiveOutput live(LivePrinting::lines, true);
  live.ended(attempt_at(1, 0), {"x", "a\n", ""});
  live.ended(attempt_at(2, 0), {"y", "", "", 3, 0});
  EXPECT_EQ(live.out(), "x\ta\n");
  EXPECT_EQ(live.err(),
            "rollcall: task 2: 3 more bytes of standard output dropped (--max-output)\n");
}

/// Of an attempt that was lost or failed.
TEST(LiveOutput, AnotherAttemptBeginsALine) {
  LiveOutput live(LivePrinting::lines, false);
  live.arrived(attempt_at(1, 1), kLiveOut, "", "a");
  live.arrived(attempt_at(1, 2), kLiveOut, "", "b");
  EXPECT_EQ(live.out(), "a\n");
  live.ended(attempt_at(1, 3), {"", "c", ""});
  EXPECT_EQ(live.out(), "a\nb\nc\n");
}

TEST(LiveOutput, NothingIsLeftAtTheEnd) {
  LiveOutput live(LivePrinting::lines, false);
  live.arrived(attempt_at(1), kLiveOut, "", "a");
  live.finish();
  live.finish();
  EXPECT_EQ(live.out(), "a\n");
}

TEST(LiveOutput, AnEndlessLineIsPrintedInParts) {
  LiveOutput live(LivePrinting::lines, true);
  const std::string part(limits::live_line_bytes, 'x');
  live.arrived(attempt_at(1), kLiveOut, "t", part);
  EXPECT_EQ(live.out(), "");
  live.arrived(attempt_at(1), kLiveOut, "t", "y");
  EXPECT_EQ(live.out(), "t\t" + part + "y");
  live.out().clear();
  live.arrived(attempt_at(1), kLiveOut, "t", "z\nn\n");
  EXPECT_EQ(live.out(), "z\nt\tn\n");
}

TEST(LiveOutput, BeginsLinesOfBytesWithTheTag) {
  LiveOutput live(LivePrinting::bytes, true);
  live.arrived(attempt_at(1), kLiveOut, "x", "a");
  EXPECT_EQ(live.out(), "x\ta");
  live.arrived(attempt_at(1), kLiveOut, "x", "b\nc");
  EXPECT_EQ(live.out(), "x\tab\nx\tc");
  live.ended(attempt_at(1), {"x", "d", "e\n"});
  EXPECT_EQ(live.out(), "x\tab\nx\tcd\n");
  EXPECT_EQ(live.err(), "x\te\n");
}

TEST(LiveOutput, PrintsBytesAsTheyArrive) {
  LiveOutput live(LivePrinting::bytes, false);
  live.arrived(attempt_at(1), kLiveOut, "", "a");
  live.arrived(attempt_at(2), kLiveOut, "", "b\n");
  live.ended(attempt_at(1), {"", "c", "e", 0, 1});
  live.finish();
  EXPECT_EQ(live.out(), "ab\nc");
  EXPECT_EQ(live.err(),
            "erollcall: task 1: 1 more byte of standard error dropped (--max-output)\n");
}

}  // namespace
}  // namespace rollcall::coordinator
