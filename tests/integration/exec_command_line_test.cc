// The command line of `rollcall exec` as fingers that know xargs and parallel type it.
#include <gmock/gmock.h>

#include <filesystem>
#include <regex>
#include <string>

#include "tests/support/exec_fixture.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class ExecCommandLine : public ExecTest {
 protected:
  /// The standard error of a run that is not started: exit 2.
  std::string fault_of(const Arguments& arguments, const std::string& input = {}) {
    Program& run = exec(arguments, input);
    EXPECT_EQ(run.wait(), 2) << run.story();
    EXPECT_EQ(run.out(), "");
    return run.err();
  }
};

TEST_F(ExecCommandLine, NeedsNoDashes) {
  EXPECT_EQ(out_of({"echo", "-n", "{}"}, "a\nb\n"), "ab");
  EXPECT_EQ(out_of({"-j", "2", "--", "echo", "--", "x"}, "a\n"), "-- x a\n");
}

TEST_F(ExecCommandLine, HintsAtShellForAScript) {
  EXPECT_EQ(fault_of({"wc -l < {}"}, "a\n"),
            "rollcall exec: COMMAND \"wc -l < {}\": no program has this name: expected separate "
            "words, or --shell before a script\n");
  EXPECT_EQ(out_of({"--shell", "echo {} | tr a b"}, "a\n"), "b\n");
}

TEST_F(ExecCommandLine, CopiesBracesThatAreNoPlaceholders) {
  const std::string lines = write("numbers", "12\n345\n");
  EXPECT_EQ(out_of({"grep", "-E", "[0-9]{3}", "{}"}, lines + "\n"), "345\n");
  EXPECT_EQ(out_of({"echo", "a{1}b"}, "x\n"), "a{1}b x\n");
  EXPECT_EQ(out_of({"awk", "{print $1}"}, lines + "\n"), "12\n345\n");
  EXPECT_EQ(out_of({"--shell", "A=1; echo ${A} {}"}, "x\n"), "1 x\n");
  EXPECT_EQ(out_of({"echo", "{}"}, "{#} {} {/}\n"), "{#} {} {/}\n");
  EXPECT_EQ(out_of({"--colsep", ",", "echo", "{2} {1.}"}, "{2}.c,{1}\n"), "{1} {2}\n");
}

TEST_F(ExecCommandLine, CombinesSeveralInputs) {
  EXPECT_EQ(out_of({"echo", ":::", "a", "b c"}), "a\nb c\n");
  EXPECT_EQ(out_of({"echo", "{2}/{1}", ":::", "a", "b", ":::", "1", "2"}), "1/a\n2/a\n1/b\n2/b\n");
  EXPECT_EQ(out_of({"--tag", "echo", ":::", "a", "b", ":::+", "1", "2"}), "a 1\ta 1\nb 2\tb 2\n");
  const std::string lines = write("lines", "x\ny\n");
  EXPECT_EQ(out_of({"-a", lines, "-a", "-", "echo"}, "1\n2\n"), "x 1\nx 2\ny 1\ny 2\n");
  EXPECT_EQ(out_of({"echo", "{}", "::::", lines}), "x\ny\n");
  EXPECT_EQ(out_of({"--shell", "printf '%s.' {}; echo", "::::", lines, ":::", "a b"}),
            "x.a b.\ny.a b.\n");
  EXPECT_EQ(out_of({"--range", "1-2", "echo", "{1}{2}", ":::", "a", "b"}), "1a\n1b\n2a\n2b\n");
  EXPECT_EQ(out_of({"echo", ":::"}), "");
  EXPECT_EQ(out_of({"echo", "{1}.bak", ":::", "a", "b"}), "a.bak\nb.bak\n");
  EXPECT_EQ(out_of({"echo", "{1}.bak", "::::", lines}), "x.bak\ny.bak\n");
  EXPECT_EQ(out_of({"-a", lines, "echo", "{1}"}), "{1} x\n{1} y\n");
}

TEST_F(ExecCommandLine, NamesTheInputThatIsWrong) {
  EXPECT_EQ(fault_of({"echo", "::::", "/none", ":::", "a"}),
            "rollcall exec: :::: /none: No such file or directory\n");
  EXPECT_EQ(fault_of({"-a", "-", "echo", ":::", "a"}, std::string("x\ny\0", 4)),
            "rollcall exec: standard input: line 2 contains a NUL byte; use --null for "
            "NUL-separated input\n");
}

