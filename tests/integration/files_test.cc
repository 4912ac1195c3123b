// Files of other people, of other runs, and of runs that were killed.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Files : public ProgramsTest {
 protected:
  Program& long_run(const Arguments& more) {
    return rollcall(Arguments{"-n", "1", "--pause", "60s", "-w", "1"} + more, runtime());
  }
  Program& short_run(const Arguments& more) {
    return rollcall(Arguments{"-n", "1", "--pause", "0", "-w", "1", "-q"} + more, runtime());
  }
  Environment runtime() const { return {{"XDG_RUNTIME_DIR", file("")}}; }
  /// What coordinators have in their runtime directory.
  std::vector<std::string> runtime_files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(file("rollcall"))) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
};

TEST_F(Files, ThatAreNotAccessFilesAreLeftAlone) {
  std::ofstream(access_file()) << "precious\n";
  Program& run = short_run({"--access-file", access_file(), "--journal", file("j")});
  EXPECT_EQ(run.wait(), 2) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("--access-file: " + access_file() +
                                   " exists and is not an access file: expected "));
  EXPECT_THAT(lines_of(run.err()), SizeIs(1));
  EXPECT_EQ(contents_of(access_file()), "precious\n");
  EXPECT_FALSE(fs::exists(file("j"))) << "the journal of a run that has not started";
}

TEST_F(Files, OfALivingRunAreLeftAlone) {
  Program& first = long_run({"--access-file", access_file()});
  ASSERT_TRUE(wait_for_file("access"));
  const std::string before = contents_of(access_file());
  Program& second = short_run({"--access-file", access_file()});
  EXPECT_EQ(second.wait(), 2) << second.story();
  EXPECT_THAT(second.err(), HasSubstr("is the access file of a run that is alive"));
  EXPECT_EQ(contents_of(access_file()), before);
  first.signal(SIGTERM);
  EXPECT_EQ(first.wait(), 143) << first.story();
  EXPECT_FALSE(fs::exists(access_file()));
}

TEST_F(Files, OfAKilledRunAreRemovedAtTheNextStart) {
  for (const int number : {SIGKILL, SIGHUP}) {
    Program& killed = long_run({"--access-file", access_file(), "-o", file("r.csv")});
    ASSERT_TRUE(wait_for_file("access"));
    ASSERT_TRUE(wait_until([&] { return runtime_files().size() == 2; }));
    killed.signal(number);
    killed.wait();
    EXPECT_TRUE(wait_for_no_process());
    Program& next = short_run({"-o", file("r.csv")});
    EXPECT_EQ(next.wait(), 0) << next.story();
    EXPECT_FALSE(fs::exists(access_file())) << "signal " << number;
    EXPECT_THAT(runtime_files(), IsEmpty()) << "signal " << number;
    for (const auto& entry : fs::directory_iterator(file(""))) {
      EXPECT_NE(entry.path().extension(), ".tmp") << entry;
    }
  }
}

TEST_F(Files, OfAKilledRunCanBeReplaced) {
  Program& killed = long_run({"--access-file", access_file()});
  ASSERT_TRUE(wait_for_file("access"));
  killed.signal(SIGKILL);
  killed.wait();
  const std::string left = contents_of(access_file());
  Program& next = long_run({"--access-file", access_file()});
  ASSERT_TRUE(wait_until([&] { return contents_of(access_file()) != left; }));
  Program& other = worker({"--access-file", access_file(), "--connect-timeout", "20s"});
  next.signal(SIGTERM);
  EXPECT_EQ(next.wait(), 143) << next.story();
  other.signal(SIGTERM);
  other.wait();
}

}  // namespace
}  // namespace rollcall::integration
