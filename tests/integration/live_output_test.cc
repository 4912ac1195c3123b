// Output that is printed while its command runs: --line-buffer and --ungroup.
#include <gmock/gmock.h>
#include <signal.h>

#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class LiveOutputRun : public ProgramsTest {
 protected:
  /// `rollcall exec -q -j2 MORE --shell -- SCRIPT ::: one two`; until_touched("1") is a step.
  Program& two(const Arguments& more, const std::string& script) {
    return exec(Arguments{"-q", "-j2"} + more +
                Arguments{"--shell", "--", script, ":::", "one", "two"});
  }
};

TEST_F(LiveOutputRun, PrintsALineWhileItsCommandRuns) {
  Program& run = two({"--line-buffer", "--tag"}, "if [ {} = one ]; then echo first; printf la; " +
                                                     until_touched("go") + "; echo st; else " +
                                                     until_touched("two") + "; echo other; fi");
  ASSERT_TRUE(run.wait_for_lines("one\tfirst", 1));
  touch("two");
  ASSERT_TRUE(run.wait_for_lines("two\tother", 1));
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "one\tfirst\ntwo\tother\none\tlast\n");
}

TEST_F(LiveOutputRun, PrintsBytesAsTheyArrive) {
  Program& run = two({"-u"}, "if [ {} = one ]; then printf a; " + until_touched("go") +
                                 "; printf c; else " + until_touched("two") + "; printf b; fi");
  ASSERT_TRUE(wait_until([&] { return run.out() == "a"; }));
  touch("two");
  ASSERT_TRUE(wait_until([&] { return run.out() == "ab"; }));
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "abc");
}

TEST_F(LiveOutputRun, PrintsEachAttempt) {
  Program& run = exec({"-q", "--line-buffer", "--retries", "2", "--retry-delay", "0", "--shell",
                       "--", "echo attempt $ROLLCALL_ATTEMPT; printf end >&2; exit 1", ":::", "x"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.out_lines(), ElementsAre("attempt 1", "attempt 2", "attempt 3"));
  EXPECT_EQ(run.err(), "end\nend\nend\n");
}

TEST_F(LiveOutputRun, PrintsWhatAStoppedCommandHasWritten) {
  Program& run = two({"--line-buffer"}, "printf {}; touch " + file("") + "/up-{}; sleep 1000");
  ASSERT_TRUE(wait_for_file("up-one") && wait_for_file("up-two"));
  run.signal(SIGHUP);
  EXPECT_EQ(run.wait(), 129) << run.story();
  EXPECT_THAT(run.out_lines(), UnorderedElementsAre("one", "two"));
}

/// Far more than may wait in memory.
TEST_F(LiveOutputRun, PrintsAllOfALargeOutput) {
  for (const char* option : {"--line-buffer", "--ungroup"}) {
    const std::string program = (programs_directory() / "rollcall").string();
    const std::string script =
        program + " exec -q -j2 " + option +
        " --shell ': {}; yes 12345678 | head -c 90000000' ::: a b | { sleep 0.5; "
        "wc -lc; }";
    Program& run = start({"/bin/sh", {"-c", script}, {}, {}, {}});
    EXPECT_EQ(run.wait(), 0) << run.story();
    EXPECT_THAT(run.out(), testing::ContainsRegex("20000000 +180000000")) << option;
  }
}

}  // namespace
}  // namespace rollcall::integration
