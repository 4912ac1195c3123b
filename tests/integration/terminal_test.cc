// What only a terminal shows.
#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::ContainsRegex;
using testing::Not;

class Terminal : public ProgramsTest {
 protected:
  Program& on_terminal(const std::string& command) {
    return start(
        {"/usr/bin/script",
         {"-qec", (programs_directory() / "rollcall").string() + " " + command, "/dev/null"},
         {},
         {},
         {}});
  }
};

TEST_F(Terminal, ShowsInvisibleCharactersOfCommands) {
  std::ofstream(file("in")) << "a\u202eb\u200b\n";
  const std::string command = "exec --dry-run -a " + file("in") + " -- echo";
  Program& shown = on_terminal(command);
  EXPECT_EQ(shown.wait(), 0) << shown.story();
  EXPECT_EQ(shown.out(), "echo 'a\\u202eb\\u200b'\r\n");
  Program& exact = exec({"--dry-run", "-a", file("in"), "--", "echo"});
  EXPECT_EQ(exact.wait(), 0) << exact.story();
  EXPECT_EQ(exact.out(), "echo 'a\u202eb\u200b'\n");
}

TEST_F(Terminal, HasLogLinesWithoutTime) {
  Program& shown = on_terminal("sleep -n 1 --pause 0 -w 1 -q --log-level info");
  EXPECT_EQ(shown.wait(), 0) << shown.story();
  EXPECT_THAT(shown.out(), ContainsRegex("(^|\n)rollcall-worker: info: "));
  EXPECT_THAT(shown.out(), Not(ContainsRegex("[0-9]T[0-9][0-9]:[0-9][0-9]:")));
  Program& logged = rollcall({"-n", "1", "--pause", "0", "-w", "1", "-q", "--log-level", "info"});
  EXPECT_EQ(logged.wait(), 0) << logged.story();
  EXPECT_THAT(logged.err(), ContainsRegex("[0-9]T[0-9][0-9]:[0-9][0-9]:"));
}

}  // namespace
}  // namespace rollcall::integration
