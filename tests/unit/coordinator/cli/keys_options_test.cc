// The command line of `rollcall keys`.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "coordinator/commands/command_line.h"
#include "tests/support/command_line_fixture.h"

namespace rollcall::coordinator {
namespace {

Invocation keys(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "keys");
  return cli::Start{std::move(arguments)}(parse_command_line);
}

TEST(KeysOptions, AreADirectoryAndAnEndpoint) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"run-keys", "--endpoint", "alpha:7700"}, {"--endpoint=tcp://alpha:7700", "run-keys"}}) {
    const Invocation invocation = keys(arguments);
    const auto* parsed = std::get_if<KeysOptions>(&invocation);
    ASSERT_NE(parsed, nullptr) << cli::shown(invocation);
    EXPECT_EQ(parsed->directory, "run-keys");
    EXPECT_EQ(parsed->endpoint, "tcp://alpha:7700");
  }
}

TEST(KeysOptions, AreRejectedWithTheExpectedForm) {
  EXPECT_EQ(cli::shown(keys({"--endpoint", "alpha:7700"})),
            "2: rollcall keys: DIR is missing: expected the directory for the keys\n");
  EXPECT_EQ(cli::shown(keys({"k"})),
            "2: rollcall keys: --endpoint is missing: expected the endpoint that workers "
            "connect to, such as tcp://HOST:PORT\n");
  EXPECT_EQ(cli::shown(keys({"k", "--endpoint", "*:7700"})),
            "2: rollcall keys: --endpoint \"*:7700\": expected tcp://HOST:PORT, HOST:PORT or "
            "ipc://PATH\n");
  EXPECT_EQ(cli::shown(keys({"k", "l", "--endpoint", "alpha:7700"})),
            "2: rollcall keys: unexpected argument \"l\": see rollcall keys --help\n");
  EXPECT_EQ(cli::shown(keys({"k", "--endpont", "alpha:7700"})),
            "2: rollcall keys: unknown option \"--endpont\": did you mean --endpoint?\n");
}

TEST(KeysHelp, FitsOnOneScreen) {
  KeysOptions unused;
  const std::string help = cli::help_text(keys_command(unused));
  EXPECT_LE(cli::lines_of(help).size(), 24U);
  EXPECT_LE(cli::longest_line(help), 80U);
  EXPECT_EQ(cli::shown(cli::Start{{"help", "keys"}}(parse_command_line)), "0: " + help);
  EXPECT_EQ(cli::shown(keys({"-h"})), "0: " + help);
}

}  // namespace
}  // namespace rollcall::coordinator
