// Types the commands of a documentation page, as a reader would. All machines are this one.
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

/// The ```sh blocks of a page. Each is typed into one terminal; continued lines are joined.
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
    fake("ssh", "while getopts R: option; do :; done\nshift $OPTIND\nexec \"$@\"");
    fake("scp", "test -s \"$1\"");
  }

  /// Runs the blocks in their order; every one must succeed.
  void run(const std::vector<std::string>& blocks) {
    for (const std::string& block : blocks) {
      if (begins_a_run(block)) end_all();
      if (is_a_question(block)) {
        EXPECT_TRUE(wait_until([&] { return type(block).wait() == 0; })) << block;
      } else if (goes_on(block)) {
        going_.push_back(&type(block));
        wait_for_access_file(block);
      } else {
        Program& program = type(block);
        EXPECT_EQ(program.wait(kPatience), is_a_crash(block) ? 128 + SIGKILL : 0)
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
  /// The page moves on to another run, or to other keys; the run before it must have ended.
  static bool begins_a_run(const std::string& block) {
    return matches(block, R"(\brollcall (sleep|exec|resume|keys) )");
  }
  /// A worker, or a run that others can join, goes on while the reader types in other terminals.
  static bool goes_on(const std::string& block) {
    return matches(block, R"(rollcall-worker |\brollcall (sleep|exec) .*--(access-file|keys) )");
  }
  /// The reader repeats it until the run, or the worker that it names, exists.
  static bool is_a_question(const std::string& block) {
    return matches(block, "^rollcall (status|drain) ");
  }
  static bool is_a_crash(const std::string& block) {
    return block.starts_with("timeout --signal KILL ");
  }

  void fake(const std::string& name, const std::string& body) const {
    const std::string path = file("fake/" + name);
    std::ofstream(path) << "#!/bin/sh\n" << body << '\n';
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  Program& type(const std::string& block) {
    const std::string path =
        file("fake") + ":" + programs_directory().string() + ":" + std::getenv("PATH");
    const std::string here = std::regex_replace(block, std::regex("\\balpha\\b"), "127.0.0.1");
    return start({"/bin/sh", {"-ec", "cd " + file("") + "\n" + here}, {{"PATH", path}}, {}, {}});
  }
  /// The next block may need it.
  void wait_for_access_file(const std::string& block) {
    std::smatch found;
    const std::regex option(R"(\brollcall (?:sleep|exec) .*--access-file (\S+))");
    if (!std::regex_search(block, found, option)) return;
    EXPECT_TRUE(wait_for_file(found[1])) << block;
  }
  void end_all() {
    for (Program* program : going_) EXPECT_EQ(program->wait(kPatience), 0) << program->story();
    going_.clear();
  }

  std::vector<Program*> going_;
};

}  // namespace rollcall::integration
