// The command of --on-end.
#include <gmock/gmock.h>
#include <signal.h>

#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

class OnEnd : public JournaledRuns {
 protected:
  /// Writes its input to file("document").
  Arguments keep_document() const { return {"-q", "--on-end", "cat > " + file("document")}; }
  nlohmann::json document() const {
    return nlohmann::json::parse(contents_of(file("document")), nullptr, false);
  }
};

TEST_F(OnEnd, GetsTheDocumentThatIsPrinted) {
  Program& run = exec(keep_document() + Arguments{"--output", "json", "--range", "1-3", "true"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(contents_of(file("document")), run.out());
  EXPECT_EQ(document()["outcomes"]["succeeded"], 3);
}

TEST_F(OnEnd, RunsForEachKindAndFormat) {
  Program& sleeps = rollcall(keep_document() + Arguments{"-n", "2", "--pause", "1ms"});
  EXPECT_EQ(sleeps.wait(), 0) << sleeps.story();
  EXPECT_EQ(document()["kind"], "sleep");
  Program& noop = command(Arguments{"noop", "-n", "2"} + keep_document());
  EXPECT_EQ(noop.wait(), 0) << noop.story();
  EXPECT_EQ(document()["kind"], "noop");
}

TEST_F(OnEnd, RunsWhateverTheStatus) {
  Program& failed = exec(keep_document() + Arguments{"--range", "1-1", "false"});
  EXPECT_EQ(failed.wait(), 1) << failed.story();
  EXPECT_EQ(document()["reason"], "tasks_failed");
  Program& stopped = exec(keep_document() + Arguments{"--range", "1-1", "--shell",
                                                      "touch " + file("up") + "; sleep 1000"});
  ASSERT_TRUE(wait_for_file("up"));
  stopped.signal(SIGHUP);
  EXPECT_EQ(stopped.wait(), 129) << stopped.story();
  EXPECT_EQ(document()["reason"], "signal");
}

TEST_F(OnEnd, ItsFailureShowsInAStatusOfZeroAlone) {
  Program& run = exec({"-q", "--on-end", "exit 3", "--range", "1-1", "true"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_EQ(run.err(), "rollcall exec: --on-end: exit status 3\n");
  Program& timed_out =
      rollcall({"-q", "--on-end", "exit 3", "-n", "1", "--pause", "1h", "--run-timeout", "1ms"});
  EXPECT_EQ(timed_out.wait(), 5) << timed_out.story();
  EXPECT_THAT(timed_out.err(), EndsWith("rollcall sleep: --on-end: exit status 3\n"));
}

TEST_F(OnEnd, DoesNotRunAfterAWrongCommandLine) {
  Program& run = exec(keep_document() + Arguments{"--each-line", file("none"), "true"});
  EXPECT_EQ(run.wait(), 2) << run.story();
  EXPECT_EQ(contents_of(file("document")), "");
}

TEST_F(OnEnd, ItsOutputFollowsThatOfTheRun) {
  Program& run = exec({"-q", "--on-end", "echo over", "--range", "1-2", "-k", "echo", "{}"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "1\n2\nover\n");
}

TEST_F(OnEnd, ASignalEndsIt) {
  Program& run = exec(
      {"-q", "--on-end", "touch " + file("up") + "; sleep 1000; true", "--range", "1-1", "true"});
  ASSERT_TRUE(wait_for_file("up"));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 143) << run.story();
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(OnEnd, RunsAgainWhenTheRunIsResumed) {
  Program& run =
      exec(keep_document() + Arguments{"--journal", journal(), "--range", "1-1", "--shell",
                                       "touch " + file("up") + "; " + until_touched("go")});
  ASSERT_TRUE(wait_for_file("up"));
  run.signal(SIGHUP);
  EXPECT_EQ(run.wait(), 129) << run.story();
  EXPECT_EQ(document()["finished"], false);
  touch("go");
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(document()["finished"], true);
}

}  // namespace
}  // namespace rollcall::integration
