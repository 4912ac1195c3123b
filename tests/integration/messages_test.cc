// What a person reads: warnings, failures and the summary.
#include <gmock/gmock.h>

#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Messages : public ProgramsTest {};

class Summaries : public ProgramsTest {};

TEST_F(Messages, WarnOfCarriageReturnsOnce) {
  Program& run = exec({"-q", "--", "echo"}, "a\r\nb\r\nc\n");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.err(),
            "rollcall exec: warning: 2 of 3 input lines end with a carriage return (CRLF), which "
            "is part of the command: remove it with tr -d '\\r'\n");
}

TEST_F(Messages, NameTheTimeLimitThatEndedACommand) {
  // On a slow machine the shell needs longer until it ignores SIGTERM.
  for (const std::string seconds : {"0.20", "1.00", "5.00", "20.00"}) {
    Program& run = exec({"--range", "1-1", "--timeout", seconds, "--kill-after", "0.3s", "--", "sh",
                         "-c", "trap '' TERM; echo ready; sleep 60 & wait; wait"});
    EXPECT_EQ(run.wait(), 1) << run.story();
    if (run.out().empty()) continue;
    const std::string before = "timed out after " + seconds + " s, ended after ";
    const std::string err = run.err();
    ASSERT_THAT(err, HasSubstr(before));
    const double ended = std::stod(err.substr(err.find(before) + before.size()));
    EXPECT_GE(ended, std::stod(seconds) + 0.29);  // rounded to 0.01
    return;
  }
  FAIL() << "the command did not start in time";
}

TEST_F(Summaries, HaveNoOverheadWithRetries) {
  const std::string script = "test $ROLLCALL_ATTEMPT = 2";
  Program& run =
      exec({"--summary", "full", "--range", "1-3", "--retries", "1", "--", "sh", "-c", script});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("\nbusy      "));
  EXPECT_THAT(run.err(), HasSubstr(" s, retries "));
  EXPECT_THAT(run.err(), HasSubstr(" s, waiting "));
  EXPECT_THAT(run.err(), Not(HasSubstr("overhead")));
}

TEST_F(Summaries, OfAnEmptyInputAreOneLine) {
  Program& run = exec({"--", "echo"}, "");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.out(), IsEmpty());
  EXPECT_EQ(run.err(), "no tasks: nothing was run\n");
}

}  // namespace
}  // namespace rollcall::integration
