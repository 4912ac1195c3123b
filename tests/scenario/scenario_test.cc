// Plays each file of tests/scenario/golden and compares the scheduler's actions with those in the
// file. ROLLCALL_REWRITE_GOLDEN=1 rewrites the files instead: read the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/scenario/script.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> golden_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(ROLLCALL_GOLDEN)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

class Scenario : public testing::TestWithParam<fs::path> {};

TEST_P(Scenario, DoesWhatItsFileSays) {
  std::ifstream in(GetParam());
  const std::string golden{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  ASSERT_FALSE(golden.empty());
  const std::string played = play(golden);
  if (std::getenv("ROLLCALL_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(GetParam()) << played;
    return;
  }
  EXPECT_EQ(played, golden);
}

INSTANTIATE_TEST_SUITE_P(Golden, Scenario, testing::ValuesIn(golden_files()),
                         [](const auto& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace rollcall::coordinator
