#include <gtest/gtest.h>

#include "common/cli/own_variables.h"
#include "coordinator/cli/control_options.h"
#include "coordinator/cli/exec_options.h"
#include "coordinator/cli/journal_options.h"
#include "coordinator/cli/keys_options.h"
#include "coordinator/cli/sleep_options.h"
#include "coordinator/commands/command_line.h"
#include "tests/support/command_line_fixture.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using cli::Start;

Invocation start(std::vector<std::string> arguments,
                 std::map<std::string, std::string> environment = {}) {
  return Start{std::move(arguments), std::move(environment)}(parse_command_line);
}

ParsedOptions<SleepOptions> sleep(const std::vector<std::string>& arguments,
                                  const std::map<std::string, std::string>& environment = {}) {
  return parse_sleep(arguments, [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

SleepOptions options(std::vector<std::string> arguments,
                     std::map<std::string, std::string> environment = {}) {
  const auto invocation = sleep(arguments, environment);
  EXPECT_EQ(cli::shown(invocation), "run");
  const auto* parsed = std::get_if<SleepOptions>(&invocation);
  return parsed == nullptr ? SleepOptions{} : *parsed;
}

/// The error line less "rollcall sleep: "; else what happened instead.
std::string fault(std::vector<std::string> arguments,
                  std::map<std::string, std::string> environment = {}) {
  const std::string prefix = "2: rollcall sleep: ";
  const std::string shown = cli::shown(sleep(std::move(arguments), std::move(environment)));
  const bool is_one_line = shown.find('\n') + 1 == shown.size();
  if (!shown.starts_with(prefix) || !is_one_line) return "not an error line: " + shown;
  return shown.substr(prefix.size(), shown.size() - prefix.size() - 1);
}

TEST(SleepOptions, HaveDefaults) {
  const SleepOptions parsed = options({});
  EXPECT_EQ(parsed.task_count, 5U);
  EXPECT_EQ(parsed.pause_min, 1s);
  EXPECT_EQ(parsed.pause_max, 10s);
  EXPECT_EQ(parsed.seed, std::nullopt);
  EXPECT_EQ(parsed.workers, std::nullopt);
  EXPECT_EQ(parsed.slots, 0U);
  EXPECT_EQ(parsed.prefetch, std::nullopt);
  EXPECT_EQ(parsed.bind, "");
  EXPECT_EQ(parsed.join_timeout, 30s);
  EXPECT_EQ(parsed.heartbeat_interval, 1s);
  EXPECT_EQ(parsed.liveness, 10s);
  EXPECT_EQ(parsed.worker_restarts, 5U);
  EXPECT_EQ(parsed.max_losses, 5U);
  EXPECT_EQ(parsed.method, CollectionMethod::gather);
  EXPECT_EQ(parsed.output, OutputFormat::text);
  EXPECT_FALSE(parsed.insecure);
}

TEST(SleepOptions, DescribeTheTasks) {
  const SleepOptions parsed =
      options({"--task-count", "0", "--pause-min=20ms", "--pause-max", "1.5s", "--seed",
               "9007199254740991", "--collection-method", "wait", "--wait-timeout", "2m"});
  EXPECT_EQ(parsed.task_count, 0U);
  EXPECT_EQ(parsed.pause_min, 20ms);
  EXPECT_EQ(parsed.pause_max, 1500ms);
  EXPECT_EQ(parsed.seed, 9007199254740991U);
  EXPECT_EQ(parsed.method, CollectionMethod::wait);
  EXPECT_EQ(parsed.wait_timeout, Duration(2min));
}

TEST(SleepOptions, DescribeTheWorkers) {
  const SleepOptions parsed = options({"--workers",
                                       "3",
                                       "--slots",
                                       "8",
                                       "--prefetch",
                                       "0",
                                       "--worker-restarts",
                                       "unlimited",
                                       "--max-losses",
                                       "2",
                                       "--run-timeout",
                                       "90s",
                                       "--name",
                                       "nightly \u00fc",
                                       "--on-end",
                                       "cat > run.json",
                                       "--bind",
                                       "*:5555",
                                       "--advertise",
                                       "node1:5555",
                                       "--access-file",
                                       "a",
                                       "--wait-for-workers",
                                       "4",
                                       "--join-timeout",
                                       "1",
                                       "--heartbeat-interval",
                                       "100ms",
                                       "--liveness",
                                       "300ms"});
  EXPECT_EQ(parsed.workers, 3U);
  EXPECT_EQ(parsed.slots, 8U);
  EXPECT_EQ(parsed.prefetch, 0U);
  EXPECT_EQ(parsed.worker_restarts, std::nullopt);
  EXPECT_EQ(parsed.max_losses, 2U);
  EXPECT_EQ(parsed.run_timeout, 90s);
  EXPECT_EQ(parsed.on_end, "cat > run.json");
  EXPECT_EQ(parsed.name, "nightly \u00fc");
  EXPECT_EQ(parsed.bind, "tcp://*:5555");
  EXPECT_EQ(parsed.advertise, "node1:5555");
  EXPECT_EQ(parsed.access_file, "a");
  EXPECT_EQ(parsed.wait_for_workers, 4U);
  EXPECT_EQ(parsed.join_timeout, 1s);
  EXPECT_EQ(parsed.heartbeat_interval, 100ms);
  EXPECT_EQ(parsed.liveness, 300ms);
}

TEST(SleepOptions, DescribeTheOutput) {
  const SleepOptions parsed =
      options({"--output", "jsonl", "--results", "r.csv", "--task-lines", "never", "--progress",
               "plain", "--summary", "short", "--quiet", "--log-level", "debug", "--log-format",
               "json", "--log-file", "l", "--insecure"});
  EXPECT_EQ(parsed.output, OutputFormat::jsonl);
  EXPECT_EQ(parsed.results_file, "r.csv");
  EXPECT_EQ(parsed.task_lines, TaskLines::never);
  EXPECT_EQ(parsed.progress, ProgressStyle::plain);
  EXPECT_EQ(parsed.summary, SummaryStyle::one_line);
  EXPECT_TRUE(parsed.quiet);
  EXPECT_EQ(parsed.log_level, "debug");
  EXPECT_EQ(parsed.log_format, LogFormat::json);
  EXPECT_EQ(parsed.log_file, "l");
  EXPECT_TRUE(parsed.insecure);
}

TEST(SleepOptions, HaveShortForms) {
  const SleepOptions parsed = options({"-n7", "-w", "2", "-qj3", "-o", "r.jsonl"});
  EXPECT_EQ(parsed.task_count, 7U);
  EXPECT_EQ(parsed.workers, 2U);
  EXPECT_EQ(parsed.slots, 3U);
  EXPECT_TRUE(parsed.quiet);
  EXPECT_EQ(parsed.results_file, "r.jsonl");
}

TEST(SleepOptions, UseTheLastOfTwoValues) {
  EXPECT_EQ(options({"-n", "1", "--task-count", "2"}).task_count, 2U);
}

TEST(SleepOptions, RejectMalformedCounts) {
  for (const char* text : {"-1", "+1", "1.0", "0x10", "1e3", "ten", " 5", "1000000001",
                           "18446744073709551617", "1,000"}) {
    EXPECT_EQ(
        fault({"--task-count", text}),
        "--task-count \"" + std::string(text) + "\": expected a whole number from 0 to 1000000000");
  }
  EXPECT_EQ(options({"-n", "1000000000"}).task_count, 1'000'000'000U);
  EXPECT_EQ(
      fault({"--slots", "0"}),
      "--slots \"0\": expected a whole number from 1 to 1000000000, a share of the processors "
      "such as 200%, or +N or -N processors");
  EXPECT_EQ(fault({"--seed", "9007199254740992"}),
            "--seed \"9007199254740992\": expected a whole number from 0 to 9007199254740991");
  EXPECT_EQ(fault({"--worker-restarts", "ever"}),
            "--worker-restarts \"ever\": expected a whole number from 0 to 1000000, or unlimited");
  EXPECT_EQ(fault({"--wait-for-workers", "0"}),
            "--wait-for-workers \"0\": expected a whole number from 1 to 1000000");
  EXPECT_EQ(fault({"--max-losses", "0"}),
            "--max-losses \"0\": expected a whole number from 1 to 65535");
}

TEST(SleepOptions, RejectMalformedTimes) {
  EXPECT_EQ(fault({"--pause-min", "-1"}),
            "--pause-min \"-1\": expected a time of 0 or more, such as 500ms, 1.5s or 2m (a bare "
            "number: seconds)");
  EXPECT_EQ(fault({"--join-timeout", "367d"}),
            "--join-timeout \"367d\": expected a time of 0 or more, such as 500ms, 1.5s or 2m (a "
            "bare number: seconds)");
  EXPECT_EQ(fault({"--pause", "9000h"}), "--pause \"9000h\": expected a time of at most 8784h");
  EXPECT_EQ(fault({"--heartbeat-interval", "0"}),
            "--heartbeat-interval \"0\": expected a time of at least 1ms");
}

TEST(SleepOptions, RejectUnknownChoices) {
  EXPECT_EQ(fault({"--collection-method", "all"}),
            "--collection-method \"all\": expected gather, as-complete, wait or cancelled");
  EXPECT_EQ(fault({"--output", "xml"}), "--output \"xml\": expected text, json or jsonl");
  EXPECT_EQ(fault({"--task-lines", ""}), "--task-lines \"\": expected auto, always or never");
  EXPECT_EQ(fault({"--progress", "Bar"}), "--progress \"Bar\": expected auto, bar, plain or none");
  EXPECT_EQ(fault({"--log-level", "loud"}),
            "--log-level \"loud\": expected trace, debug, info, warn, error or off");
}

TEST(SleepOptions, RejectMalformedFilesAndEndpoints) {
  EXPECT_EQ(fault({"-o", "r.txt"}),
            "--results \"r.txt\": expected a file name that ends in .csv or .jsonl");
  EXPECT_EQ(fault({"--bind", "5555"}),
            "--bind \"5555\": expected tcp://HOST:PORT (* for any, N-M), HOST:PORT or ipc://PATH");
  EXPECT_EQ(fault({"--advertise", "tcp://h:1"}),
            "--advertise \"tcp://h:1\": expected HOST or HOST:PORT, such as node1 or "
            "[fd00::1]:5555");
}

TEST(SleepOptions, AcceptOnePauseOrARange) {
  EXPECT_EQ(options({"--pause", "0"}).pause_max, 0s);
  EXPECT_EQ(options({"--pause", "20"}).pause_min, 20s);
  EXPECT_EQ(fault({"--pause", "2", "--pause-max", "3"}),
            "--pause \"2\": cannot be combined with --pause-min or --pause-max");
  EXPECT_EQ(fault({"--pause-min", "2", "--pause", "2"}),
            "--pause \"2\": cannot be combined with --pause-min or --pause-max");
  EXPECT_EQ(fault({"--pause-min", "20"}),
            "--pause-min \"20\": expected at most --pause-max, which is 10s");
  EXPECT_EQ(fault({"--pause-max", "500ms"}),
            "--pause-max \"500ms\": expected at least --pause-min, which is 1s");
  EXPECT_EQ(options({"--pause-min", "3", "--pause-max", "3"}).pause_min, 3s);
}

TEST(SleepOptions, RequireALivenessOfThreeHeartbeats) {
  EXPECT_EQ(fault({"--liveness", "2999ms"}),
            "--liveness \"2999ms\": expected at least 3 heartbeat intervals, which is 3s");
  EXPECT_EQ(fault({"--heartbeat-interval", "5", "--liveness", "10"}),
            "--liveness \"10\": expected at least 3 heartbeat intervals, which is 15s");
  EXPECT_EQ(options({"--heartbeat-interval", "5"}).liveness, 15s);
  EXPECT_EQ(options({"--heartbeat-interval", "2"}).liveness, 10s);
}

TEST(SleepOptions, AreRejectedIfTheyCannotBeCombined) {
  EXPECT_EQ(fault({"--wait-timeout", "5"}),
            "--wait-timeout \"5\": requires --collection-method wait");
  EXPECT_EQ(fault({"--workers", "0"}),
            "--workers \"0\": requires --access-file or --keys, with which other workers join");
  EXPECT_EQ(options({"--workers", "0", "--access-file", "a"}).workers, 0U);
  EXPECT_EQ(options({"--workers", "0"}, {{"ROLLCALL_ACCESS_FILE", "a"}}).workers, 0U);
  EXPECT_EQ(options({"--workers", "0", "--keys", "k"}).workers, 0U);
  EXPECT_EQ(fault({"--keys", "k", "--insecure"}),
            "--keys \"k\": cannot be combined with --insecure");
}

TEST(SleepOptions, AreInsecureOnLoopbackOnly) {
  EXPECT_EQ(fault({"--insecure", "--bind", "*:5555"}),
            "--bind \"*:5555\": expected a loopback endpoint with --insecure, such as "
            "tcp://127.0.0.1:*");
  for (const char* endpoint : {"127.0.0.1:5", "localhost:5", "[::1]:5", "ipc:///tmp/s"}) {
    EXPECT_TRUE(options({"--insecure", "--bind", endpoint}).insecure) << endpoint;
  }
}

TEST(SleepOptions, SuggestSimilarNames) {
  EXPECT_EQ(fault({"--task-cout", "5"}),
            "unknown option \"--task-cout\": did you mean --task-count?");
  EXPECT_EQ(fault({"--colection-method=wait"}),
            "unknown option \"--colection-method\": did you mean --collection-method?");
  EXPECT_EQ(fault({"--verbose"}),
            "unknown option \"--verbose\": expected one that rollcall sleep --help-all lists");
  EXPECT_EQ(fault({"-x", "3"}),
            "unknown option \"-x\": expected one that rollcall sleep --help-all lists");
  EXPECT_EQ(fault({"5"}), "unexpected argument \"5\": see rollcall sleep --help");
  EXPECT_EQ(fault({"--", "-n"}),
            "unknown option \"-n\": expected one that rollcall sleep --help-all lists");
}

TEST(SleepOptions, NameTheOptionWithoutAValue) {
  EXPECT_EQ(fault({"-n"}),
            "--task-count needs a value: expected a whole number from 0 to 1000000000");
  EXPECT_EQ(fault({"--access-file"}), "--access-file needs a value: expected a file name");
  EXPECT_EQ(fault({"--log-format", "xml"}), "--log-format \"xml\": expected text or json");
  EXPECT_EQ(fault({"--log-file="}), "--log-file needs a value: expected a file name");
  EXPECT_EQ(fault({"--seed", "--quiet"}),
            "--seed \"--quiet\": expected a whole number from 0 to 9007199254740991");
  EXPECT_EQ(fault({"--quiet=yes"}), "--quiet takes no value");
}

TEST(SleepOptions, ReportErrorsOnOneLine) {
  EXPECT_EQ(fault({"--seed", "1\n2"}),
            "--seed \"1\\x0a2\": expected a whole number from 0 to 9007199254740991");
  EXPECT_EQ(fault({"--se\ned"}), "unknown option \"--se\\x0aed\": did you mean --seed?");
}

TEST(SleepEnvironment, SetsFiveOptions) {
  const SleepOptions parsed = options({}, {{"ROLLCALL_ACCESS_FILE", "a"},
                                           {"ROLLCALL_LOG_LEVEL", "info"},
                                           {"ROLLCALL_LOG_FORMAT", "json"},
                                           {"ROLLCALL_PROGRESS", "none"},
                                           {"ROLLCALL_OUTPUT", "json"},
                                           {"ROLLCALL_TASK_COUNT", "9"}});
  EXPECT_EQ(parsed.access_file, "a");
  EXPECT_EQ(parsed.log_level, "info");
  EXPECT_EQ(parsed.log_format, LogFormat::json);
  EXPECT_EQ(parsed.progress, ProgressStyle::none);
  EXPECT_EQ(parsed.output, OutputFormat::json);
  EXPECT_EQ(parsed.task_count, 5U);
}

TEST(SleepEnvironment, IsNotPassedOn) {
  SleepOptions parsed;
  std::size_t variables = 0;
  for (const cli::OptionSpec& option : sleep_command(parsed).options) {
    if (option.environment.empty()) continue;
    ++variables;
    EXPECT_TRUE(cli::is_own_variable(option.environment + "=x")) << option.environment;
  }
  EXPECT_EQ(variables, 5U);
  EXPECT_FALSE(cli::is_own_variable("ROLLCALL_OUTPUTS=x"));
  EXPECT_FALSE(cli::is_own_variable("ROLLCALL_OUTPUT"));
}

TEST(SleepEnvironment, IsOverriddenByTheCommandLine) {
  EXPECT_EQ(options({"--output", "text"}, {{"ROLLCALL_OUTPUT", "xml"}}).output, OutputFormat::text);
  EXPECT_EQ(options({}, {{"ROLLCALL_OUTPUT", ""}}).output, OutputFormat::text);
}

TEST(SleepEnvironment, IsNamedInErrors) {
  EXPECT_EQ(fault({}, {{"ROLLCALL_PROGRESS", "fancy"}}),
            "ROLLCALL_PROGRESS \"fancy\": expected auto, bar, plain or none");
}

TEST(ProgramOptions, NeedACommand) {
  const Invocation none = start({});
  const auto* error = std::get_if<cli::UsageError>(&none);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->text, cli::help_text(program_command()));
  EXPECT_EQ(cli::shown(start({"slep"})),
            "2: rollcall: unknown command \"slep\": did you mean sleep?\n");
  EXPECT_TRUE(std::regex_match(
      cli::shown(start({"dance"})),
      std::regex("2: rollcall: unknown command \"dance\": expected exec, "
                 ".*sleep, status, follow, cancel, pause, unpause, slots, "
                 "drain, report, output, validate, resume, abandon, keys or help\n")));
  EXPECT_EQ(cli::shown(start({"--task-count", "5"})),
            "2: rollcall: unknown option \"--task-count\": expected after a command, rollcall "
            "sleep --task-count\n");
  EXPECT_EQ(cli::shown(start({"--versoin"})),
            "2: rollcall: unknown option \"--versoin\": did you mean --version?\n");
}

TEST(ProgramOptions, IncludeTheVersion) {
  const std::string version = cli::version_text("rollcall");
  EXPECT_TRUE(
      std::regex_match(version, std::regex(R"(rollcall \d+\.\d+\.\d+ \(protocol \d+\)\n)")));
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--version"}, {"-V"}, {"sleep", "--version"}, {"sleep", "-V", "-n", "5"}}) {
    EXPECT_EQ(cli::shown(start(arguments)), "0: " + version);
  }
}

TEST(ProgramOptions, IncludeHelpInEveryForm) {
  SleepOptions unused;
  const std::string help = "0: " + cli::help_text(sleep_command(unused));
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"help", "sleep"},
                                             {"sleep", "--help"},
                                             {"sleep", "-h"},
                                             {"sleep", "--pause", "foo", "--bogus", "-h"}}) {
    EXPECT_EQ(cli::shown(start(arguments)), help);
  }
  const std::string program = "0: " + cli::help_text(program_command());
  EXPECT_EQ(cli::shown(start({"--help"})), program);
  EXPECT_EQ(cli::shown(start({"help"})), program);
  EXPECT_EQ(cli::shown(start({"help", "slep"})),
            "2: rollcall: unknown command \"slep\": did you mean sleep?\n");
}

