// SIGINT and SIGTERM.
#include <gmock/gmock.h>
#include <signal.h>

#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kCancelled = R"(Task \d+ - cancelled after \d+\.\d\d)";

class Signals : public ProgramsTest {
 protected:
  /// Starts a run of a minute and waits until all its tasks have started.
  Program& long_run(const Arguments& more = {}) {
    Program& run = rollcall(Arguments{"-n", "50", "--pause", "60s", "-w", "2"} + more);
    run.wait_for_lines(".* - await a sleep .*", 50);
    return run;
  }
};

TEST_F(Signals, FirstInterruptCancelsAndReportsTheTasks) {
  Program& run = long_run({"--results", file("results.csv")});
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_THAT(run.out_lines(kCancelled), SizeIs(50)) << run.story();
  EXPECT_THAT(run.out(), HasSubstr("50 async tasks validated in"));
  EXPECT_THAT(lines_of(contents_of(file("results.csv"))), SizeIs(51));
}

TEST_F(Signals, InterruptOfTheProcessGroupCancels) {
  Program& run = long_run();
  ::kill(-run.pid(), SIGINT);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_THAT(run.out_lines(kCancelled), SizeIs(50)) << run.story();
}

TEST_F(Signals, SigtermCancelsWithItsOwnStatus) {
  Program& run = long_run();
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 143) << run.story();
  EXPECT_THAT(run.out_lines(kCancelled), SizeIs(50)) << run.story();
}

TEST_F(Signals, SecondInterruptEndsAtOnce) {
  Program& run = long_run();
  for (const pid_t worker : children_of(run.pid())) ::kill(worker, SIGSTOP);  // they do not respond
  run.signal(SIGINT);
  ASSERT_TRUE(wait_until([&] { return !signal_pending(run.pid(), SIGINT); }));
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_THAT(run.out_lines(kCancelled), IsEmpty()) << run.story();
  EXPECT_TRUE(wait_for_no_process());
}

TEST_F(Signals, InterruptEndsARunWithoutWorkers) {
  Program& run = rollcall({"-n", "5", "-w", "0", "--access-file", access_file()});
  ASSERT_TRUE(wait_for_file("access"));
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_THAT(run.out_lines(kCancelled), SizeIs(5)) << run.story();
  EXPECT_FALSE(std::filesystem::exists(access_file()));
}

}  // namespace
}  // namespace rollcall::integration
