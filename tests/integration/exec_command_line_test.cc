// The command line of `rollcall exec` as fingers that know xargs and parallel type it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;

class ExecCommandLine : public ProgramsTest {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
    return file(name);
  }
  /// The standard output of a run with --keep-order, which must exit with status 0.
  std::string out_of(const Arguments& arguments, const std::string& input = {}) {
    Program& run = exec(Arguments{"-k", "-q"} + arguments, input);
    EXPECT_EQ(run.wait(), 0) << run.story();
    return run.out();
  }
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

}  // namespace
}  // namespace rollcall::integration
