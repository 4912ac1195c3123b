// A flood of log lines becomes a few lines with counts.
#include "common/base/repeated_lines.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace rollcall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What is logged when the line occurs `times` times.
std::vector<std::string> logged(RepeatedLines& lines, std::uint64_t source, const std::string& text,
                                int times, std::uint64_t first = 1) {
  std::vector<std::string> all;
  for (int i = 0; i < times; ++i) {
    if (auto line = lines.count(source, text, first)) all.push_back(line->text());
  }
  return all;
}

std::vector<std::string> rest_of(RepeatedLines& lines) {
  std::vector<std::string> all;
  for (const LogLine& line : lines.take_rest()) all.push_back(line.text());
  return all;
}

TEST(RepeatedLines, LogsTheFirstAndEachPowerOfTen) {
  RepeatedLines lines(10);
  EXPECT_THAT(logged(lines, 1, "bad", 2'500),
              ElementsAre("bad", "bad times=10", "bad times=100", "bad times=1000"));
  EXPECT_THAT(rest_of(lines), ElementsAre("bad times=2500"));
  EXPECT_THAT(rest_of(lines), IsEmpty());
}

TEST(RepeatedLines, CountsEachSourceAndEachTextByItself) {
  RepeatedLines lines(10);
  EXPECT_THAT(logged(lines, 1, "bad", 1), ElementsAre("bad"));
  EXPECT_THAT(logged(lines, 2, "bad", 1), ElementsAre("bad"));
  EXPECT_THAT(logged(lines, 1, "worse", 1), ElementsAre("worse"));
  EXPECT_THAT(rest_of(lines), IsEmpty());
}

TEST(RepeatedLines, DoesNotLogWhatIsUsual) {
  RepeatedLines lines(10);
  EXPECT_THAT(logged(lines, 1, "old", 99, /*first=*/100), IsEmpty());
  EXPECT_THAT(logged(lines, 2, "old", 101, /*first=*/100), ElementsAre("old times=100"));
  EXPECT_THAT(rest_of(lines), ElementsAre("old times=101"));
}

TEST(RepeatedLines, CountsOtherLinesAsOne) {
  RepeatedLines lines(2);
  std::vector<std::string> all;
  for (int source = 0; source < 1'000; ++source) {
    if (auto line = lines.count(source, "bad")) all.push_back(line->text());
  }
  EXPECT_THAT(all, ElementsAre("bad", "bad", "more lines about other peers",
                               "more lines about other peers times=10",
                               "more lines about other peers times=100"));
  EXPECT_THAT(rest_of(lines), ElementsAre("more lines about other peers times=998"));
}

}  // namespace
}  // namespace rollcall
