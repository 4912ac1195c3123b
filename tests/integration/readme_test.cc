// The commands of README.md do what it says: each `$ script/run ...` and `$ rollcall ...` line of
// its console blocks is run with the programs that were just built.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

const std::filesystem::path kReadme = std::filesystem::path(ROLLCALL_ROOT) / "README.md";

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

/// The command with the built program in place of script/run; empty if it is none of ours.
std::string runnable(const std::string& command) {
  const std::string script = "script/run ";
  if (command.starts_with(script)) return "rollcall " + command.substr(script.size());
  return command.starts_with("rollcall ") || command.starts_with("rollcall-worker ") ? command : "";
}

class Readme : public ProgramsTest {};

TEST_F(Readme, ItsCommandsRun) {
  if (!std::filesystem::exists(kReadme)) GTEST_SKIP() << "there is no README.md";
  const std::string path = programs_directory().string() + ":" + std::getenv("PATH");
  // All at once: they mostly sleep, and a worker finds the run that the line before it started.
  std::vector<Program*> programs;
  for (const std::string& command : commands_of(contents_of(kReadme))) {
    if (runnable(command).empty()) continue;
    programs.push_back(&start({"/bin/sh", {"-c", runnable(command)}, {{"PATH", path}}, {}, {}}));
  }
  EXPECT_FALSE(programs.empty()) << "README.md shows no command in a ```console block";
  for (Program* program : programs) {
    EXPECT_EQ(program->wait(std::chrono::minutes(3)), 0) << program->story();
  }
}

}  // namespace
}  // namespace rollcall::integration
