// Runs of commands with a journal: report and resume.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

class JournaledExec : public JournaledRuns {
 protected:
  /// `rollcall exec --journal FILE MORE`.
  Program& journaled_exec(const Arguments& more) {
    return exec(Arguments{"--journal", journal()} + more);
  }
};

/// Three of these commands fail, each in a different way.
const Arguments kFailing = {"--range",
                            "1-20",
                            "-j",
                            "2",
                            "--timeout",
                            "5s",
                            "--shell",
                            "--",
                            "n={}; echo out $n; case $n in"
                            " 3) echo one >&2; echo two >&2; exit 7;;"
                            " 5) kill -9 $$;;"
                            " 8) sleep 60;;"
                            " esac"};

TEST_F(JournaledExec, JoblogHasTheLastAttemptOfEachTaskAfterAResume) {
  Program& run = journaled_exec({"-q", "--range", "1-4", "-j", "1", "--joblog", file("log"),
                                 "--shell", "--", "test -e " + file("fixed") + " || exit {}"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(lines_of(contents_of(file("log"))), SizeIs(5));
  std::ofstream(file("fixed")).flush();
  Program& resumed = command({"resume", journal(), "--retry-failed"});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  const std::vector<std::string> lines = lines_of(contents_of(file("log")));
  ASSERT_THAT(lines, SizeIs(5)) << contents_of(file("log"));
  EXPECT_THAT(lines[0], HasSubstr("Exitval"));
  for (std::size_t i = 1; i < lines.size(); ++i) EXPECT_THAT(lines[i], HasSubstr("\t0\t0\t"));
}

TEST_F(JournaledExec, JsonReportEqualsTheOutputOfTheRun) {
  Program& run = journaled_exec(Arguments{"--output", "json", "--summary", "full"} + kFailing);
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(document_of(run)["commands"]["failed"], SizeIs(3));
  Program& report = command({"report", journal(), "--output", "json"});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_EQ(report.out(), run.out());
  EXPECT_EQ(report.err(), run.err());
}

TEST_F(JournaledExec, TextReportEqualsTheSummaryOfTheRun) {
  Program& run = journaled_exec(Arguments{"--summary", "full"} + kFailing);
  EXPECT_EQ(run.wait(), 1) << run.story();
  Program& report = command({"report", journal()});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_THAT(report.err(), HasSubstr("3 tasks failed:\n"));
  EXPECT_THAT(run.err(), EndsWith(report.err()));
  // The output of the commands is not printed again.
  EXPECT_THAT(report.out(), IsEmpty());
}

TEST_F(JournaledExec, PrintsTheOutputOfATaskAgain) {
  const std::string script = "echo out {}; echo err {} >&2; [ {} = 1 ] || yes {} | head -c 200000";
  Program& run = journaled_exec({"-q", "--range", "1-2", "--shell", "--", script});
  EXPECT_EQ(run.wait(), 0) << run.story();
  Program& first = command({"output", journal(), "0"});
  EXPECT_EQ(first.wait(), 0) << first.story();
  EXPECT_EQ(first.out(), "out 1\n");
  EXPECT_EQ(first.err(), "err 1\n");
  Program& second = command({"output", journal(), "1"});
  EXPECT_EQ(second.wait(), 1) << second.story();
  EXPECT_EQ(second.out(), "");
  EXPECT_THAT(second.err(),
              MatchesRegex("rollcall output: task 1: the first [0-9]+ bytes of its output were "
                           "deleted when they were printed: only --keep-output keeps them\n"));
  Program& none = command({"output", journal(), "2"});
  EXPECT_EQ(none.wait(), 2) << none.story();
  EXPECT_EQ(none.err(),
            "rollcall output: task 2: " + journal() + " has 2 tasks, numbered from 0\n");
}

TEST_F(JournaledExec, KeepsLongOutputIfThatIsRequested) {
  const std::string script = "yes {} | head -c 2000000; yes e{} | head -c 300000 >&2; exit {}";
  Program& run = journaled_exec({"-q", "--keep-output", "--retries", "1", "--retry-delay", "0",
                                 "--range", "1-2", "--shell", "--", script});
  EXPECT_EQ(run.wait(), 1) << run.story();
  for (const std::string task : {"0", "1"}) {
    Program& output = command({"output", journal(), task});
    EXPECT_EQ(output.wait(), 0) << output.story();
    const std::string number = task == "0" ? "1\n" : "2\n";
    EXPECT_EQ(output.out().size(), 2'000'000U);
    EXPECT_EQ(output.out().find_first_not_of(number), std::string::npos);
    EXPECT_EQ(output.err().size(), 300'000U);
    EXPECT_TRUE(output.err().starts_with("e" + number));
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(journal() + "-output")) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 4U) << "those of the first attempts are deleted";
}

TEST_F(JournaledExec, KeepsOutputAcrossAResume) {
  const std::string go = file("go");
  const std::string script =
      "yes {} | head -c 200000; [ {} = 1 ] || until [ -e " + go + " ]; do sleep 0.02; done";
  Program& run = journaled_exec({"-q", "--keep-output", "--leave-running", "-j", "2", "--range",
                                 "1-2", "--shell", "--", script});
  ASSERT_TRUE(wait_until([&] { return run.out().size() == 200'000; }));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 143) << run.story();
  std::ofstream(go) << "\n";
  Program& resumed = command({"resume", journal(), "-q"});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(resumed.out().size(), 200'000U);
  for (const char* task : {"0", "1"}) {
    Program& output = command({"output", journal(), task});
    EXPECT_EQ(output.wait(), 0) << output.story();
    EXPECT_EQ(output.out().size(), 200'000U);
  }
}

TEST_F(JournaledExec, PrintsWhatMaxOutputLeftOfATask) {
  Program& run = journaled_exec({"-q", "--max-output", "3", "echo", "{}", ":::", "abcdef"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  Program& output = command({"output", journal(), "0"});
  EXPECT_EQ(output.wait(), 1) << output.story();
  EXPECT_EQ(output.out(), "abc");
  EXPECT_EQ(output.err(),
            "rollcall output: task 0: 4 bytes of its output were dropped (--max-output)\n");
}

TEST_F(JournaledExec, HasNoOutputOfATaskThatHasNotRun) {
  Program& run =
      journaled_exec({"-q", "--halt", "now,fail=1", "-j", "1", "--range", "1-2", "false"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  Program& output = command({"output", journal(), "1"});
  EXPECT_EQ(output.wait(), 1) << output.story();
  EXPECT_EQ(output.err(), "rollcall output: task 1 has no output: its command never started\n");
}

TEST_F(JournaledExec, ResumesInTheOriginalDirectory) {
  const std::filesystem::path directory = file("a directory");
  std::filesystem::create_directories(directory / "sub");
  const std::string rollcall = (programs_directory() / "rollcall").string();
  const std::string options =
      " --progress none --journal run.journal --results out.csv --output-dir outputs --joblog log"
      " --cwd sub -j 1 --range 1-3";
  Program& run =
      start({"/bin/sh",
             {"-c", "cd '" + directory.string() + "' && exec " + rollcall + " exec" + options +
                        " --shell -- 'echo {} >> effects; [ -e go ] || sleep 60'"},
             {},
             {},
             {}});
  ASSERT_TRUE(wait_until([&] { return !contents_of(directory / "sub" / "effects").empty(); }));
  for (const pid_t worker : kill_coordinator(run)) ::kill(worker, SIGKILL);
  ASSERT_TRUE(wait_for_no_process());
  std::ofstream(directory / "sub" / "go") << "now";

  // Run from another directory.
  Program& resumed = command({"resume", "a directory/run.journal"});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_THAT(lines_of(contents_of(directory / "out.csv")), SizeIs(4));
  EXPECT_THAT(lines_of(contents_of(directory / "log")), SizeIs(4));
  EXPECT_TRUE(std::filesystem::exists(directory / "outputs" / "2.out"));
  EXPECT_EQ(contents_of(directory / "sub" / "effects"), "1\n1\n2\n3\n");
}

TEST_F(JournaledExec, ReportsAMissingDirectory) {
  const std::filesystem::path directory = file("gone");
  std::filesystem::create_directories(directory);
  const std::string rollcall = (programs_directory() / "rollcall").string();
  Program& run = start({"/bin/sh",
                        {"-c", "cd '" + directory.string() + "' && exec " + rollcall +
                                   " exec --journal " + journal() + " --range 1-1 -- false"},
                        {},
                        {},
                        {}});
  EXPECT_EQ(run.wait(), 1) << run.story();
  std::filesystem::remove(directory);
  Program& resumed = command({"resume", "--retry-failed", journal()});
  EXPECT_EQ(resumed.wait(), 2) << resumed.story();
  EXPECT_EQ(resumed.err(), "rollcall resume: " + journal() + ": cannot enter " +
                               directory.string() +
                               ", where the run began: No such file or directory\n");
}

class JournaledExecWithStandardInput : public JournaledExec {
 protected:
  /// Starts a run of two tasks, and kills the coordinator while the first one hangs, after it has
  /// read its standard input.
  void start_and_kill(const Arguments& input) {
    std::ofstream(file("input")) << "as it was\n";
    Program& run = journaled_exec(
        Arguments{"--stdin", file("input"), "-j", "1"} + input +
        Arguments{"--shell", "--",
                  "echo {} $(cat) >> " + file("read") + "; [ -e " + file("go") + " ] || sleep 60"});
    ASSERT_TRUE(wait_until([&] { return !contents_of(file("read")).empty(); }));
    for (const pid_t worker : kill_coordinator(run)) ::kill(worker, SIGKILL);
    ASSERT_TRUE(wait_for_no_process());
    std::ofstream(file("go")) << "now";
  }
  void expect_original_input() {
    Program& resumed = command({"resume", journal()});
    EXPECT_EQ(resumed.wait(), 0) << resumed.story();
    EXPECT_EQ(contents_of(file("read")), "1 as it was\n1 as it was\n2 as it was\n");
  }
};

TEST_F(JournaledExecWithStandardInput, IsRestoredIfTheFileChanged) {
  start_and_kill({"--range", "1-2"});
  std::ofstream(file("input")) << "something else\n";
  expect_original_input();
}

TEST_F(JournaledExecWithStandardInput, IsRestoredIfTheFileIsGone) {
  std::ofstream(file("lines")) << "1\n2\n";
  start_and_kill({"--each-line", file("lines")});
  std::filesystem::remove(file("input"));
  std::filesystem::remove(file("lines"));
  expect_original_input();
}

TEST_F(JournaledExec, ReportsARunWithoutTasks) {
  Program& run = exec({"--journal", journal(), "--output", "json", "--", "true"}, "");
  EXPECT_EQ(run.wait(), 0) << run.story();
  Program& report = command({"report", journal(), "--output", "json"});
  EXPECT_EQ(report.wait(), 0) << report.story();
  EXPECT_EQ(report.out(), run.out());
}

}  // namespace
}  // namespace rollcall::integration
