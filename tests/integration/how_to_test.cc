// The commands in docs/how-to work as written.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/pages.h"

namespace rollcall::integration {
namespace {

class HowTo : public PageTest, public testing::WithParamInterface<const char*> {};

TEST_P(HowTo, CommandsRun) {
  const auto page = std::filesystem::path(ROLLCALL_ROOT) / "docs/how-to" / GetParam();
  const std::vector<std::string> blocks = blocks_of(contents_of(page));
  ASSERT_FALSE(blocks.empty()) << page << " shows no command in a ```sh block";
  run(blocks);
}

// slurm.md and kubernetes.md need a cluster; the tests `slurm` and `kubernetes` cover them.
INSTANTIATE_TEST_SUITE_P(Pages, HowTo,
                         testing::Values("two-machines.md", "ssh.md", "firewall.md",
                                         "rotating-keys.md", "drain-and-scale.md",
                                         "survive-crashes.md", "from-parallel-and-xargs.md",
                                         "streams.md"));

}  // namespace
}  // namespace rollcall::integration
