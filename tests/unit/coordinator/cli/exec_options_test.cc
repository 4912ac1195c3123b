// The command line of `rollcall exec`.
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

#include "coordinator/cli/exec_options.h"
#include "coordinator/cli/sleep_options.h"
#include "tests/support/command_line_fixture.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

using Words = std::vector<std::string>;

ParsedOptions<ExecOptions> exec(const Words& arguments) {
  return parse_exec(arguments, [](const char*) { return nullptr; });
}

ExecOptions exec_options(Words arguments, const Words& command = {"true"}) {
  arguments.push_back("--");
  arguments.insert(arguments.end(), command.begin(), command.end());
  const auto invocation = exec(arguments);
  EXPECT_EQ(cli::shown(invocation), "run");
  const auto* parsed = std::get_if<ExecOptions>(&invocation);
  return parsed == nullptr ? ExecOptions{} : *parsed;
}

/// The error line less "rollcall exec: "; else what happened instead.
std::string exec_fault_of(Words arguments) {
  const std::string prefix = "2: rollcall exec: ";
  const std::string shown = cli::shown(exec(std::move(arguments)));
  if (!shown.starts_with(prefix)) return "not an error line: " + shown;
  return shown.substr(prefix.size(), shown.size() - prefix.size() - 1);
}

std::string exec_fault(Words arguments) {
  arguments.insert(arguments.end(), {"--", "true"});
  return exec_fault_of(std::move(arguments));
}

TEST(ExecOptions, HaveDefaults) {
  const ExecOptions parsed = exec_options({});
  EXPECT_EQ(parsed.command, Words{"true"});
  EXPECT_EQ(parsed.workers, std::nullopt);
  EXPECT_EQ(parsed.slots, 0U);
  EXPECT_EQ(parsed.timeout, 0s);
  EXPECT_EQ(parsed.kill_after, 5s);
  EXPECT_EQ(parsed.retries, 0U);
  EXPECT_EQ(parsed.halt, std::nullopt);
  EXPECT_EQ(parsed.max_output, std::nullopt);
  EXPECT_EQ(parsed.spool_dir, "");
  EXPECT_EQ(parsed.spool_size, std::nullopt);
  EXPECT_FALSE(parsed.keep_order || parsed.tag || parsed.dry_run || parsed.shell);
}

TEST(ExecOptions, EndAtTheDashes) {
  const ExecOptions parsed = exec_options({"-k"}, {"gzip", "-9", "--", "--tag", ""});
  EXPECT_EQ(parsed.command, (Words{"gzip", "-9", "--", "--tag", ""}));
  EXPECT_TRUE(parsed.keep_order);
  EXPECT_FALSE(parsed.tag);
}

/// As with xargs, env and ssh.
TEST(ExecOptions, EndAtTheFirstWord) {
  const auto command_of = [](const Words& arguments) {
    const auto parsed = exec(arguments);
    const auto* options = std::get_if<ExecOptions>(&parsed);
    return options == nullptr ? Words{cli::shown(parsed)} : options->command;
  };
  EXPECT_EQ(command_of({"gzip", "-9"}), (Words{"gzip", "-9"}));
  EXPECT_EQ(command_of({"-k", "-j", "2", "-j2", "--range=1-2", "--tag", "gzip", "--tag"}),
            (Words{"gzip", "--tag"}));
  EXPECT_EQ(command_of({"-0kj", "2", "--env", "A=1", "--env", "B=1", "gzip", "--", "x"}),
            (Words{"gzip", "--", "x"}));
  EXPECT_EQ(command_of({"--stdin", "--", "--", "gzip"}), Words{"gzip"});
  EXPECT_EQ(command_of({"-a", "-", "cat"}), Words{"cat"});
  EXPECT_EQ(command_of({"-a-", "cat"}), Words{"cat"});
  EXPECT_EQ(command_of({"--", "-x"}), Words{"-x"});
}

