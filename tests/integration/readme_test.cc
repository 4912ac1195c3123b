// The commands in README.md work as written.
#include <gmock/gmock.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "tests/integration/pages.h"

namespace rollcall::integration {
namespace {

using testing::Contains;
using testing::HasSubstr;

const std::filesystem::path kRoot = ROLLCALL_ROOT;

/// Whether a block tests or installs the source tree. This test is part of script/test, and .ci/run
/// installs.
bool is_for_the_source_tree(const std::string& block) {
  return block == "script/test\n" || block.find("cmake --install build/release") != block.npos;
}

/// Replaces script/run by the program, which is already built here.
std::string without_building(const std::string& block) {
  return std::regex_replace(block, std::regex("^script/run "), "rollcall ");
}

class Readme : public PageTest {};

TEST_F(Readme, CommandsRun) {
  std::vector<std::string> blocks;
  for (const std::string& block : blocks_of(contents_of(kRoot / "README.md"))) {
    if (!is_for_the_source_tree(block)) blocks.push_back(without_building(block));
  }
  ASSERT_FALSE(blocks.empty()) << "README.md shows no command in a ```sh block";
  run(blocks);
}

TEST_F(Readme, ShowsTheTwoScriptsAndBothWaysToInstall) {
  const std::vector<std::string> blocks = blocks_of(contents_of(kRoot / "README.md"));
  EXPECT_THAT(blocks, Contains("script/run sleep --task-count 5\n"));
  EXPECT_THAT(blocks, Contains("script/test\n"));
  EXPECT_THAT(blocks, Contains(HasSubstr("sudo cmake --install build/release\n")));
  EXPECT_THAT(blocks, Contains(HasSubstr("cmake --install build/release --prefix ~/.local\n")));
  EXPECT_TRUE(std::filesystem::exists(kRoot / "script/run"));
  EXPECT_TRUE(std::filesystem::exists(kRoot / "script/test"));
}

}  // namespace
}  // namespace rollcall::integration
