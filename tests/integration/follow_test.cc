// `rollcall follow`: the output of a task while it runs.
#include <gmock/gmock.h>
#include <signal.h>

#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Follow : public ProgramsTest {
 protected:
  /// Runs `script` for each of the numbers from 0 to `last`; its control socket is file("s").
  Program& start_run(const std::string& last, const Arguments& more, const std::string& script) {
    Program& run = exec(Arguments{"--range", "0-" + last, "--control", file("s")} + more +
                        Arguments{"--shell", "--", script});
    wait_for_run();
    return run;
  }
  /// The file of the socket exists before the run listens there.
  void wait_for_run() {
    EXPECT_TRUE(wait_until([this] { return control({"status"}).wait() == 0; }));
  }
  Program& follow(const std::string& task) { return control({"follow", task}); }
  /// `rollcall ARGUMENTS` for the run.
  Program& control(const Arguments& arguments) {
    return start({programs_directory() / "rollcall",
                  arguments + Arguments{"--control", file("s")},
                  {{"XDG_RUNTIME_DIR", file("runtime")}},
                  {},
                  {}});
  }
  static bool wait_for_out(const Program& program, const std::string& text) {
    return wait_until([&] { return program.out() == text; });
  }
};

TEST_F(Follow, PrintsBothStreamsByteForByteUntilTheTaskEnds) {
  Program& run = start_run("0", {},
                           R"(printf 'a\000\377\r\n'; printf 'e\001' >&2; )" +
                               until_touched("more") + R"(; printf 'b\n\n\376'; echo last >&2; )" +
                               until_touched("end") + "; printf c; exit 3");
  Program& follower = follow("0");
  ASSERT_TRUE(wait_for_out(follower, std::string("a\000\377\r\n", 5))) << follower.story();
  Program& late = follow("0");
  ASSERT_TRUE(wait_for_out(late, std::string("a\000\377\r\n", 5))) << late.story();
  EXPECT_THAT(follower.err(), HasSubstr("e\001"));
  touch("more");
  const std::string both("a\000\377\r\nb\n\n\376", 9);
  ASSERT_TRUE(wait_for_out(follower, both));
  EXPECT_TRUE(follower.running());
  touch("end");
  for (Program* each : {&follower, &late}) {
    EXPECT_EQ(each->wait(), 0) << each->story();
    EXPECT_EQ(each->out(), both + "c");
    EXPECT_THAT(each->err(), AllOf(HasSubstr("e\001last\n"),
                                   HasSubstr("rollcall follow: task 0: exit status 3: ")));
  }
  EXPECT_EQ(run.wait(), 1);
  EXPECT_EQ(run.out(), both + "c");
}

TEST_F(Follow, WaitsForATaskThatHasNotStarted) {
  Program& run = start_run("1", {"-w", "1", "-j", "1", "--prefetch", "0"},
                           "echo $ROLLCALL_TASK_ID; " + until_touched("on"));
  Program& follower = follow("1");
  ASSERT_TRUE(follower.wait_for_err("rollcall follow: task 1 has not started yet\n"));
  touch("on");
  EXPECT_EQ(follower.wait(), 0) << follower.story();
  EXPECT_EQ(follower.out(), "1\n");
  EXPECT_EQ(follower.err(), "rollcall follow: task 1 has not started yet\n");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Follow, GoesOnWithTheNextAttempt) {
  Program& run = start_run("0", {"--retries", "1", "--retry-delay", "1ms"},
                           "echo attempt $ROLLCALL_ATTEMPT; " + until_touched("on") +
                               "; exit $((2 - ROLLCALL_ATTEMPT))");
  Program& follower = follow("0");
  ASSERT_TRUE(wait_for_out(follower, "attempt 1\n"));
  touch("on");
  EXPECT_EQ(follower.wait(), 0) << follower.story();
  EXPECT_EQ(follower.out(), "attempt 1\nattempt 2\n");
  EXPECT_THAT(follower.err(),
              EndsWith("rollcall follow: task 0: exit status 1; another attempt follows\n"));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "attempt 2\n");
}

/// More than the spool keeps in memory.
TEST_F(Follow, ReadsOutputThatIsOnTheDisk) {
  Program& run = start_run("0", {}, "seq 2000000; " + until_touched("on"));
  Program& follower = follow("0");
  EXPECT_TRUE(wait_until([&] { return follower.out().size() == 14'888'896; })) << follower.err();
  touch("on");
  EXPECT_EQ(follower.wait(), 0) << follower.err();
  EXPECT_EQ(run.wait(), 0) << run.err();
  EXPECT_TRUE(follower.out() == run.out());
}

/// More than the socket holds, directly before the run ends.
TEST_F(Follow, PrintsTheRestOfATaskThatEndsWithTheRun) {
  Program& run = start_run("0", {}, "echo on; " + until_touched("on") + "; seq 100000");
  Program& follower = follow("0");
  ASSERT_TRUE(wait_for_out(follower, "on\n"));
  touch("on");
  EXPECT_EQ(follower.wait(), 0) << follower.err();
  EXPECT_EQ(run.wait(), 0) << run.err();
  EXPECT_TRUE(follower.out() == run.out());
}