TEST(ExecOptions, NeedACommand) {
  const std::string missing =
      "COMMAND is missing: expected it after the options, as in rollcall exec gzip {}";
  EXPECT_EQ(exec_fault_of({}), missing);
  EXPECT_EQ(exec_fault_of({"-k", "--"}), missing);
  EXPECT_EQ(exec_fault_of({"--", ""}), missing);
  EXPECT_EQ(exec_fault_of({"--nothing", "gzip"}),
            "unknown option \"--nothing\": expected one that rollcall exec --help-all lists");
  EXPECT_EQ(exec_fault_of({"-Qk", "gzip"}),
            "unknown option \"-Q\": expected one that rollcall exec --help-all lists");
}

TEST(ExecOptions, DescribeTheInput) {
  EXPECT_EQ(exec_options({"-a", "f", "-0"}).each_line, "f");
  EXPECT_TRUE(exec_options({"-0"}).null_separated);
  EXPECT_EQ(exec_options({"--colsep", "\\t"}, {"echo", "{2}"}).colsep, "\t");
  EXPECT_THAT(exec_fault({"--colsep", "\\s+"}), testing::HasSubstr("not a regular expression"));
  const ExecOptions range = exec_options({"--range", "3-9:2"});
  ASSERT_TRUE(range.range);
  EXPECT_EQ(range.range->count, 4U);
  const auto json = exec({"--from-json", "f"});
  ASSERT_NE(std::get_if<ExecOptions>(&json), nullptr);
}

TEST(ExecOptions, AcceptOneInput) {
  EXPECT_EQ(exec_fault({"-a", "f", "--range", "1-2"}),
            "--range \"1-2\": cannot be combined with --each-line");
  EXPECT_EQ(exec_fault({"--range", "1-2", "--range=5-6"}),
            "--range \"5-6\": --range \"1-2\" is given too: expected one");
  EXPECT_NE(exec_fault({"--from-json", "A", "--from-json", "B"}).find("given too"),
            std::string::npos);
  EXPECT_EQ(exec_fault({"--range", "1-2", "-0"}), "--null: cannot be combined with --range");
  EXPECT_EQ(exec_fault({"--from-json", "f", "--shell"}),
            "--shell: cannot be combined with --from-json");
  EXPECT_EQ(exec_fault({"--from-json", "f"}),
            "unexpected command \"true\": --from-json contains the commands");
  EXPECT_EQ(exec_fault({"--range", "9-1"}),
            "--range \"9-1\": expected A-B or A-B:STEP with whole numbers, A not above B");
}

/// The inputs as they were given: "name file", "name(value,value)"; "+" if linked.
std::string sources_of(const Words& arguments) {
  const auto parsed = exec(arguments);
  const auto* options = std::get_if<ExecOptions>(&parsed);
  if (options == nullptr) return cli::shown(parsed);
  std::string text = options->each_line.empty() ? "" : "lines of " + options->each_line;
  for (const InputArgument& source : options->sources) {
    text += (text.empty() ? "" : " ") + source.name + (source.is_linked ? "+" : "");
    if (source.from == InputArgument::From::range) text += ' ' + std::to_string(source.range.count);
    if (source.from == InputArgument::From::file) text += ' ' + source.path;
    if (source.from != InputArgument::From::values) continue;
    text += '(';
    for (const std::string& value : source.values) text += value + ',';
    text += ')';
  }
  text += " |";
  for (const std::string& word : options->command) text += ' ' + word;
  return text;
}

TEST(ExecOptions, DescribeHowFastCommandsStart) {
  EXPECT_EQ(exec_options({"--delay", "250ms"}).delay, 250ms);
  EXPECT_EQ(exec_options({}).rate_interval, std::nullopt);
  EXPECT_EQ(exec_options({"--rate", "10/s"}).rate_interval, 100ms);
  EXPECT_EQ(exec_options({"--rate", "120/m"}).rate_interval, 500ms);
  EXPECT_EQ(exec_options({"--rate", "1/h"}).rate_interval, 1h);
  EXPECT_EQ(exec_options({"--rate", "3/s"}).rate_interval, Duration(333'333'334));
  for (const char* rate : {"", "10", "/s", "0/s", "1.5/s", "10/", "10/d", "1000001/s", "10/s "}) {
    EXPECT_EQ(exec_fault({"--rate", rate}),
              "--rate \"" + std::string(rate) +
                  "\": expected a whole number from 1 to 1000000 for each second, minute or hour, "
                  "such as 10/s, 100/m or 5/h");
  }
  EXPECT_EQ(exec_fault({"--prefetch", "1", "--delay", "1s"}),
            "--prefetch \"1\": cannot be combined with --delay or --rate: no command waits at a "
            "worker");
}

