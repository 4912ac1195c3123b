// Columns with names, and records of CSV.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ExecCsv : public JournaledRuns {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
    return file(name);
  }
  std::string out_of(const Arguments& arguments, const std::string& input = {}) {
    Program& run = exec(Arguments{"-q", "-k"} + arguments, input);
    EXPECT_EQ(run.wait(), 0) << run.story();
    return run.out();
  }
  /// `cat FILE | rollcall exec -q -k ARGUMENTS`: the input is streamed.
  Program& piped(const std::string& path, const Arguments& arguments) {
    const std::string script = "input=$1; shift; cat $input | \"$@\"";
    const std::string program = (programs_directory() / "rollcall").string();
    return start({"/bin/sh",
                  Arguments{"-c", script, "sh", path, program, "exec", "-q", "-k"} + arguments,
                  {},
                  {},
                  {}});
  }
};

const std::string kTable =
    "\xef\xbb\xbf"
    "name,\"the text\"\r\n"
    "one,\"a, \"\"b\"\"\"\r\n"
    "two,\"line\nbreak\"\r\n";

TEST_F(ExecCsv, HasFieldsByNumberAndByName) {
  const std::string expected = "one: a, \"b\"\ntwo: line\nbreak\n";
  const Arguments echo = {"echo", "{name}: {the text}"};
  const std::string table = write("t.csv", kTable);
  EXPECT_EQ(out_of(Arguments{"--csv", "--header", "-a", table} + echo), expected);
  Program& streamed = piped(table, Arguments{"--csv", "--header"} + echo);
  EXPECT_EQ(streamed.wait(), 0) << streamed.story();
  EXPECT_EQ(streamed.out(), expected);
  EXPECT_EQ(out_of({"--csv", "--tag", "echo", "{1}"}, "a,b\r\n"), "a,b\ta\n");
  EXPECT_EQ(out_of({"--csv", "echo", "{1}"}, "a,b\n\"c\nd\",e\n"), "a\nc\nd\n");
  EXPECT_EQ(out_of({"--csv", "--colsep", ";", "--shell", "echo {2}"}, "a;\"$(b)\"\n"), "$(b)\n");
}

TEST_F(ExecCsv, WarnsOnceOfANameThatIsNoColumn) {
  const std::string table = write("t.csv", "name,size\none,1\ntwo,2\n");
  const std::string warning = "{nmae} is not a column: the columns are name, size\n";
  const Arguments echo = {"--csv", "--header", "echo", "{nmae}", "{size}"};
  Program& run = exec(Arguments{"-q", "-k", "-a", table} + echo);
  EXPECT_EQ(run.wait(), 0);
  EXPECT_EQ(run.out(), "{nmae} 1\n{nmae} 2\n");
  EXPECT_EQ(run.err(), "rollcall exec: warning: " + warning);
  Program& dry = exec(Arguments{"--dry-run", "-a", table} + echo);
  EXPECT_EQ(dry.wait(), 0);
  EXPECT_EQ(dry.err(), "rollcall exec: warning: " + warning);
  Program& streamed = piped(table, echo);
  EXPECT_EQ(streamed.wait(), 0);
  const std::string err = streamed.err();
  EXPECT_THAT(err, HasSubstr(warning));
  EXPECT_EQ(err.find("{nmae}"), err.rfind("{nmae}")) << err;
}

TEST_F(ExecCsv, NamesColumnsWithoutCsv) {
  EXPECT_EQ(out_of({"--header", "--colsep", ",", "echo", "{b}-{a}"}, "a,b\n1,2\n"), "2-1\n");
  EXPECT_EQ(out_of({"--header", "echo", "{host}"}, "host\nx y\n"), "x y\n");
  EXPECT_EQ(
      out_of({"--header", "echo", "{x}{y}", ":::", "x", "1", "2", "::::", write("y", "y\n3\n")}),
      "13\n23\n");
}

TEST_F(ExecCsv, ReportsTheLineOfAnError) {
  Program& file = exec({"-q", "--csv", "echo", "{1}"}, "a\n\"b\n");
  EXPECT_EQ(file.wait(), 2) << file.story();
  EXPECT_EQ(file.out(), "") << "a file is checked before";
  Program& open = piped(write("open", "a\n\"b\n"), {"--csv", "echo", "{1}"});
  EXPECT_EQ(open.wait(), 6) << open.story();
  EXPECT_EQ(open.out(), "a\n") << "the records before are run";
  EXPECT_THAT(open.err(), HasSubstr("standard input: line 2: a quote is not closed\n"));
  Program& twice = piped(write("twice", "a,a\n1,2\n"), {"--header", "--csv", "echo", "{1}"});
  EXPECT_EQ(twice.wait(), 2) << twice.story();
  EXPECT_THAT(twice.err(), HasSubstr("standard input: line 1: two columns are named \"a\"\n"));
  Program& empty = exec({"-q", "--header", "echo", ":::", "a", "1", "::::", "/dev/null"});
  EXPECT_EQ(empty.wait(), 2) << empty.story();
  EXPECT_THAT(empty.err(),
              HasSubstr(":::: /dev/null: --header: the first line, a name, is missing"));
  Program& colon = exec({"--header", ":", "echo"}, "a\n");
  EXPECT_EQ(colon.wait(), 2) << colon.story();
}

TEST_F(ExecCsv, AJournalHasTheInputAsItWas) {
  for (const bool is_file : {true, false}) {
    const std::string path = file(is_file ? "file.journal" : "stream.journal");
    const std::string script =
        "echo {name}: {the text}; test {name} = one || test -e " + file("go");
    const std::string table = write("t.csv", kTable);
    const Arguments more = {"--journal", path, "--csv", "--header", "--shell", script};
    Program& run = is_file ? exec(Arguments{"-q", "-k", "-a", table} + more) : piped(table, more);
    EXPECT_EQ(run.wait(), 1) << run.story();
    touch("go");
    Program& resumed = command({"resume", path, "--retry-failed", "-q"});
    EXPECT_EQ(resumed.wait(), 0) << resumed.story();
    EXPECT_EQ(resumed.out(), "two: line\nbreak\n");
    std::filesystem::remove(file("go"));
  }
}

TEST_F(ExecCsv, AJournalHasSeveralInputsWithTheirNames) {
  const std::string x = write("x", "x\n1\n2\n");
  const std::string y = write("y", "y\n3\n");
  Program& run = exec({"-q", "-k", "--journal", journal(), "--header", "--shell",
                       "echo {x}{y}; test -e " + file("go"), "::::", x, y});
  EXPECT_EQ(run.wait(), 1) << run.story();
  write("x", "other\n");
  touch("go");
  Program& resumed = command({"resume", journal(), "--retry-failed", "-q"});
  EXPECT_EQ(resumed.wait(), 0) << resumed.story();
  EXPECT_EQ(resumed.out(), "13\n23\n");
}

}  // namespace
}  // namespace rollcall::integration