TEST_F(Follow, AFollowerThatDoesNotReadHoldsNothingUp) {
  Program& run = start_run(
      "0", {"--retries", "3", "--retry-delay", "1ms"},
      "echo first; " + until_touched("on") + "; seq 1000000; exit $((4 - ROLLCALL_ATTEMPT))");
  Program& follower = follow("0");
  ASSERT_TRUE(wait_for_out(follower, "first\n"));
  follower.signal(SIGSTOP);
  touch("on");
  EXPECT_EQ(run.wait(), 0) << run.err();
  follower.signal(SIGCONT);
  EXPECT_EQ(follower.wait(), 1) << "some of the output cannot be there";
  EXPECT_THAT(follower.out(), StartsWith("first\n1\n2\n3\n"));
}

TEST_F(Follow, StatesHowMuchWasPrintedBefore) {
  Program& run =
      start_run("0", {"--spool-size", "1M"}, "seq 500000; " + until_touched("on") + "; echo last");
  EXPECT_TRUE(wait_until([&] { return run.out().size() == 3'388'895; }));
  Program& follower = follow("0");
  EXPECT_TRUE(follower.wait_for_err("missing"));
  touch("on");
  EXPECT_EQ(follower.wait(), 1) << follower.err();
  EXPECT_THAT(
      follower.err(),
      StartsWith("rollcall follow: task 0: 3388895 bytes of its standard output are missing "
                 "here: they were not read in time\n"));
  EXPECT_EQ(follower.out(), "last\n");
  EXPECT_EQ(run.wait(), 0) << run.err();
}

TEST_F(Follow, WorksWithAJournalAndWithADirectory) {
  for (const Arguments& where :
       {Arguments{"--journal", file("journal")}, Arguments{"--output-dir", file("outputs")},
        Arguments{"--output", "json", "--output-dir", file("documents")}}) {
    const std::string go = "go" + where.back().substr(where.back().rfind('/') + 1);
    Program& run = start_run("0", where, "echo begin; " + until_touched(go) + "; echo end");
    Program& follower = follow("0");
    ASSERT_TRUE(wait_for_out(follower, "begin\n")) << follower.story();
    touch(go);
    EXPECT_EQ(follower.wait(), 0) << follower.story();
    EXPECT_EQ(follower.out(), "begin\nend\n");
    EXPECT_EQ(run.wait(), 0) << run.story();
  }
}

TEST_F(Follow, ACancelledTaskEndsWithItsOutcome) {
  Program& run =
      start_run("1", {"-w", "1", "-j", "1", "--prefetch", "0"}, "echo on; " + until_touched("on"));
  Program& running = follow("0");
  Program& waiting = follow("1");
  ASSERT_TRUE(wait_for_out(running, "on\n"));
  ASSERT_TRUE(waiting.wait_for_err("has not started yet\n"));
  Program& cancel = control({"cancel", "0-1"});
  EXPECT_EQ(cancel.wait(), 0) << cancel.story();
  EXPECT_EQ(running.wait(), 0) << running.story();
  EXPECT_THAT(running.err(), HasSubstr("rollcall follow: task 0: cancelled"));
  EXPECT_EQ(waiting.wait(), 0) << waiting.story();
  EXPECT_THAT(waiting.err(), HasSubstr("rollcall follow: task 1: cancelled"));
  EXPECT_EQ(run.wait(), 1);
}

TEST_F(Follow, RefusesATaskThatHasEndedOrDoesNotExist) {
  Program& run =
      start_run("1", {"--journal", file("journal")}, "test {} -eq 0 || " + until_touched("on"));
  EXPECT_TRUE(wait_until([&] {
    Program& follower = follow("0");
    return follower.wait() == 1;
  }));
  Program& ended = follow("0");
  EXPECT_EQ(ended.wait(), 1);
  EXPECT_EQ(ended.err(),
            "rollcall follow: task 0 has ended: see rollcall output " + file("journal") + " 0\n");
  Program& unknown = follow("2");
  EXPECT_EQ(unknown.wait(), 1);
  EXPECT_EQ(unknown.err(),
            "rollcall follow: task 2 does not exist: the run has 2 tasks, numbered from 0\n");
  Program& wrong = follow("x");
  EXPECT_EQ(wrong.wait(), 2);
  EXPECT_EQ(wrong.err(),
            "rollcall follow: TASK \"x\": expected a whole number from 0 to 999999999\n");
  touch("on");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Follow, RefusesARunWithoutOutput) {
  Program& sleeps = rollcall({"-n", "1", "--pause", "60s", "--control", file("s")});
  wait_for_run();
  Program& follower = follow("0");
  EXPECT_EQ(follower.wait(), 1);
  EXPECT_EQ(follower.err(),
            "rollcall follow: no task can be followed: tasks of this run have no output\n");
  sleeps.signal(SIGTERM);
  sleeps.wait();
}

TEST_F(Follow, RefusesARunThatKeepsNoOutput) {
  const std::vector<std::pair<Arguments, std::string>> runs = {
      {{"--output", "json"}, "with --output json, the run keeps no output"},
      {{"--output", "jsonl"}, "with --output jsonl, output arrives when a command has ended"},
      {{"--line-buffer"}, "the run prints output as it arrives itself"},
      {{"-u"}, "the run prints output as it arrives itself"}};
  for (const auto& [options, why] : runs) {
    const std::string go = "go" + options.back();
    Program& run = start_run("0", options, until_touched(go));
    Program& follower = follow("0");
    EXPECT_EQ(follower.wait(), 1);
    EXPECT_EQ(follower.err(), "rollcall follow: no task can be followed: " + why + "\n");
    touch(go);
    EXPECT_EQ(run.wait(), 0) << run.story();
  }
}

}  // namespace
}  // namespace rollcall::integration