TEST(ExecOptions, HaveANiceness) {
  EXPECT_EQ(exec_options({}).nice, 0U);
  EXPECT_EQ(exec_options({"--nice", "19"}).nice, 19U);
  EXPECT_EQ(exec_fault({"--nice", "20"}), "--nice \"20\": expected a whole number from 0 to 19");
  EXPECT_EQ(exec_fault({"--nice=-1"}), "--nice \"-1\": expected a whole number from 0 to 19");
}

TEST(ExecOptions, HaveANameOnOneLine) {
  EXPECT_EQ(exec_options({"--name", std::string(255, 'x')}).name.size(), 255U);
  for (const std::string& name : {std::string(), std::string(256, 'x'), std::string("two\nlines"),
                                  std::string("\x1b[2J"), std::string("\xff")}) {
    EXPECT_THAT(exec_fault({"--name", name}),
                testing::EndsWith(": expected up to 255 bytes of printable UTF-8"));
  }
}

TEST(ExecOptions, BlocksHaveRecords) {
  EXPECT_FALSE(exec_options({}).pipe);
  const ExecOptions plain = exec_options({"--pipe"});
  EXPECT_TRUE(plain.pipe);
  EXPECT_EQ(plain.records.end, "\n");
  EXPECT_EQ(plain.records.block_bytes, std::size_t{1} << 20U);
  EXPECT_EQ(exec_options({"--block", "64K", "--pipe"}).records.block_bytes, 65'536U);
  EXPECT_EQ(exec_options({"--pipe", "--recend", "\\r\\n\\t\\\\"}).records.end, "\r\n\t\\");
  EXPECT_EQ(exec_options({"--pipe", "--recend", "\\0"}).records.end, std::string(1, '\0'));
  EXPECT_EQ(exec_options({"--pipe", "--recend", ""}).records.end, "");
  const ExecOptions begins = exec_options({"--pipe", "--recstart", ">"});
  EXPECT_EQ(begins.records.begin, ">");
  EXPECT_EQ(begins.records.end, "");
  EXPECT_EQ(exec_options({"--pipe", "--recstart", ">", "--recend", "\\n"}).records.end, "\n");
  EXPECT_EQ(exec_options({"--pipe", "-a", "file"}).each_line, "file");
}

TEST(ExecOptions, BlocksAreRefusedWhereTheyMeanNothing) {
  EXPECT_EQ(exec_fault({"--block", "1M"}), "--block: requires --pipe");
  EXPECT_EQ(exec_fault({"--recend", "x"}), "--recend: requires --pipe");
  EXPECT_EQ(exec_fault({"--pipe", "--block", "8M"}),
            "--block \"8M\": expected a size from 1 to 7M, such as 512K");
  EXPECT_EQ(exec_fault({"--pipe", "--block", "0"}),
            "--block \"0\": expected a size from 1 to 7M, such as 512K");
  EXPECT_EQ(exec_fault({"--pipe", "--recend", "\\x"}),
            "--recend \"\\\\x\": expected a text with no other escapes than \\n \\t \\r \\0 \\\\");
  EXPECT_EQ(exec_fault({"--pipe", "-n", "2"}),
            "--pipe: cannot be combined with --max-args; with --block 1, each command gets one "
            "record");
  EXPECT_EQ(exec_fault({"--pipe", "-0"}),
            "--pipe: cannot be combined with --null; expected --recend '\\0'");
  EXPECT_EQ(exec_fault({"--pipe", "--stdin", "f"}), "--pipe: cannot be combined with --stdin");
  EXPECT_EQ(exec_fault_of({"--pipe", "cat", ":::", "a"}),
            "--pipe: cannot be combined with :::; expected one file (--each-line), or standard "
            "input");
}

TEST(ExecOptions, AcceptCsv) {
  EXPECT_TRUE(exec_options({"--csv", "--header"}).header);
  EXPECT_EQ(exec_options({"--csv"}).colsep, ",");
  EXPECT_EQ(exec_options({"--csv", "--colsep", "\\t"}).colsep, "\t");
  EXPECT_EQ(exec_options({"--header"}).colsep, "");
  EXPECT_EQ(exec_fault({"--csv", "--colsep", ";;"}),
            "--colsep \";;\": expected one character with --csv, such as ; or \\t");
  EXPECT_EQ(exec_fault({"--csv", "--null"}), "--csv: cannot be combined with --null");
  EXPECT_EQ(exec_fault({"--csv", "--range", "1-2"}), "--csv: cannot be combined with --range");
  EXPECT_EQ(exec_fault({"--csv", "-n", "2"}), "--max-args: cannot be combined with --csv");
  EXPECT_EQ(exec_fault({"--header", "-I", "@"}), "--replacement: cannot be combined with --header");
  EXPECT_EQ(exec_fault({"--header", "--range", "1-2"}), "--header: a --range has no lines");
}

TEST(ExecOptions, PrintOutputWhileCommandsRun) {
  EXPECT_EQ(exec_options({}).live, LivePrinting::none);
  EXPECT_EQ(exec_options({"--line-buffer", "--tag"}).live, LivePrinting::lines);
  EXPECT_EQ(exec_options({"-u"}).live, LivePrinting::bytes);
  EXPECT_EQ(exec_fault({"-u", "--line-buffer"}),
            "--ungroup: cannot be combined with --line-buffer");
  EXPECT_EQ(exec_fault({"-u", "-k"}), "--ungroup: cannot be combined with --keep-order");
  EXPECT_EQ(exec_fault({"--line-buffer", "--journal", "j"}),
            "--line-buffer: cannot be combined with --journal");
  EXPECT_EQ(exec_fault({"--line-buffer", "--output-dir", "d"}),
            "--line-buffer: cannot be combined with --output-dir");
  EXPECT_EQ(exec_fault({"--line-buffer", "--output", "json"}),
            "--line-buffer: requires --output text");
  EXPECT_EQ(exec_fault({"-u", "--line-buffer"}),
            "--ungroup: cannot be combined with --line-buffer");
  EXPECT_TRUE(exec_options({"-u", "--tag"}).tag);
}

TEST(ExecOptions, LimitMemory) {
  EXPECT_EQ(exec_options({}).max_memory, std::nullopt);
  EXPECT_EQ(exec_options({"--max-memory", "512M"}).max_memory, 512U << 20U);
  EXPECT_EQ(exec_options({"--max-memory=2G"}).max_memory, std::uint64_t{2} << 30U);
  for (const std::string wrong : {"0", "1023K", "512m", "2GB", "-1"}) {
    EXPECT_EQ(
        exec_fault({"--max-memory=" + wrong}),
        "--max-memory \"" + wrong + "\": expected a size of at least 1M, such as 512M or 10G");
  }
}

TEST(ExecOptions, AcceptSeveralInputs) {
  EXPECT_EQ(sources_of({"echo", ":::", "a", "b c"}), ":::(a,b c,) | echo");
  EXPECT_EQ(sources_of({"echo", "-k", ":::", ":::", "x", ":::+", "y"}),
            ":::() :::(x,) :::++(y,) | echo -k");
  EXPECT_EQ(sources_of({"--", "echo", "::::", "f", "-", ":::", "--tag"}),
            ":::: f :::: - :::(--tag,) | echo");
  EXPECT_EQ(sources_of({"-a", "f", "-a", "g", "echo", "::::+", "h"}),
            "--each-line f --each-line g ::::++ h | echo");
  EXPECT_EQ(sources_of({"--range", "1-9", "echo", ":::", "a"}), "--range 9 :::(a,) | echo");
}

TEST(ExecOptions, AcceptSeveralLinesForACommand) {
  EXPECT_FALSE(exec_options({}).groups_lines());
  EXPECT_EQ(exec_options({"-n", "3"}).max_args, 3U);
  EXPECT_EQ(exec_options({"-s100"}).max_chars, 100U);
  EXPECT_EQ(exec_options({"-I@"}).replacement, "@");
  EXPECT_EQ(exec_options({"-I", "{}"}).replacement, "{}");
  EXPECT_EQ(exec_fault({"-n", "0"}),
            "--max-args \"0\": expected a whole number from 1 to 1000000000");
  EXPECT_EQ(exec_fault({"-s", "2M"}),
            "--max-chars \"2M\": expected a whole number from 1 to 1048576");
  EXPECT_EQ(exec_fault({"-I", ""}), "--replacement \"\": expected a text such as {} or @");
  EXPECT_EQ(exec_fault({"-n2", "--colsep", ","}), "--max-args: cannot be combined with --colsep");
  EXPECT_EQ(exec_fault({"-I@", "--colsep", ","}),
            "--replacement: cannot be combined with --colsep");
  EXPECT_EQ(exec_fault_of({"-n2", "--from-json", "f"}),
            "--max-args: cannot be combined with --from-json");
  EXPECT_EQ(exec_fault_of({"-n2", "echo", ":::", "a", ":::", "b"}),
            "--max-args: cannot be combined with several inputs");
}

/// It is streamed if it is large.
TEST(ExecOptions, TreatASingleFileAsLines) {
  EXPECT_EQ(sources_of({"echo", "::::", "f"}), "lines of f | echo");
  EXPECT_EQ(sources_of({"-a", "f", "echo"}), "lines of f | echo");
}

TEST(ExecOptions, ExplainWrongInputs) {
  EXPECT_EQ(exec_fault_of({":::", "a"}),
            "COMMAND is missing: expected it after the options, as in rollcall exec gzip {}");
  EXPECT_EQ(exec_fault_of({"echo", "::::"}), ":::: needs a file name, or - for standard input");
  EXPECT_EQ(exec_fault_of({"echo", "::::", ""}),
            ":::: \"\": expected a file name, or - for standard input");
  EXPECT_EQ(exec_fault_of({"echo", ":::+", "a"}), ":::+ needs an input before it: expected :::");
  EXPECT_EQ(exec_fault_of({"-a", "-", "echo", "::::", "-"}),
            "standard input (-) is given as more than one input");
  EXPECT_EQ(exec_fault_of({"--colsep", ",", "echo", ":::", "a", ":::", "b"}),
            "--colsep: cannot be combined with several inputs");
  EXPECT_EQ(exec_fault_of({"--from-json", "f", "echo", ":::", "a"}),
            "--from-json \"f\": cannot be combined with :::");
  EXPECT_EQ(exec_fault_of({"-a", "f", "--range", "1-2", "echo", ":::", "a"}),
            "--range \"1-2\": cannot be combined with --each-line");
  Words many{"cat", "::::"};
  for (int i = 0; i < 65; ++i) many.push_back("f");
  EXPECT_EQ(exec_fault_of(many),
            "65 inputs, each combination of which is a task: expected at most 64; for the lines of "
            "many files: cat FILE... | rollcall exec");
}

TEST(ExecOptions, AcceptSeveralVariables) {
  EXPECT_EQ(exec_options({"--env", "A=1", "--env=B=", "--env", "C=[x]"}).env,
            (Words{"A=1", "B=", "C=[x]"}));
  EXPECT_EQ(exec_fault({"--env", "A", "--env", "B=1"}), "--env \"A\": expected NAME=VALUE");
  EXPECT_EQ(exec_fault({"--env", "B=1", "--env", "=1"}), "--env \"=1\": expected NAME=VALUE");
}

TEST(ExecOptions, ParseRetries) {
  const ExecOptions parsed =
      exec_options({"--retries", "2", "--retry-on", "75,timeout", "--retry-delay", "3s"});
  ASSERT_TRUE(parsed.retry_on);
  EXPECT_TRUE(parsed.retry_on->statuses[75] && parsed.retry_on->on_timeout);
  EXPECT_FALSE(parsed.retry_on->on_signal);
  EXPECT_EQ(parsed.retry_delay, 3s);
  EXPECT_EQ(exec_fault({"--retry-on", "75"}), "--retry-on: requires --retries");
  EXPECT_EQ(exec_fault({"--retry-delay", "1s", "--retries", "0"}),
            "--retry-delay: requires --retries");
  EXPECT_EQ(exec_fault({"--retries", "1", "--retry-on", "fail"}),
            "--retry-on \"fail\": expected exit statuses from 1 to 255, timeout, memory or signal, "
            "separated by commas, such as 75,timeout");
}

TEST(ExecOptions, ParseSlots) {
  EXPECT_EQ(exec_options({"-j", "-1000"}).slots, 1U);
  EXPECT_GT(exec_options({"-j+2"}).slots, 2U);
  EXPECT_GT(exec_options({"--slots=200%"}).slots, 1U);
  EXPECT_EQ(
      exec_fault({"-j", "0"}),
      "--slots \"0\": expected a whole number from 1 to 1000000000, a share of the processors "
      "such as 200%, or +N or -N processors");
  EXPECT_EQ(exec_fault({"-w0", "--access-file", "f", "-j50%"}),
            "--slots \"50%\": expected a whole number with --workers 0, because workers elsewhere "
            "have other processors");
}

TEST(ExecOptions, ParseHalt) {
  const ExecOptions count = exec_options({"--halt", "soon,fail=3"});
  ASSERT_TRUE(count.halt);
  EXPECT_EQ(count.halt->count, 3U);
  EXPECT_FALSE(count.halt->now || count.halt->on_success);
  const ExecOptions share = exec_options({"--halt", "now,success=25%"});
  ASSERT_TRUE(share.halt);
  EXPECT_EQ(share.halt->share, 0.25);
  EXPECT_TRUE(share.halt->now && share.halt->on_success);
  for (const char* wrong : {"", "now", "fail=1", "later,fail=1", "now,fail=0", "now,fail=101%",
                            "now,fail=-1", "now,done=1", "now,fail=1x", "now=1,fail"}) {
    EXPECT_FALSE(parse_halt(wrong)) << wrong;
  }
}

TEST(ExecOptions, HaveSizes) {
  EXPECT_EQ(exec_options({"--max-output", "512K"}).max_output, 512U << 10U);
  EXPECT_EQ(exec_options({"--max-output", "7M"}).max_output, 7U << 20U);
  EXPECT_EQ(exec_options({"--max-output", "0"}).max_output, 0U);
  EXPECT_EQ(exec_options({"--max-output", "8191T"}).max_output, std::uint64_t{8191} << 40U);
  EXPECT_EQ(exec_options({"--max-output", "9007199254740991"}).max_output,
            (std::uint64_t{1} << 53U) - 1);
  EXPECT_EQ(exec_fault({"--max-output", "8192T"}),
            "--max-output \"8192T\": expected a number of bytes, such as 512K, 1M or 10G");
  for (const char* wrong :
       {"", "K", "-1", "1.5M", "99999999999999999999", "1 M", "1KK", "9007199254740992", "1k"}) {
    EXPECT_FALSE(parse_size(wrong)) << wrong;
  }
}

TEST(ExecOptions, DescribeTheSpool) {
  EXPECT_EQ(exec_options({"--spool-dir", "/var/tmp"}).spool_dir, "/var/tmp");
  EXPECT_EQ(exec_options({"--spool-size", "1M"}).spool_size, 1U << 20U);
  EXPECT_EQ(exec_options({"--spool-size", "3G"}).spool_size, std::uint64_t{3} << 30U);
  EXPECT_EQ(exec_fault({"--spool-size", "1023K"}),
            "--spool-size \"1023K\": expected a size of at least 1M, such as 512M or 10G");
  EXPECT_EQ(exec_options({"--spool-size", "2M", "--journal", "j"}).spool_size, 2U << 20U);
}

TEST(ExecOptions, AreRejectedIfTheyCannotBeCombined) {
  EXPECT_EQ(exec_fault({"--tag", "--output-dir", "d"}),
            "--tag: cannot be combined with --output-dir");
  EXPECT_EQ(exec_fault({"-k", "--output", "json"}), "--keep-order: requires --output text");
  EXPECT_EQ(exec_fault({"--keep-output"}), "--keep-output: requires --journal");
  EXPECT_EQ(exec_fault({"--keep-output", "--journal", "j", "--output-dir", "d"}),
            "--keep-output: cannot be combined with --output-dir");
  EXPECT_EQ(exec_fault({"--timeout", "0"}), "--timeout \"0\": expected a time of at least 1ms");
  EXPECT_EQ(exec_fault({"--workers", "0"}),
            "--workers \"0\": requires --access-file or --keys, with which other workers "
            "join");
}

TEST(ExecHelp, FitsAScreen) {
  ExecOptions unused;
  const cli::CommandSpec command = exec_command(unused);
  EXPECT_LE(cli::lines_of(cli::help_text(command)).size(), 40U);
  EXPECT_LE(cli::longest_line(cli::help_all_text(command)), 80U);
  EXPECT_EQ(cli::shown(exec({"--help"})), "0: " + cli::help_text(command));
}

TEST(ExecHelp, HasWhatPeopleLookFor) {
  ExecOptions unused;
  const std::string help = cli::help_text(exec_command(unused));
  for (const char* text :
       {"-0, --null", "--colsep", "--joblog", "--journal", "--tag", "-q, --quiet", "--dry-run",
        ":::", "-n, --max-args", "-k, --keep-order", "-j, --slots"}) {
    EXPECT_NE(help.find(text), std::string::npos) << text;
  }
}

TEST(ExecHints, ExplainOptionsOfOtherPrograms) {
  EXPECT_EQ(exec_fault_of({"-P", "4", "gzip"}),
            "unknown option \"-P\": -P of xargs and parallel is -j");
  EXPECT_EQ(exec_fault_of({"-P4", "gzip"}),
            "unknown option \"-P\": -P of xargs and parallel is -j");
  EXPECT_EQ(exec_fault_of({"-kP4", "gzip"}),
            "unknown option \"-P\": -P of xargs and parallel is -j");
  EXPECT_EQ(exec_fault_of({"--jobs=4", "gzip"}),
            "unknown option \"--jobs\": --jobs of parallel is --slots, or -j");
  EXPECT_EQ(
      exec_fault_of({"--tagstring", "x", "gzip"}),
      "unknown option \"--tagstring\": --tagstring of parallel is --tag, which prints the line");
  EXPECT_EQ(exec_fault_of({"--keep-ordr", "gzip"}),
            "unknown option \"--keep-ordr\": did you mean --keep-order?");
}

TEST(ExecHints, AreForOptionsThatDoNotExist) {
  ExecOptions unused;
  const cli::CommandSpec command = exec_command(unused);
  std::set<std::string> seen;
  for (const cli::Hint& hint : command.hints) {
    EXPECT_TRUE(seen.insert(hint.option).second) << hint.option;
    for (const cli::OptionSpec& option : command.options) {
      EXPECT_TRUE(option.name != hint.option && option.letter != hint.option) << hint.option;
    }
  }
}

class ExecDocs : public testing::TestWithParam<const char*> {};

TEST_P(ExecDocs, HaveEveryOption) {
  ExecOptions unused;
  cli::expect_all_options(exec_command(unused), cli::repository_text(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(All, ExecDocs,
                         testing::Values("docs/man/rollcall.1", "docs/reference/options.md",
                                         "deploy/completions/bash/rollcall",
                                         "deploy/completions/zsh/_rollcall",
                                         "deploy/completions/fish/rollcall.fish"));

/// Whether the list items of a manual have these options in this order.
void expect_order(const cli::CommandSpec& command, const std::string& manual) {
  std::istringstream lines(manual);
  std::string line;
  std::getline(lines, line);
  for (const cli::OptionSpec& option : command.options) {
    const auto has_it = [&] {
      const std::string padded = line + ' ';
      return line.starts_with(".It ") &&
             padded.find("Fl " + option.name.substr(1) + ' ') != std::string::npos;
    };
    while (!has_it()) {
      ASSERT_TRUE(std::getline(lines, line)) << option.name << " is not where the help has it";
    }
  }
}

TEST(ExecManual, HasOptionsInTheOrderOfTheHelp) {
  SleepOptions sleep;
  ExecOptions exec;
  const std::string manual = cli::repository_text("docs/man/rollcall.1");
  expect_order(sleep_command(sleep), manual);
  expect_order(exec_command(exec), manual);
}

}  // namespace
}  // namespace rollcall::coordinator
