#include "common/base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace rollcall {
namespace {

TEST(Text, EscapesInvisibleCharacters) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\u202a\u202e", "\\u202a\\u202e"},  // direction of text
      {"\u2066\u2069", "\\u2066\\u2069"},  // the same, isolated
      {"\u2028\u2029", "\\u2028\\u2029"},  // separators of lines and paragraphs
      {"\u200b\u200f", "\\u200b\\u200f"},  // without width
      {"\ufeff\u00ad", "\\ufeff\\u00ad"},  // byte order mark, soft hyphen
      {"\U000e0041", "\\U000e0041"},       // tags
      {"a\u202fb", "a\u202fb"},            // a narrow space is visible
      {"\u2764\ufe0f", "\u2764\ufe0f"},    // an emoji with its variation selector
      {"na\u00efve \u6f22", "na\u00efve \u6f22"},
  };
  for (const auto& [text, shown] : cases) {
    EXPECT_EQ(printable(text), shown);
    EXPECT_EQ(visible(text), shown);
  }
}

TEST(Text, IsOneLineWithoutControlCharacters) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f\xff\xc2\x85"), "a?b?[31m???");
  EXPECT_EQ(visible("a\n\tb\x1b[31m\xff\xc2\x85"), "a\n\tb\\x1b[31m\\xff\\xc2\\x85");
}

TEST(Text, IsTruncatedBetweenCharactersAndEscapes) {
  EXPECT_EQ(printable("a\u20acb", 3), "a");
  EXPECT_EQ(printable("a\u202eb", 6), "a");
  EXPECT_EQ(printable("a\u202eb", 7), "a\\u202e");
}

TEST(Text, HasSizesAsOptionsAcceptThem) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(1536), "1536");
  EXPECT_EQ(format_size(1536U << 10U), "1536K");
  EXPECT_EQ(format_size(512U << 20U), "512M");
  EXPECT_EQ(format_size(std::uint64_t{2} << 30U), "2G");
  EXPECT_EQ(format_size(std::uint64_t{1} << 50U), "1024T");
}

}  // namespace
}  // namespace rollcall
