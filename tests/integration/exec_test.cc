// `rollcall exec` as users see it: input, commands and output.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/support/exec_fixture.h"

namespace rollcall::integration {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

using Exec = ExecTest;
using ExecInput = Exec;

TEST_F(ExecInput, ReadsLinesFromStandardInput) {
  EXPECT_EQ(out_of({"--", "echo", "<{}>"}, "a\n\nb c\nlast"), "<a>\n<>\n<b c>\n<last>\n");
}

TEST_F(ExecInput, ReadsLinesFromAFile) {
  const std::string lines = write("lines", "x\ny\n");
  EXPECT_EQ(out_of({"-a", lines, "--", "echo"}), "x\ny\n");
  EXPECT_EQ(out_of({"--each-line", lines, "--", "echo", "no", "{#}"}), "no 0\nno 1\n");
  EXPECT_EQ(out_of({"--each-line", "-", "--", "echo"}, "z\n"), "z\n");
}

TEST_F(ExecInput, ExpandsARange) {
  EXPECT_EQ(out_of({"--range", "1-9:4", "--", "echo", "n{}"}), "n1\nn5\nn9\n");
  EXPECT_EQ(out_of({"--range", "1-2", "--", "echo", "same"}), "same\nsame\n");
}

TEST_F(ExecInput, ReadsCommandsFromJson) {
  const std::string tasks = write("tasks.jsonl", R"({"args": ["cat"], "stdin": "from stdin"}
{"args": ["sh", "-c", "echo $A; pwd"], "env": {"A": "a b"}, "cwd": "/"}
)");
  EXPECT_EQ(out_of({"--from-json", tasks}), "from stdina b\n/\n");
}

TEST_F(ExecInput, MayBeEmpty) {
  Program& run = exec({"--", "echo"}, "");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "");
}

TEST_F(ExecInput, PassesOddFileNamesUnchanged) {
  const std::vector<std::string> names{"a b",     "q'\"q", "-leading", "new\nline",
                                       "$(x)`y`", "\\n",   "*",        "\xff\xfe"};
  std::string joined;
  for (const std::string& name : names) joined += name + '\0';
  std::string expected;
  for (const std::string& name : names) expected += name + "|";
  EXPECT_EQ(out_of({"-0", "--", "printf", "%s|", "{}"}, joined), expected);
  EXPECT_EQ(out_of({"-0", "--shell", "--", "printf '%s|' {}"}, joined), expected);
  EXPECT_EQ(out_of({"-0", "--shell", "--", "printf '%s|' \"{}\""}, joined), expected);
}

TEST_F(ExecInput, FillsPlaceholders) {
  EXPECT_EQ(out_of({"--", "echo", "{.}", "{/}", "{//}", "{/.}", "{#}"}, "d/e/f.tar.gz\n"),
            "d/e/f.tar f.tar.gz d/e f.tar 0\n");
  EXPECT_EQ(out_of({"--colsep", ",", "--", "echo", "{2}-{1}"}, "a,b\nc,d\n"), "b-a\nd-c\n");
}

TEST_F(ExecInput, IsAUsageErrorIfInvalid) {
  Program& missing = exec({"-a", file("missing"), "--", "echo"});
  EXPECT_EQ(missing.wait(), 2) << missing.story();
  EXPECT_THAT(missing.err(), HasSubstr("No such file"));
  Program& wrong = exec({"--from-json", "-"}, "{\"args\": [\"a\"]}\n{}\n");
  EXPECT_EQ(wrong.wait(), 2) << wrong.story();
  EXPECT_THAT(wrong.err(), HasSubstr("line 2"));
  Program& nul = exec({"--", "echo"}, std::string("a\0b\n", 4));
  EXPECT_EQ(nul.wait(), 2) << nul.story();
  EXPECT_THAT(nul.err(), HasSubstr("--null"));
}

using ExecResults = Exec;

