// The command line of `rollcall noop`.
#include "coordinator/cli/noop_options.h"

#include <gtest/gtest.h>

#include "tests/support/command_line_fixture.h"

namespace rollcall::coordinator {
namespace {

ParsedOptions<NoopOptions> noop(const std::vector<std::string>& arguments) {
  return parse_noop(arguments, [](const char*) { return nullptr; });
}

TEST(NoopOptions, HaveANumberOfTasks) {
  const auto plain = noop({});
  ASSERT_TRUE(std::holds_alternative<NoopOptions>(plain));
  EXPECT_EQ(std::get<NoopOptions>(plain).task_count, 1'000'000U);
  const auto given = noop({"-n", "7", "--workers", "3", "--output", "json"});
  ASSERT_TRUE(std::holds_alternative<NoopOptions>(given));
  EXPECT_EQ(std::get<NoopOptions>(given).task_count, 7U);
  EXPECT_EQ(std::get<NoopOptions>(given).workers, 3U);
  EXPECT_EQ(std::get<NoopOptions>(given).output, OutputFormat::json);
}

TEST(NoopOptions, HaveNoPauses) {
  EXPECT_NE(cli::shown(noop({"--pause", "1"})).find("unknown option \"--pause\""),
            std::string::npos);
}

TEST(NoopHelp, FitsOnOneScreen) {
  NoopOptions unused;
  const cli::CommandSpec command = noop_command(unused);
  EXPECT_LE(cli::lines_of(cli::help_text(command)).size(), 24U);
  EXPECT_LE(cli::longest_line(cli::help_all_text(command)), 80U);
  cli::expect_all_options(command, cli::repository_text("docs/man/rollcall.1"));
}

}  // namespace
}  // namespace rollcall::coordinator