TEST(SleepHelp, IsTenOptionsOnOneScreen) {
  SleepOptions unused;
  const cli::CommandSpec command = sleep_command(unused);
  const std::string help = cli::help_text(command);
  EXPECT_LE(cli::lines_of(help).size(), 24U);
  EXPECT_LE(cli::longest_line(help), 80U);
  const auto listed = std::count_if(command.options.begin(), command.options.end(),
                                    [](const auto& o) { return o.shown == cli::Shown::in_help; });
  EXPECT_EQ(listed, 10);
  EXPECT_LE(cli::longest_line(cli::help_all_text(command)), 80U);
}

class SleepDocs : public testing::TestWithParam<const char*> {};

TEST_P(SleepDocs, HaveEveryOptionAndNoOther) {
  SleepOptions unused;
  const cli::CommandSpec command = sleep_command(unused);
  const std::string text = cli::repository_text(GetParam());
  cli::expect_all_options(command, text);
  KeysOptions keys;
  cli::expect_all_options(keys_command(keys), text);
  ReportOptions report;
  cli::expect_all_options(report_command(report), text);
  ResumeOptions resume;
  cli::expect_all_options(resume_command(resume), text);
  StatusOptions status;
  DrainOptions drain;
  cli::expect_all_options(status_command(status), text);
  cli::expect_all_options(drain_command(drain), text);
  CancelOptions cancel;
  cli::expect_all_options(cancel_command(cancel), text);
  FollowOptions follow;
  cli::expect_all_options(follow_command(follow), text);
  SlotsOptions slots;
  cli::expect_all_options(slots_command(slots), text);
  ResumeOptions abandon;
  cli::expect_all_options(abandon_command(abandon), text);
  std::set<std::string> known = cli::visible_options(command);
  known.merge(cli::visible_options(keys_command(keys)));
  ExecOptions exec;
  known.merge(cli::visible_options(exec_command(exec)));
  known.merge(cli::visible_options(report_command(report)));
  known.merge(cli::visible_options(resume_command(resume)));
  known.merge(cli::visible_options(status_command(status)));
  known.merge(cli::visible_options(drain_command(drain)));
  if (std::string(GetParam()).ends_with(".md")) {  // has both programs, and examples
    known.insert({"--option", "--task-cout", "--connect", "--connect-timeout", "--name",
                  "--idle-timeout", "--only"});
  }
  for (const std::string& name : cli::options_in(text)) EXPECT_EQ(known.count(name), 1U) << name;
}

INSTANTIATE_TEST_SUITE_P(All, SleepDocs,
                         testing::Values("docs/man/rollcall.1", "docs/reference/options.md",
                                         "deploy/completions/bash/rollcall",
                                         "deploy/completions/zsh/_rollcall",
                                         "deploy/completions/fish/rollcall.fish"));

TEST(SleepHelpAll, HasEveryOption) {
  SleepOptions unused;
  const cli::CommandSpec command = sleep_command(unused);
  const std::string help = cli::help_all_text(command);
  cli::expect_all_options(command, help);
  for (const cli::OptionSpec& option : command.options) {
    if (option.environment.empty()) continue;
    EXPECT_NE(help.find('[' + option.environment + ']'), std::string::npos) << option.environment;
    EXPECT_NE(cli::repository_text("docs/man/rollcall.1").find(option.environment),
              std::string::npos);
  }
}

}  // namespace
}  // namespace rollcall::coordinator
