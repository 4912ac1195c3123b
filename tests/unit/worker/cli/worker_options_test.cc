#include "worker/options.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/os/processors.h"
#include "tests/support/command_line_fixture.h"

namespace rollcall::worker {
namespace {

using namespace std::chrono_literals;

Invocation start(std::vector<std::string> arguments,
                 std::map<std::string, std::string> environment = {}) {
  return cli::Start{std::move(arguments), std::move(environment)}(parse_command_line);
}

WorkerOptions options(std::vector<std::string> arguments,
                      std::map<std::string, std::string> environment = {}) {
  const Invocation invocation = start(std::move(arguments), std::move(environment));
  EXPECT_EQ(cli::shown(invocation), "run");
  const auto* parsed = std::get_if<WorkerOptions>(&invocation);
  return parsed == nullptr ? WorkerOptions{} : *parsed;
}

std::string fault(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--access-file", "a"});
  return cli::shown(start(std::move(arguments)));
}

TEST(WorkerOptions, HaveDefaults) {
  const WorkerOptions parsed = options({"--access-file", "-"});
  EXPECT_EQ(parsed.access_file, "-");
  EXPECT_EQ(parsed.connect, "");
  EXPECT_EQ(parsed.slots, 0U);
  EXPECT_EQ(parsed.connect_timeout, 60s);
  EXPECT_EQ(parsed.log_level, "info");
  EXPECT_EQ(parsed.parent_pid, std::nullopt);
}

TEST(WorkerOptions, AreParsed) {
  const WorkerOptions parsed =
      options({"--access-file", "a", "--connect", "node1:5555", "-j", "4", "--name", "left",
               "--connect-timeout", "2m", "--log-level", "warn", "--log-format", "json",
               "--log-file", "l", "--parent-pid", "42"});
  EXPECT_EQ(parsed.connect, "tcp://node1:5555");
  EXPECT_EQ(parsed.slots, 4U);
  EXPECT_EQ(parsed.name, "left");
  EXPECT_EQ(parsed.connect_timeout, 2min);
  EXPECT_EQ(parsed.log_level, "warn");
  EXPECT_EQ(parsed.log_format, LogFormat::json);
  EXPECT_EQ(parsed.log_file, "l");
  EXPECT_EQ(parsed.parent_pid, 42U);
}

TEST(WorkerOptions, MakeSlotsRelativeToTheProcessors) {
  const std::uint32_t processors = os::processors();
  const auto slots = [](const std::string& text) {
    return options({"--access-file", "a", "-j", text}).slots;
  };
  EXPECT_EQ(slots("300%"), 3 * processors);
  EXPECT_EQ(slots("+2"), processors + 2);
  EXPECT_EQ(slots("-1"), std::max(processors, 2U) - 1);
  EXPECT_EQ(options({"--access-file", "a", "--slots=-100000"}).slots, 1U);
  EXPECT_EQ(fault({"-j", "2x"}),
            "2: rollcall-worker: --slots \"2x\": expected a whole number from 1 to 1000000000, a "
            "share of the processors such as 200%, or +N or -N processors\n");
}

TEST(WorkerOptions, RequireAnAccessFile) {
  EXPECT_EQ(cli::shown(start({"--connect", "node1:5555"})),
            "2: rollcall-worker: --access-file is missing: expected the file that the coordinator "
            "wrote for its workers, or - for standard input\n");
  EXPECT_EQ(options({}, {{"ROLLCALL_ACCESS_FILE", "a"}}).access_file, "a");
}

TEST(WorkerOptions, ErrorsStateWhatIsExpected) {
  EXPECT_EQ(fault({"--connect", "*:5555"}),
            "2: rollcall-worker: --connect \"*:5555\": expected tcp://HOST:PORT, HOST:PORT or "
            "ipc://PATH\n");
  EXPECT_EQ(fault({"--slots", "0"}),
            "2: rollcall-worker: --slots \"0\": expected a whole number from 1 to 1000000000, a "
            "share of the processors such as 200%, or +N or -N processors\n");
  EXPECT_EQ(fault({"--name", std::string(256, 'n')}),
            "2: rollcall-worker: --name \"" + std::string(100, 'n') +
                "...\": expected a name of 1 to 255 bytes\n");
  EXPECT_EQ(fault({"--slot", "3"}),
            "2: rollcall-worker: unknown option \"--slot\": did you mean --slots?\n");
  EXPECT_EQ(fault({"--parent-pi", "3"}),
            "2: rollcall-worker: unknown option \"--parent-pi\": expected one that "
            "rollcall-worker --help-all lists\n");
  EXPECT_EQ(cli::shown(start({"--access-file", "a"}, {{"ROLLCALL_LOG_LEVEL", "loud"}})),
            "2: rollcall-worker: ROLLCALL_LOG_LEVEL \"loud\": expected trace, debug, info, warn, "
            "error or off\n");
}

TEST(WorkerOptions, AcceptAddressesForHealthChecks) {
  for (const char* address : {"127.0.0.1:8080", "*:8080", "[::1]:0", "localhost:*"}) {
    EXPECT_EQ(cli::shown(start({"--access-file", "a", "--http", address})), "run") << address;
  }
  for (const char* address : {"8080", ":8080", "host", "host:65536", "http://host:1", "::1:80"}) {
    EXPECT_EQ(fault({"--http", address}),
              "2: rollcall-worker: --http \"" + std::string(address) +
                  "\": expected HOST:PORT, such as 127.0.0.1:8080 or *:8080\n");
  }
}

TEST(WorkerOptions, AnswerWithoutAnAccessFile) {
  WorkerOptions unused;
  const cli::CommandSpec command = worker_command(unused);
  EXPECT_EQ(cli::shown(start({"--help"})), "0: " + cli::help_text(command));
  EXPECT_EQ(cli::shown(start({"--help-all"})), "0: " + cli::help_all_text(command));
  EXPECT_EQ(cli::shown(start({"--version"})), "0: " + cli::version_text("rollcall-worker"));
}

TEST(WorkerReference, HasEveryOption) {
  WorkerOptions unused;
  cli::expect_all_options(worker_command(unused),
                          cli::repository_text("docs/reference/options.md"));
}

TEST(WorkerHelp, FitsOnOneScreen) {
  WorkerOptions unused;
  const std::string help = cli::help_text(worker_command(unused));
  EXPECT_LE(cli::lines_of(help).size(), 24U);
  EXPECT_LE(cli::longest_line(help), 80U);
  const std::string all = cli::help_all_text(worker_command(unused));
  EXPECT_LE(cli::longest_line(all), 80U);
  EXPECT_EQ(all.find("--parent-pid"), std::string::npos);
  cli::expect_all_options(worker_command(unused), all);
}

class WorkerDocs : public testing::TestWithParam<const char*> {};

TEST_P(WorkerDocs, HaveEveryOptionAndNoOther) {
  WorkerOptions unused;
  const cli::CommandSpec command = worker_command(unused);
  const std::string text = cli::repository_text(GetParam());
  cli::expect_all_options(command, text);
  const std::set<std::string> known = cli::visible_options(command);
  for (const std::string& name : cli::options_in(text)) EXPECT_EQ(known.count(name), 1U) << name;
}

INSTANTIATE_TEST_SUITE_P(All, WorkerDocs,
                         testing::Values("docs/man/rollcall-worker.1",
                                         "deploy/completions/bash/rollcall-worker",
                                         "deploy/completions/zsh/_rollcall-worker",
                                         "deploy/completions/fish/rollcall-worker.fish"));

}  // namespace
}  // namespace rollcall::worker
