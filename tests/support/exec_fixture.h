// A test that runs `rollcall exec` and reads what it prints.
#pragma once

#include <fstream>
#include <ios>
#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {

class ExecTest : public ProgramsTest {
 protected:
  /// Writes a file into the test's directory and returns its path.
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
};

}  // namespace rollcall::integration
