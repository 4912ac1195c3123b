// The rules of RFC 4180, section 2, and what it forbids.
#include "coordinator/exec/input/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "coordinator/exec/input/line_store.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Rows = std::vector<std::vector<std::string>>;

/// The rows of an input that arrives in chunks of this size; an error as a row "error", TEXT.
Rows rows_in_chunks(std::string_view bytes, std::size_t chunk, char separator = ',') {
  LineStore store = LineStore::csv(separator);
  Result<void> added;
  for (std::size_t at = 0; at < bytes.size() && added; at += chunk) {
    added = store.add(bytes.substr(at, chunk));
  }
  if (added) added = store.finish();
  Rows rows;
  for (std::uint64_t i = 0; i < store.size(); ++i) rows.push_back(csv_fields(store[i], separator));
  if (!added) rows.push_back({"error", added.error().message});
  return rows;
}

/// The same, whatever the borders of chunks.
Rows rows_of(std::string_view bytes, char separator = ',') {
  const Rows rows = rows_in_chunks(bytes, bytes.size() + 1, separator);
  for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk) {
    EXPECT_EQ(rows_in_chunks(bytes, chunk, separator), rows) << "chunks of " << chunk;
  }
  return rows;
}

TEST(Csv, EachRecordEndsWithALineBreak) {
  EXPECT_THAT(rows_of("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n"),
              ElementsAre(ElementsAre("aaa", "bbb", "ccc"), ElementsAre("zzz", "yyy", "xxx")));
  EXPECT_THAT(rows_of("a,b\nc,d\n"), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d")))
      << "a newline alone is as good";
}

TEST(Csv, TheLastLineBreakIsOptional) {
  EXPECT_THAT(rows_of("a,b\r\nc,d"), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d")));
  EXPECT_THAT(rows_of("\"a\""), ElementsAre(ElementsAre("a")));
  EXPECT_THAT(rows_of("\"a\"\r"), ElementsAre(ElementsAre("a")));
  EXPECT_THAT(rows_of(""), IsEmpty());
}

TEST(Csv, SpacesArePartOfAField) {
  EXPECT_THAT(rows_of(" a , b \n"), ElementsAre(ElementsAre(" a ", " b ")));
}

TEST(Csv, FieldsMayBeEmpty) {
  EXPECT_THAT(rows_of(",,\n"), ElementsAre(ElementsAre("", "", "")));
  EXPECT_THAT(rows_of("\"\",\"\"\n"), ElementsAre(ElementsAre("", "")));
  EXPECT_THAT(rows_of("\n\r\na"), ElementsAre(ElementsAre(""), ElementsAre(""), ElementsAre("a")));
  EXPECT_THAT(rows_of("a,"), ElementsAre(ElementsAre("a", "")));
}

TEST(Csv, FieldsMayBeInQuotes) {
  EXPECT_THAT(rows_of("\"aaa\",\"bbb\",ccc\r\nzzz,\"yyy\",xxx"),
              ElementsAre(ElementsAre("aaa", "bbb", "ccc"), ElementsAre("zzz", "yyy", "xxx")));
}

TEST(Csv, QuotesMayHaveLineBreaksAndSeparators) {
  EXPECT_THAT(rows_of("\"a\r\n\nb\",\"x,y\"\r\n\"\n\",z\r\n"),
              ElementsAre(ElementsAre("a\r\n\nb", "x,y"), ElementsAre("\n", "z")));
}

TEST(Csv, AQuoteInQuotesIsWrittenTwice) {
  EXPECT_THAT(rows_of("\"aaa\",\"b\"\"bb\",\"ccc\"\n"),
              ElementsAre(ElementsAre("aaa", "b\"bb", "ccc")));
  EXPECT_THAT(rows_of("\"\"\"\"\n"), ElementsAre(ElementsAre("\"")));
  EXPECT_THAT(rows_of("\"\"\"\"\"\",\"\"\"a\"\"\"\n"), ElementsAre(ElementsAre("\"\"", "\"a\"")));
}

TEST(Csv, OtherSeparatorsAreAsGood) {
  EXPECT_THAT(rows_of("a;b,c;\"d;e\"\n", ';'), ElementsAre(ElementsAre("a", "b,c", "d;e")));
  EXPECT_THAT(rows_of("a\t\"b\tc\"\n", '\t'), ElementsAre(ElementsAre("a", "b\tc")));
}

TEST(Csv, BytesNeedNotBeText) {
  EXPECT_THAT(rows_of("\xff\xfe,\x01\n"), ElementsAre(ElementsAre("\xff\xfe", "\x01")));
}

TEST(Csv, ACarriageReturnElsewhereIsPartOfAField) {
  EXPECT_THAT(rows_of("a\rb,\r\r\nc"), ElementsAre(ElementsAre("a\rb", "\r"), ElementsAre("c")));
}

TEST(Csv, AByteOrderMarkAtTheBeginIsIgnored) {
  EXPECT_THAT(rows_of("\xef\xbb\xbf\"a\",b\n"), ElementsAre(ElementsAre("a", "b")));
  EXPECT_THAT(rows_of("\xef\xbb\xbf\n"), ElementsAre(ElementsAre("")));
  EXPECT_THAT(rows_of("\xef\xbb,b\n"), ElementsAre(ElementsAre("\xef\xbb", "b")));
  EXPECT_THAT(rows_of("\xef\"\n"),
              ElementsAre(ElementsAre("error",
                                      "line 1: a quote in a field that does not begin with one: "
                                      "expected quotes around the field")));
}

TEST(Csv, AnOpenQuoteIsAnErrorOfItsLine) {
  EXPECT_THAT(rows_of("a\n\"b\nc\",\"d\ne\n"),
              ElementsAre(ElementsAre("a"), ElementsAre("error", "line 3: a quote is not closed")));
  EXPECT_THAT(rows_of("\""), ElementsAre(ElementsAre("error", "line 1: a quote is not closed")));
}

TEST(Csv, AMisplacedQuoteIsAnErrorOfItsLine) {
  EXPECT_THAT(rows_of("a\nb\"c\nd\n"),
              ElementsAre(ElementsAre("a"),
                          ElementsAre("error",
                                      "line 2: a quote in a field that does not begin with one: "
                                      "expected quotes around the field")));
  for (const char* text : {"\"a\"b\n", "\"a\" ,b\n", "\"a\"\rb\n", "\"a\"\r\"\n"}) {
    EXPECT_THAT(rows_of(text),
                ElementsAre(ElementsAre("error",
                                        "line 1: text after a closing quote: a quote in quotes is "
                                        "written twice")))
        << text;
  }
}

TEST(Csv, ErrorsOfRecordsNameTheirFirstLine) {
  const std::string large(limits::input_line_bytes + 1, 'x');
  LineStore store = LineStore::csv(',');
  ASSERT_TRUE(store.add("\"a\n\n\"\n"));
  EXPECT_EQ(store.add("b\n\"" + large).error().message,
            "line 5 is longer than 131071 bytes; a quote on line 5 is open");
  LineStore other = LineStore::csv(',');
  EXPECT_EQ(other.add(std::string("\"\n\"\na\0\n", 7)).error().message,
            "line 3 contains a NUL byte");
}

TEST(Csv, ALineBreakAtTheEndOfALineCounts) {
  LineStore store = LineStore::csv(',');
  const std::string text =
      "\xef\xbb\xbf"
      "a\r\n\"b\nc\"\r\n";
  ASSERT_TRUE(store.add(text));
  EXPECT_EQ(store.bytes(), text.size()) << "where a resumed run reads on";
  EXPECT_EQ(store.carriage_returns(), 0U) << "they are not part of a field";
}

TEST(Csv, TheTextOfARecordHasNoLineEnd) {
  EXPECT_EQ(csv_text("a,\"b\"\r"), "a,\"b\"");
  EXPECT_EQ(csv_text("\xef\xbb\xbf"
                     "a"),
            "a");
}

}  // namespace
}  // namespace rollcall::coordinator
