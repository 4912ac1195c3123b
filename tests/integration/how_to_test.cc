// The pages of docs/how-to do what they say: the lines with a $ of their console blocks are run one
// after the other, all machines being this one.
#include <gmock/gmock.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;

/// "$ COMMAND" lines of ```console blocks, without the "$ ".
std::vector<std::string> commands_of(const std::string& page) {
  std::vector<std::string> commands;
  bool in_console = false;
  for (const std::string& line : lines_of(page)) {
    if (line.starts_with("```")) in_console = line.starts_with("```console");
    if (in_console && line.starts_with("$ ")) commands.push_back(line.substr(2));
  }
  return commands;
}

/// A run or a worker goes on while the reader types the next line; all else ends first.
bool goes_on(const std::string& command) {
  return command.starts_with("rollcall sleep ") || command.starts_with("rollcall-worker ");
}

/// Who types it waits until the run, or the worker that it names, is there.
bool is_asked_again(const std::string& command) {
  return command.starts_with("rollcall status ") || command.starts_with("rollcall drain ");
}

/// It is killed in the middle; the page shows what comes then.
bool is_a_crash(const std::string& command) {
  return command.starts_with("timeout --signal KILL ");
}

class HowTo : public ProgramsTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(file("fake"));
    fake("ssh", "shift\nexec \"$@\"");
    fake("scp", "test -s \"$1\"");
  }
  void fake(const std::string& name, const std::string& body) const {
    const std::string path = file("fake/" + name);
    std::ofstream(path) << "#!/bin/sh\n" << body << '\n';
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  Program& type(const std::string& command) {
    const std::string path =
        file("fake") + ":" + programs_directory().string() + ":" + std::getenv("PATH");
    const std::string here = std::regex_replace(command, std::regex("\\balpha\\b"), "127.0.0.1");
    return start({"/bin/sh", {"-c", "cd " + file("") + " && " + here}, {{"PATH", path}}, {}, {}});
  }
  /// The line after it may need the access file.
  void wait_for_access_file(const std::string& command) {
    std::smatch found;
    if (!std::regex_search(command, found, std::regex("^rollcall .*--access-file (\\S+)"))) return;
    EXPECT_TRUE(wait_for_file(found[1])) << command;
  }
};

TEST_P(HowTo, ItsCommandsRun) {
  const std::string page =
      contents_of(std::filesystem::path(ROLLCALL_ROOT) / "docs/how-to" / GetParam());
  ASSERT_FALSE(commands_of(page).empty()) << "no command in a ```console block";
  std::vector<Program*> going;
  for (const std::string& command : commands_of(page)) {
    if (is_asked_again(command)) {
      EXPECT_TRUE(wait_until([&] { return type(command).wait() == 0; })) << command;
      continue;
    }
    Program& program = type(command);
    if (goes_on(command)) {
      going.push_back(&program);
      wait_for_access_file(command);
    } else {
      // The machine has one port of that number: the run before must be over.
      if (command.starts_with("rollcall keys ") || command.starts_with("cp ")) {
        for (Program* before : going) EXPECT_EQ(before->wait(), 0) << before->story();
      }
      EXPECT_EQ(program.wait(), is_a_crash(command) ? 128 + SIGKILL : 0) << program.story();
    }
  }
  for (Program* program : going) EXPECT_EQ(program->wait(), 0) << program->story();
}

INSTANTIATE_TEST_SUITE_P(Pages, HowTo,
                         testing::Values("two-machines.md", "ssh.md", "firewall.md",
                                         "rotating-keys.md", "drain-and-scale.md",
                                         "survive-crashes.md", "from-parallel-and-xargs.md"));

}  // namespace
}  // namespace rollcall::integration