TEST_F(ExecResults, AreATableOfTheParameters) {
  const std::string rows = file("sweep.csv");
  Program& run = exec({"-q", "-j", "1", "--results", rows, "sh", "-c", "test $1 != b", "-", "{1}",
                       "{2}", ":::", "a", "b", ":::", "1", "2"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const std::vector<std::string> lines = lines_of(contents_of(rows));
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_THAT(lines[0], EndsWith(",seq,worker_name,run_seconds,input,command,arg1,arg2"));
  EXPECT_THAT(lines, Contains(EndsWith(",a 2,sh -c 'test $1 != b' - a 2,a,2")));
  EXPECT_THAT(lines, Contains(EndsWith(",b 1,sh -c 'test $1 != b' - b 1,b,1")));
}

TEST_F(ExecResults, HaveInputAndCommandInEventsAndInTheDocument) {
  Program& run = exec({"-q", "--output", "jsonl", "--colsep", ",", "false", "{2}"}, "a,b\n");
  EXPECT_EQ(run.wait(), 1) << run.story();
  const auto done = events_of(run, "done").at(0);
  const auto failed = summary_of(run).at("commands").at("failed").at(0);
  for (const auto& row : {done, failed}) {
    EXPECT_EQ(row.at("seq"), 1);
    EXPECT_EQ(row.at("input"), "a,b");
    EXPECT_EQ(row.at("command"), "false b");
    EXPECT_EQ(row.at("columns"), (nlohmann::json{{"arg1", "a"}, {"arg2", "b"}}));
    EXPECT_EQ(row.at("worker_name"), summary_of(run).at("workers").at(0).at("name"));
    EXPECT_GE(row.at("run_seconds"), 0);
  }
}

class ExecFailures : public Exec {
 protected:
  /// Standard output of a command that must succeed.
  std::string report(const Arguments& arguments) {
    Program& run = start({programs_directory() / "rollcall", arguments, {}, {}, {}});
    EXPECT_EQ(run.wait(), 0) << run.story();
    return run.out();
  }
};

TEST_F(ExecFailures, AreListedFromAJournalAndFromResults) {
  const std::string journal = file("run.journal");
  const std::string csv = file("rows.csv");
  const std::string jsonl = file("rows.jsonl");
  const Arguments command = {"-j", "1", "--env", "A=b c", "--shell", "--", "test {} -le 2"};
  Program& run =
      exec(Arguments{"--journal", journal, "--results", csv} + command, "1\n2\n3\n4 5\n");
  EXPECT_EQ(run.wait(), 1) << run.story();
  Program& again = exec(Arguments{"-q", "--results", jsonl} + command, "1\n2\n3\n4 5\n");
  EXPECT_EQ(again.wait(), 1) << again.story();
  for (const std::string& path : {journal, csv, jsonl}) {
    const std::string text = report({"report", path, "--failed"});
    EXPECT_EQ(text,
              "task 2: exit status 1: env 'A=b c' /bin/sh -c 'test \"${1}\" -le 2' sh 3\n"
              "task 3: exit status 2: env 'A=b c' /bin/sh -c 'test \"${1}\" -le 2' sh '4 5'\n")
        << path;
    const auto rows =
        nlohmann::json::parse(report({"report", path, "--failed", "--output", "json"}));
    ASSERT_THAT(rows, SizeIs(2)) << path;
    EXPECT_EQ(rows[1].at("seq"), 4) << path;
    EXPECT_EQ(rows[1].at("input"), "4 5") << path;
    EXPECT_EQ(rows[1].at("exit_status"), 2) << path;
  }
}

TEST_F(ExecFailures, CanBeRunAgainWithAShell) {
  const std::string done = file("done");
  const std::string rows = file("rows.csv");
  const std::string input = write("input", "from the file\n");
  const std::string script =
      "cat >> " + done + "; echo {} >> " + done + "; test -e " + file("fixed");
  Program& run = exec({"-q", "-j", "1", "--results", rows, "--stdin", input, "--shell", script,
                       ":::", "it's", "two\nlines"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const std::string before = contents_of(done);
  write("fixed", "");
  const std::string commands =
      write("commands", report({"report", rows, "--failed", "--output", "commands"}));
  std::filesystem::remove(done);
  Program& shell = start({"/bin/sh", {commands}, {}, {}, {}});
  EXPECT_EQ(shell.wait(), 0) << shell.story();
  EXPECT_EQ(contents_of(done), before);
  EXPECT_EQ(before, "from the file\nit's\nfrom the file\ntwo\nlines\n");
}

TEST_F(ExecFailures, BeyondTenAreListedByTheCommandThatTheSummaryNames) {
  const std::string journal = file("run.journal");
  Program& run = exec({"--output", "json", "--journal", journal, "--range", "1-12", "false"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const std::string list = "rollcall report " + journal + " --failed";
  EXPECT_THAT(run.err(), HasSubstr("12 tasks failed, the first:\n"));
  EXPECT_THAT(run.err(), HasSubstr("\n  2 more: " + list + "\n12 failed in "));
  const auto commands = document_of(run).at("commands");
  EXPECT_THAT(commands.at("failed"), SizeIs(10));
  EXPECT_EQ(commands.at("failed_count"), 12);
  EXPECT_EQ(commands.at("list_failed"), list);
  EXPECT_THAT(lines_of(report({"report", journal, "--failed"})), SizeIs(12));
}

TEST_F(ExecFailures, NeedAFileThatHasThem) {
  const auto fault = [&](const Arguments& arguments) {
    Program& run = start({programs_directory() / "rollcall", arguments, {}, {}, {}});
    EXPECT_EQ(run.wait(), 2) << run.story();
    EXPECT_EQ(run.out(), "") << run.story();
    return run.err();
  };
  const std::string rows = write("rows.csv", "task,outcome\n1,failed\n");
  EXPECT_EQ(
      fault({"report", rows}),
      "rollcall report: " + rows + " is a results file: expected a journal, or --failed with it\n");
  EXPECT_EQ(fault({"report", rows, "--failed", "--output", "commands"}),
            "rollcall report: " + rows +
                " has rows without a command: of sleeps, or of an earlier version\n");
  EXPECT_EQ(fault({"report", rows, "--output", "commands"}),
            "rollcall report: --output \"commands\": requires --failed\n");
  const std::string cut = write("cut.csv", "task,outcome\n1,fai");
  EXPECT_EQ(fault({"report", cut, "--failed"}),
            "rollcall report: " + cut + ": line 2: the file is not complete\n");
  EXPECT_THAT(fault({"report", file("none"), "--failed"}), HasSubstr(file("none")));
  for (const std::string& other : {write("bad.csv", "a,b\n1,2\n"), write("bad", "")}) {
    EXPECT_EQ(
        fault({"report", other, "--failed"}),
        "rollcall report: " + other + ": expected a journal, or a CSV or JSONL file of results\n");
  }
  for (const std::string& empty : {write("empty.csv", ""), write("empty.jsonl", "")}) {
    Program& none =
        start({programs_directory() / "rollcall", {"report", empty, "--failed"}, {}, {}, {}});
    EXPECT_EQ(none.wait(), 0) << none.story();
    EXPECT_EQ(none.out() + none.err(), "") << "no row yet";
  }
}

using ExecSummary = Exec;

TEST_F(ExecSummary, IsOneLineAndThereIsNoProgressIfNothingFailed) {
  Program& run = exec({"--range", "1-3", "-j", "3", "--", "sleep", "1.1"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), MatchesRegex("3 succeeded in [0-9]+[.][0-9][0-9] s\n"));
}

TEST_F(ExecSummary, FollowsTheFailedTasks) {
  Program& run = exec({"-j", "1", "--shell", "--", "test {} != b"}, "a\nb\nc\n");
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.err(), MatchesRegex("1 task failed:\n  task 1: exit status 1: .*\n"
                                      "2 succeeded, 1 failed in [0-9.]+ s\n"));
}

TEST_F(ExecSummary, HasTheFormThatWasChosen) {
  Program& full = exec({"--summary", "full", "--", "true"}, "a\n");
  EXPECT_EQ(full.wait(), 0) << full.story();
  EXPECT_THAT(full.err(), AllOf(StartsWith("expected  "), HasSubstr("\noutcomes  1 succeeded\n"),
                                HasSubstr("\nattempts  1, 0 repeated")));
  Program& none = exec({"--summary", "none", "--", "true"}, "a\n");
  EXPECT_EQ(none.wait(), 0) << none.story();
  EXPECT_EQ(none.err(), "");
  Program& failures = exec({"--summary", "none", "--", "false"}, "a\n");
  EXPECT_EQ(failures.wait(), 1) << failures.story();
  EXPECT_EQ(failures.err(), "1 task failed:\n  task 0: exit status 1: false a\n");
  Program& quiet = exec({"-q", "--", "false"}, "a\n");
  EXPECT_EQ(quiet.wait(), 1) << quiet.story();
  EXPECT_EQ(quiet.err(), "");
}

using ExecCommands = Exec;

TEST_F(ExecCommands, GetVariablesWithTheirIds) {
  Program& run = exec({"-k", "-q", "--range", "1-2", "--shell", "--output", "jsonl", "--",
                       "echo $ROLLCALL_RUN_ID $ROLLCALL_TASK_ID $ROLLCALL_ATTEMPT "
                       "$ROLLCALL_WORKER"});
  EXPECT_EQ(run.wait(), 2) << run.story();  // -k is for text
  Program& again = exec({"-q", "--range", "1-2", "--shell", "--output", "jsonl", "--",
                         "echo $ROLLCALL_RUN_ID $ROLLCALL_TASK_ID $ROLLCALL_ATTEMPT"});
  EXPECT_EQ(again.wait(), 0) << again.story();
  const std::string run_id = events_of(again, "run_started").at(0).at("run_id");
  std::set<std::string> printed;
  for (const auto& done : events_of(again, "done")) printed.insert(done.at("stdout"));
  EXPECT_THAT(printed, UnorderedElementsAre(run_id + " 0 1\n", run_id + " 1 1\n"));
  EXPECT_THAT(out_of({"--range", "1-1", "--shell", "--", "echo ${ROLLCALL_WORKER:-none}"}),
              Not(StartsWith("none")));
}

TEST_F(ExecCommands, GetTheUsersVariablesButNotTheOptionsOfTheRun) {
  Program& run =
      start({programs_directory() / "rollcall",
             {"exec", "-q", "--range", "1-1", "--shell", "--",
              "echo ${ROLLCALL_MINE:-none} ${ROLLCALL_OUTPUTS:-none} "
              "${ROLLCALL_OUTPUT:-none} ${ROLLCALL_LOG_LEVEL:-none} ${ROLLCALL_LOG_FORMAT:-none}"},
             {{"ROLLCALL_MINE", "1"},
              {"ROLLCALL_OUTPUTS", "2"},
              {"ROLLCALL_OUTPUT", "text"},
              {"ROLLCALL_LOG_LEVEL", "error"},
              {"ROLLCALL_LOG_FORMAT", "json"}},
             {},
             {}});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "1 2 none none none\n");
}

TEST_F(ExecCommands, GetVariablesDirectoryAndInput) {
  const std::string text = write("text", "the input\n");
  EXPECT_EQ(out_of({"--range", "1-1", "--env", "A=1 2", "--env", "B==", "--cwd", "/", "--stdin",
                    text, "--shell", "--", "echo \"$A$B\"; pwd; cat"}),
            "1 2=\n/\nthe input\n");
  EXPECT_EQ(out_of({"--range", "1-1", "--", "cat"}), "");
}

TEST_F(ExecCommands, ReportWhyTheyCannotStart) {
  Program& run = exec({"--range", "1-1", "--cwd", "/not/there", "--", "true"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.err(), AllOf(HasSubstr("/not/there"), HasSubstr("No such file or directory")));
  Program& program = exec({"--range", "1-1", "--", "no-such-program"});
  EXPECT_EQ(program.wait(), 1) << program.story();
  EXPECT_THAT(program.err(), AllOf(HasSubstr("no-such-program"), HasSubstr("No such file")));
}

TEST_F(ExecCommands, AreListedIfTheyFail) {
  Program& run = exec({"--range", "1-30", "--shell", "--", "echo why-{} >&2; exit 3"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.err(), AllOf(HasSubstr("30 tasks failed, the first:"), HasSubstr("exit status 3"),
                               HasSubstr("    why-")));
  const std::vector<std::string> lines = lines_of(run.err());
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& line) { return line.starts_with("  task "); }),
            10);
}

TEST_F(ExecCommands, FromDryRunWorkInAShell) {
  const std::string names = std::string("a b\0q'\"q\0-x\0$(y)\0n\nl", 20);
  Program& dry = exec(
      {"-0", "--dry-run", "--env", "V=1 'x'", "--cwd", "/", "--", "printf", "%s|", "{}"}, names);
  EXPECT_EQ(dry.wait(), 0) << dry.story();
  Program& shell = start({"/bin/sh", {"-s"}, {}, dry.out(), {}});
  EXPECT_EQ(shell.wait(), 0) << shell.story();
  EXPECT_EQ(shell.out(), out_of({"-0", "--", "printf", "%s|", "{}"}, names));
}

using ExecOutput = Exec;

TEST_F(ExecOutput, KeepsTaskOrder) {
  std::string expected;
  for (int i = 1; i <= 20; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(out_of({"--range", "1-20", "-j", "20", "--shell", "--",
                    "n={}; sleep 0.$(( (20 - n) % 5 )); echo $n"}),
            expected);
}

TEST_F(ExecOutput, IsContiguousForEachTask) {
  Program& run = exec({"-q", "--range", "1-20", "-j", "20", "--shell", "--",
                       "for i in 1 2 3 4 5; do echo {}; sleep 0.01; done"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  const std::vector<std::string> lines = run.out_lines();
  ASSERT_THAT(lines, SizeIs(100));
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(lines[i], lines[i / 5 * 5]) << i;
}

TEST_F(ExecOutput, HasTags) {
  EXPECT_EQ(out_of({"--tag", "--shell", "--", "echo x; echo {}"}, "a\nb b\n"),
            "a\tx\na\ta\nb b\tx\nb b\tb b\n");
}

TEST_F(ExecOutput, PassesThroughUnchanged) {
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 7 % 256);
  const std::string data = write("data", bytes);
  EXPECT_TRUE(out_of({"--range", "1-2", "--", "cat", data}) == bytes + bytes);
}

TEST_F(ExecOutput, KeepsStandardErrorSeparate) {
  Program& run = exec({"-q", "--range", "1-1", "--shell", "--", "echo out; echo err >&2"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "out\n");
  EXPECT_EQ(run.err(), "err\n");
}

TEST_F(ExecOutput, GoesToFiles) {
  Program& run = exec({"-q", "--range", "7-8", "--output-dir", file("outputs"), "--shell", "--",
                       "echo out{}; echo err{} >&2"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out() + run.err(), "");
  EXPECT_EQ(contents_of(file("outputs/0.out")), "out7\n");
  EXPECT_EQ(contents_of(file("outputs/1.err")), "err8\n");
}

TEST_F(ExecOutput, IsTruncatedAtMaxOutput) {
  Program& run = exec({"-q", "--range", "1-1", "--max-output", "1K", "--shell", "--",
                       "yes | head -c 5000; yes e | head -c 3000 >&2"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.out(), SizeIs(1024));
  EXPECT_THAT(run.err(),
              AllOf(HasSubstr("task 0: 3976 more bytes of standard output dropped"),
                    HasSubstr("1976 more bytes of standard error dropped"),
                    HasSubstr("dropped: 5952 bytes of output of 1 task (--max-output)")));
}

/// It is as bad as a failed task, and in every format.
TEST_F(ExecOutput, ThatIsDroppedIsReportedEverywhere) {
  const std::string journal = file("run.journal");
  const std::string rows = file("rows.csv");
  Program& run =
      exec({"--range", "1-3", "--max-output", "1K", "--output", "json", "--journal", journal,
            "--results", rows, "--shell", "--", "[ {} = 2 ] || head -c 1500 /dev/zero"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const nlohmann::json document = document_of(run);
  EXPECT_EQ(document.at("reason"), "output_dropped");
  EXPECT_EQ(document.at("outcomes").at("succeeded"), 3);
  EXPECT_EQ(document.at("commands").at("dropped"),
            (nlohmann::json{{"tasks", 2}, {"stdout_bytes", 952}, {"stderr_bytes", 0}}));
  EXPECT_THAT(run.err(), HasSubstr("dropped: 952 bytes of output of 2 tasks (--max-output)\n"));
  EXPECT_THAT(contents_of(rows), HasSubstr(",476,0,"));
  Program& report = start({programs_directory() / "rollcall", {"report", journal}, {}, {}, {}});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_THAT(report.err(), HasSubstr("dropped   952 bytes of output of 2 tasks"));
}

TEST_F(ExecOutput, IsPartOfJsonLines) {
  Program& run = exec({"-q", "--range", "1-1", "--output", "jsonl", "--shell", "--",
                       "printf 'a\\377'; echo text >&2; exit 4"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const nlohmann::json done = events_of(run, "done").at(0);
  EXPECT_EQ(done.at("stdout_base64"), "Yf8=");
  EXPECT_EQ(done.at("stderr"), "text\n");
  EXPECT_EQ(done.at("exit_status"), 4);
  EXPECT_TRUE(done.at("signal").is_null());
  EXPECT_GT(done.at("peak_rss_bytes"), 0);
}

TEST_F(ExecOutput, IsNotPrintedWithJson) {
  Program& run =
      exec({"-q", "--range", "1-2", "--output", "json", "--shell", "--", "echo x; kill -9 $$"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const nlohmann::json document = document_of(run);
  EXPECT_EQ(document.at("kind"), "exec");
  EXPECT_EQ(document.at("outcomes").at("failed"), 2);
  EXPECT_EQ(document.at("commands").at("failed").at(0).at("how"), "signal 9 (SIGKILL)");
}

TEST_F(ExecOutput, WritesAJoblog) {
  Program& run =
      exec({"-q", "--joblog", file("log"), "-j", "1", "--shell", "--", "exit {}"}, "0\n3\n");
  EXPECT_EQ(run.wait(), 1) << run.story();
  const std::vector<std::string> lines = lines_of(contents_of(file("log")));
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(lines[0], "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand");
  EXPECT_THAT(lines[1], MatchesRegex("1\t.*\t *[0-9.]+\t *[0-9.]+\t0\t0\t0\t0\t.*"));
  EXPECT_THAT(lines[2], MatchesRegex("2\t.*\t0\t0\t3\t0\t.*"));
}

TEST_F(ExecOutput, ThatJsonDoesNotPrintIsCounted) {
  const std::string journal = file("run.journal");
  const std::string script = "yes {} | head -c 200000; echo e >&2";
  const auto discarded = [&](const Arguments& more) {
    Program& run = exec(more + Arguments{"--output", "json", "--shell", "--", script}, "a\nb\n");
    EXPECT_EQ(run.wait(), 0) << run.story();
    return document_of(run).at("commands").at("discarded");
  };
  const nlohmann::json all = {{"stdout_bytes", 400'000}, {"stderr_bytes", 4}};
  EXPECT_EQ(discarded({"--journal", journal}), all);
  Program& report = start(
      {programs_directory() / "rollcall", {"report", journal, "--output", "json"}, {}, {}, {}});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_EQ(document_of(report).at("commands").at("discarded"), all);
  EXPECT_EQ(discarded({"--output-dir", file("out")}),
            (nlohmann::json{{"stdout_bytes", 0}, {"stderr_bytes", 0}}));
}

TEST_F(ExecOutput, WritesResults) {
  Program& run = exec({"-q", "--range", "1-1", "-o", file("r.csv"), "--shell", "--", "exit 5"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const std::vector<std::string> lines = lines_of(contents_of(file("r.csv")));
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], EndsWith(",accepted,exit_status,signal,error,cpu_seconds,peak_rss_bytes,"
                                 "stdout_dropped_bytes,stderr_dropped_bytes,seq,worker_name,"
                                 "run_seconds,input,command"));
  EXPECT_THAT(lines[1], MatchesRegex("0,failed,1,.*,1,5,,,0\\.[0-9]+,[0-9]+,0,0,1,.+,0\\.[0-9]+,1,"
                                     "/bin/sh -c 'exit 5' sh"));
}

TEST_F(ExecOutput, EndsTheRunIfItCannotBeWritten) {
  Program& full = start({programs_directory() / "rollcall",
                         {"exec", "-q", "--range", "1-100000", "--", "echo", "{}"},
                         {},
                         {},
                         "/dev/full"});
  EXPECT_EQ(full.wait(), 6) << full.story();
  EXPECT_THAT(full.err(), HasSubstr("No space left on device"));
  Program& closed = start({"/bin/sh",
                           {"-c", "\"$0\" exec -q --range 1-100000 -- echo {} | head -n 2",
                            (programs_directory() / "rollcall").string()},
                           {},
                           {},
                           {}});
  EXPECT_EQ(closed.wait(), 0) << closed.story();
  EXPECT_THAT(closed.out_lines(), SizeIs(2));
}

TEST_F(ExecOutput, DoesNotGoToAFileOpenedInPlaceOfAClosedStream) {
  Program& run =
      start({"/bin/sh",
             {"-c", "exec \"$0\" \"$@\" >&- 2>&-", (programs_directory() / "rollcall").string(),
              "exec", "--range", "1-3", "-j", "1", "--joblog", file("log"), "--shell", "--",
              "echo out; echo err >&2"},
             {},
             {},
             {}});
  EXPECT_EQ(run.wait(), 6) << run.story();
  EXPECT_THAT(lines_of(contents_of(file("log"))),
              AllOf(Not(IsEmpty()), Each(AnyOf(StartsWith("Seq\t"), MatchesRegex("[0-9]\t.*")))));
}

}  // namespace
}  // namespace rollcall::integration
