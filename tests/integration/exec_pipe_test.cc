// Commands that each read a block of the input.
#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

class ExecPipe : public JournaledRuns {
 protected:
  std::string out_of(const Arguments& arguments, const std::string& input) {
    Program& run = exec(Arguments{"-q", "-k", "--pipe"} + arguments, input);
    EXPECT_EQ(run.wait(), 0) << run.story();
    return run.out();
  }
};

TEST_F(ExecPipe, EachCommandReadsABlockOfWholeLines) {
  const std::string input = "a\nbb\nccc\ndddddd\ne";
  EXPECT_EQ(out_of({"--block", "5", "--tag", "cat"}, input),
            "0\ta\n0\tbb\n1\tccc\n2\tdddddd\n3\te\n");
  EXPECT_EQ(out_of({"cat"}, input), input);
  EXPECT_EQ(out_of({"cat"}, ""), "");
}

TEST_F(ExecPipe, RecordsAreWhatTheUserSays) {
  EXPECT_EQ(out_of({"--block", "3", "--recend", "", "--shell", "cat; echo"}, "abcdefgh"),
            "abc\ndef\ngh\n");
  EXPECT_EQ(out_of({"--block", "6", "--recstart", ">", "grep", "-c", ""}, ">a\nA\n>b\nB\nC\n"),
            "2\n3\n");
  EXPECT_EQ(out_of({"--block", "1", "--recend", "\\0", "tr", "\\0", "+"}, std::string("a\0b\0", 4)),
            "a+b+");
}

TEST_F(ExecPipe, OnlyTheNumberIsAPlaceholder) {
  EXPECT_EQ(out_of({"--shell", "echo {#} {} {1} $(cat)"}, "x\n"), "0 {} {1} x\n");
}

TEST_F(ExecPipe, AllBytesOfALargeInputArriveInOrder) {
  std::string input;
  for (int i = 0; input.size() < (std::size_t{40} << 20U); ++i) {
    input += std::to_string(i) + std::string(static_cast<std::size_t>(i % 311), '.') + "\n";
  }
  EXPECT_TRUE(out_of({"--block", "256K", "cat"}, input) == input);
}

TEST_F(ExecPipe, ABlockIsNamedWhereACommandIsShown) {
  Program& run = exec(
      {"--pipe", "--results", file("r.jsonl"), "--joblog", file("log"), "--shell", "cat; exit 3"},
      "abc\n");
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("< 'block 0 of standard input'"));
  EXPECT_THAT(contents_of(file("r.jsonl")),
              AllOf(HasSubstr("\"input\":null"), HasSubstr("< 'block 0 of standard input'\"")));
  EXPECT_THAT(contents_of(file("log")), HasSubstr("\t4\t4\t3\t0\t"));  // bytes sent and received
  std::ofstream(file("data")) << "abc\n";
  Program& dry = exec({"--pipe", "--dry-run", "-a", file("data"), "wc", "-l"});
  EXPECT_EQ(dry.wait(), 0) << dry.story();
  EXPECT_EQ(dry.out(), "wc -l < 'block 0 of " + file("data") + "'\n");
}

TEST_F(ExecPipe, ABlockIsTriedAgain) {
  const std::string script = "cat; test $ROLLCALL_ATTEMPT = 2";
  EXPECT_EQ(out_of({"--block", "2", "--retries", "1", "--shell", script}, "a\nb\n"), "a\nb\n");
}

TEST_F(ExecPipe, FailedBlocksRunAgainFromAJournal) {
  const Arguments parts = {"-q", "--journal", journal(), "--pipe", "--block", "2", "--shell"};
  Program& run =
      exec(parts + Arguments{"cat >> " + file("seen") + "; test -e " + file("ok")}, "a\nb\n");
  EXPECT_EQ(run.wait(), 1) << run.story();
  touch("ok");
  Program& again = command({"resume", journal(), "--retry-failed"});
  EXPECT_EQ(again.wait(), 0) << again.story();
  EXPECT_THAT(contents_of(file("seen")), MatchesRegex("(a\nb|b\na)\n(a\nb|b\na)\n"));
}

TEST_F(ExecPipe, AJournalHasTheBlocksOfFailedCommands) {
  Program& run = exec({"-q", "--journal", journal(), "--results", file("r.csv"), "--pipe",
                       "--block", "4", "--shell", "test -e " + file("ok") + " && tr '\\0' +"},
                      std::string("a\0b\nc\n", 6));
  EXPECT_EQ(run.wait(), 1) << run.story();
  touch("ok");
  Program& listed = command({"report", journal(), "--failed", "--output", "commands"});
  EXPECT_EQ(listed.wait(), 0) << listed.story();
  Program& again = start({"/bin/sh", {"-c", listed.out()}, {}, {}, {}});
  EXPECT_EQ(again.wait(), 0) << again.story();
  EXPECT_THAT(again.out(), testing::AnyOf("a+b\nc\n", "c\na+b\n"));
  Program& rows = command({"report", file("r.csv"), "--failed", "--output", "commands"});
  EXPECT_EQ(rows.wait(), 2) << rows.story();
  EXPECT_THAT(rows.err(), HasSubstr("use the journal of such a run"));
}

TEST_F(ExecPipe, ARecordThatIsTooLongEndsTheInput) {
  Program& run = exec({"--pipe", "--block", "2", "cat"}, "a\n" + std::string(8 << 20, 'x'));
  EXPECT_EQ(run.wait(), 2) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("byte 3: a record begins that is longer than 7340032 bytes"));
}

}  // namespace
}  // namespace rollcall::integration
