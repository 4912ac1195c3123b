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
  Program& run = exec({"--range", "1-1", "--timeout", "0.2s", "--kill-after", "0.3s", "--", "sh",
                       "-c", "trap '' TERM; sleep 5 & wait; wait"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("timed out after 0.20 s, ended after 0.5"));
}

TEST_F(Summaries, HaveNoOverheadWithRetries) {
  const std::string script = "test $ROLLCALL_ATTEMPT = 2";
  Program& run = exec({"--range", "1-3", "--retries", "1", "--", "sh", "-c", script});
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
