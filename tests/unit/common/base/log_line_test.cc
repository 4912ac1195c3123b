// A line of the log can be split into its values again, whatever the values are.
#include "common/base/log_line.h"

#include <gtest/gtest.h>

namespace rollcall {
namespace {

TEST(LogLine, IsAMessageWithKeysAndValues) {
  EXPECT_EQ(LogLine("worker joined").text(), "worker joined");
  EXPECT_EQ(LogLine("worker joined").add("name", "n1-7").add("slots", 4).text(),
            "worker joined name=n1-7 slots=4");
}

TEST(LogLine, QuotesAValueOnlyIfItNeedsTo) {
  const auto shown = [](const std::string& value) { return LogLine("e").add("k", value).text(); };
  EXPECT_EQ(shown("tcp://[::1]:7710"), "e k=tcp://[::1]:7710");
  EXPECT_EQ(shown("Zürich"), "e k=Zürich");
  EXPECT_EQ(shown("no heartbeat for 3 s"), "e k=\"no heartbeat for 3 s\"");
  EXPECT_EQ(shown(""), "e k=\"\"");
  EXPECT_EQ(shown("a=b"), "e k=\"a=b\"");
  EXPECT_EQ(shown("a\"b"), "e k=\"a\\\"b\"");
  EXPECT_EQ(shown("a\\x1b"), "e k=\"a\\\\x1b\"");
}

TEST(LogLine, EscapesWhatWouldBreakTheLineOrTheTerminal) {
  const auto shown = [](const std::string& value) { return LogLine("e").add("k", value).text(); };
  EXPECT_EQ(shown("a\nb"), "e k=\"a\\nb\"");
  EXPECT_EQ(shown("a\tb"), "e k=\"a\\tb\"");
  EXPECT_EQ(shown("\x1b[2J"), "e k=\"\\x1b[2J\"");
  EXPECT_EQ(shown("\xff"), "e k=\"\\xff\"");
  EXPECT_EQ(shown("a\u202e"), "e k=\"a\\u202e\"");
}

TEST(LogLine, HasMessageAndFieldsForOtherForms) {
  LogLine line("worker left");
  line.add("name", "a b").add("tasks", 7);
  EXPECT_EQ(line.message(), "worker left");
  ASSERT_EQ(line.fields().size(), 2U);
  EXPECT_EQ(line.fields()[0].first, "name");
  EXPECT_EQ(std::get<std::string>(line.fields()[0].second), "a b");
  EXPECT_EQ(std::get<std::uint64_t>(line.fields()[1].second), 7U);
}

}  // namespace
}  // namespace rollcall
