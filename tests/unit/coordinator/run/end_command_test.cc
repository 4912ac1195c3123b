#include "coordinator/run/end_command.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>

namespace rollcall::coordinator {
namespace {

TEST(EndCommand, HasItsInputAndReportsItsEnd) {
  EXPECT_EQ(EndCommand("test \"$(cat)\" = document").run("document\n"), "");
  EXPECT_EQ(EndCommand("exit 3").run("document"), "exit status 3");
  EXPECT_EQ(EndCommand("kill -9 $$").run("document"), "killed by signal 9");
}

/// More than a pipe holds.
TEST(EndCommand, NeedNotReadItsInput) {
  const std::string large(std::size_t{4} << 20U, 'x');
  EXPECT_EQ(EndCommand("exec 0<&-").run(large), "");
  EXPECT_EQ(EndCommand("test $(wc -c) = 4194304").run(large), "");
}

/// The program itself ignores SIGPIPE.
TEST(EndCommand, HasTheUsualSignals) {
  std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(EndCommand("kill -PIPE $$").run(""), "killed by signal 13");
}

TEST(EndCommand, IsEndedByAnotherThread) {
  EndCommand command("sleep 1000; true");
  std::thread other([&command] { command.end(); });
  const std::string why = command.run("");
  other.join();
  EXPECT_TRUE(why == "killed by signal 15" || why.starts_with("cannot be started: ")) << why;
}

}  // namespace
}  // namespace rollcall::coordinator