/// The journal has the lines of the files, not the product.
TEST_F(ExecCommandLine, ResumesCombinationsFromTheirInputs) {
  const std::string lines = write("lines", "x\ny\n\nz");
  const std::string journal = file("run.journal");
  const std::string mark = file("mark");
  const Arguments command = {"--shell", "test {2} != b || test -e " + mark + " && echo {1}{2}{3}",
                             "::::",    lines,
                             ":::",     "a",
                             "b",       ":::+",
                             "1",       "2"};
  Program& first = exec(Arguments{"-q", "--journal", journal} + command);
  EXPECT_EQ(first.wait(), 1) << first.story();
  EXPECT_THAT(first.out_lines(), UnorderedElementsAre("xa1", "ya1", "a1", "za1"));
  write("lines", "other\n");
  write("mark", "");
  Program& resumed = start(
      {programs_directory() / "rollcall", {"resume", journal, "--retry-failed", "-q"}, {}, {}, {}});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_THAT(resumed.out_lines(), UnorderedElementsAre("xb2", "yb2", "b2", "zb2"));
  Program& other = exec(Arguments{"-q", "--journal", journal, "--resume"} + command);
  EXPECT_EQ(other.wait(), 2) << other.story();
  EXPECT_THAT(other.err(),
              HasSubstr(" was created with different options: the input has changed\n"));
}

TEST_F(ExecCommandLine, RunsACommandForSeveralLines) {
  EXPECT_EQ(out_of({"-n", "2", "echo", "<{}>", "-"}, "a\nb c\nd\n"), "<a> <b c> -\n<d> -\n");
  EXPECT_EQ(out_of({"-n2", "--shell", "printf '%s.' {}; echo"}, "a\nb c\nd\n"), "a.b c.\nd.\n");
  EXPECT_EQ(out_of({"-n2", "--tag", "echo", "x", ":::", "a", "b", "c"}), "a b\tx a b\nc\tx c\n");
  EXPECT_EQ(out_of({"--range", "1-5", "-n", "2", "echo"}), "1 2\n3 4\n5\n");
  std::string numbers;
  for (int i = 1; i <= 30; ++i) numbers += std::to_string(i) + '\n';
  Program& xargs = start({"/usr/bin/env", {"xargs", "-s", "20", "echo"}, {}, numbers, {}});
  EXPECT_EQ(xargs.wait(), 0) << xargs.story();
  EXPECT_EQ(out_of({"-s", "20", "echo"}, numbers), xargs.out());
  EXPECT_EQ(
      fault_of({"-s", "12", "echo"}, "a\nb\n123456789\nc\n"),
      "rollcall exec: standard input: line 3 makes a command of 15 bytes: expected at most 12 "
      "(--max-chars)\n");
}

TEST_F(ExecCommandLine, ReplacesOneTextOnly) {
  EXPECT_EQ(out_of({"-I", "@", "echo", "@{}{1}", "@"}, "a\n"), "a{}{1} a\n");
  EXPECT_EQ(out_of({"-I{}", "awk", "BEGIN{x=\"{}\"; print x}"}, "a b\n"), "a b\n");
}

/// Groups that are committed stay as they are, and the rest of the file is read on.
TEST_F(ExecCommandLine, ResumesCommandsForSeveralLines) {
  const std::string lines = write("lines", "1\n2\n3\n4\n5\n6\n7\n");
  const std::string journal = file("run.journal");
  const std::string mark = file("mark");
  Program& first = exec(Arguments{"-q", "--journal", journal} +
                        Arguments{"-n", "2", "-a", lines, "--shell",
                                  "set {}; echo $*; test $1 != 3 || test -e " + mark});
  EXPECT_EQ(first.wait(), 1) << first.story();
  EXPECT_THAT(first.out_lines(), UnorderedElementsAre("1 2", "3 4", "5 6", "7"));
  write("lines", "other\n");
  write("mark", "");
  Program& resumed = start(
      {programs_directory() / "rollcall", {"resume", journal, "--retry-failed", "-q"}, {}, {}, {}});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(resumed.out(), "3 4\n");
  Program& other =
      exec({"-q", "--journal", journal, "--resume", "-n", "3", "-a", lines, "--shell", "true"});
  EXPECT_EQ(other.wait(), 2) << other.story();
  EXPECT_THAT(other.err(), HasSubstr("--max-args 2 and not 3"));
}

