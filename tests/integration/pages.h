// Runs the commands of a documentation page, as a reader would. This host plays all machines.
#pragma once

#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {

/// The ```sh blocks of a page, with continued lines joined. Each belongs in its own terminal.
inline std::vector<std::string> blocks_of(const std::string& page) {
  std::vector<std::string> blocks;
  bool in_block = false;
  for (const std::string& line : lines_of(page)) {
    if (line.starts_with("```")) {
      in_block = !in_block && line == "```sh";
      if (in_block) blocks.emplace_back();
    } else if (in_block) {
      blocks.back() += line + '\n';
    }
  }
  for (std::string& block : blocks) {
    block = std::regex_replace(block, std::regex(R"(\\\n\s*)"), "");
  }
  return blocks;
}

class PageTest : public ProgramsTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(file("fake"));
    std::filesystem::create_directory(file("runtime"));
    fake("ssh", "while getopts R: option; do :; done\nshift $OPTIND\nexec \"$@\"");
    fake("scp", "test -s \"$1\"");
  }

  /// Runs the blocks in order. Each must succeed.
  void run(const std::vector<std::string>& blocks) {
    for (const std::string& block : blocks) {
      if (starts_a_run(block)) end_all();
      if (is_repeated(block)) {
        EXPECT_TRUE(wait_until([&] { return start_block(block).wait() == 0; })) << block;
      } else if (runs_in_background(block)) {
        background_.push_back(&start_block(block));
        wait_for_access_file(block);
      } else {
        Program& program = start_block(block);
        EXPECT_EQ(program.wait(kPatience), kills_itself(block) ? 128 + SIGKILL : 0)
            << program.story();
      }
    }
    end_all();
  }

 private:
  static constexpr std::chrono::minutes kPatience{3};

  static bool matches(const std::string& block, const char* regex) {
    return std::regex_search(block, std::regex(regex));
  }
  /// The block starts another run or makes other keys, so the previous run must have ended.
  static bool starts_a_run(const std::string& block) {
    return matches(block, R"(\brollcall (sleep|exec|resume|keys) )");
  }
  /// The block starts a worker, or a run that workers can join: it continues in its terminal while
  /// the reader goes on in others.
  static bool runs_in_background(const std::string& block) {
    return matches(block, R"(rollcall-worker |\brollcall (sleep|exec) .*--(access-file|keys) )");
  }
  /// The reader repeats this command until the run, or the worker that it names, exists.
  static bool is_repeated(const std::string& block) {
    return matches(block, "^rollcall (status|drain) ");
  }
  static bool kills_itself(const std::string& block) {
    return block.starts_with("timeout --signal KILL ");
  }

  void fake(const std::string& name, const std::string& body) const {
    const std::string path = file("fake/" + name);
    std::ofstream(path) << "#!/bin/sh\n" << body << '\n';
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  Program& start_block(const std::string& block) {
    const std::string path =
        file("fake") + ":" + programs_directory().string() + ":" + std::getenv("PATH");
    const std::string here = std::regex_replace(block, std::regex("\\balpha\\b"), "127.0.0.1");
    // `rollcall status` finds the page's runs alone.
    const Environment environment{{"PATH", path}, {"XDG_RUNTIME_DIR", file("runtime")}};
    return start({"/bin/sh", {"-ec", "cd " + file("") + "\n" + here}, environment, {}, {}});
  }
  /// Waits for the access file of the run in `block`, because the next block may need it.
  void wait_for_access_file(const std::string& block) {
    std::smatch found;
    const std::regex option(R"(\brollcall (?:sleep|exec) .*--access-file (\S+))");
    if (!std::regex_search(block, found, option)) return;
    EXPECT_TRUE(wait_for_file(found[1])) << block;
  }
  void end_all() {
    for (Program* program : background_) EXPECT_EQ(program->wait(kPatience), 0) << program->story();
    background_.clear();
  }

  std::vector<Program*> background_;
};

}  // namespace rollcall::integration