TEST_F(ExecCommandLine, RetriesForAReason) {
  const std::string script = "echo {} >> " + file("tries") + "; exit {}";
  Program& run = exec({"-q", "-j1", "--retries", "2", "--retry-on", "75", "--retry-delay", "0",
                       "--shell", script, ":::", "75", "1"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  std::vector<std::string> tries = lines_of(contents_of(file("tries")));
  EXPECT_THAT(tries, UnorderedElementsAre("75", "75", "75", "1"));
}

TEST_F(ExecCommandLine, RetriesAfterSignalsAndTimeouts) {
  const std::string script =
      "echo {} >> " + file("tries") + "; if [ {} = sleep ]; then exec sleep 60; fi; kill -9 $$";
  Program& run = exec({"-q", "--retries", "1", "--retry-on", "signal,timeout", "--retry-delay",
                       "10ms", "--timeout", "500ms", "--shell", script, ":::", "sleep", "kill"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(lines_of(contents_of(file("tries"))),
              UnorderedElementsAre("sleep", "sleep", "kill", "kill"));
}

/// From the first dispatch to the last outcome there are four delays.
TEST_F(ExecCommandLine, SpreadsStartsOverTime) {
  for (const Arguments& pace : {Arguments{"--delay", "100ms"}, Arguments{"--rate", "10/s"},
                                Arguments{"--delay", "100ms", "--rate", "1000000/s"}}) {
    Program& run = exec(Arguments{"-q", "-j5", "--output", "json", "--range", "1-5"} + pace +
                        Arguments{"true"});
    EXPECT_EQ(run.wait(), 0) << run.story();
    EXPECT_GE(document_of(run)["measured_seconds"].get<double>(), 0.4);
  }
}

TEST_F(ExecCommandLine, RunsCommandsWithANiceness) {
  EXPECT_EQ(
      out_of({"--nice", "19", "--range", "1-1", "--shell", "cut -d ' ' -f 19 /proc/self/stat"}),
      "19\n");
}

/// As {%} of parallel: no two commands of a worker that run at once have the same.
TEST_F(ExecCommandLine, TellsCommandsTheirSlot) {
  EXPECT_EQ(out_of({"-j1", "--env", "ROLLCALL_SLOT=x", "--range", "1-3", "--shell",
                    "echo $ROLLCALL_SLOT"}),
            "1\n1\n1\n");
  // Each waits until all three run.
  const std::string script = "touch " + file("at-") + "$ROLLCALL_SLOT; while [ ! -e " +
                             file("at-1") + " ] || [ ! -e " + file("at-2") + " ] || [ ! -e " +
                             file("at-3") + " ]; do sleep 0.01; done";
  EXPECT_EQ(out_of({"-j3", "--timeout", "60s", "--range", "1-3", "--shell", script}), "");
  EXPECT_EQ(out_of({"-j3", "--range", "1-100", "--shell",
                    "case $ROLLCALL_SLOT in [123]) ;; *) echo $ROLLCALL_SLOT ;; esac"}),
            "");
}

/// Each option in the help of xargs, if it is installed, is known or has a hint.
TEST_F(ExecCommandLine, KnowsTheOptionsOfXargs) {
  EXPECT_EQ(fault_of({"-P", "8", "-n", "1", "gzip"}),
            "rollcall exec: unknown option \"-P\": -P of xargs and parallel is -j\n");
  Program& help = start({"/usr/bin/env", {"xargs", "--help"}, {}, {}, {}});
  EXPECT_EQ(help.wait(), 0) << help.story();
  const std::string text = help.out();
  const std::regex option(R"((?:^|\s)(--?[A-Za-z0-9][-a-z]*))");
  int count = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at, ++count) {
    Program& run = exec({(*at)[1].str(), "1", "true"}, "");
    run.wait();
    EXPECT_THAT(run.err(), Not(HasSubstr("expected one that"))) << run.story();
    EXPECT_THAT(run.err(), Not(HasSubstr("did you mean"))) << run.story();
  }
  EXPECT_GT(count, 20);
}

}  // namespace
}  // namespace rollcall::integration
