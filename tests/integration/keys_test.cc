// Keys made in advance, and health checks.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <regex>
#include <string>

#include "common/access/access.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class Keys : public ProgramsTest {
 protected:
  /// Runs `rollcall keys` for an endpoint that is not in use yet.
  std::string make_keys(const std::string& name) {
    Program& keys = start({programs_directory() / "rollcall",
                           {"keys", file(name), "--endpoint", "ipc://" + file("socket")},
                           {},
                           {},
                           {}});
    EXPECT_EQ(keys.wait(), 0) << keys.story();
    return file(name);
  }
  /// HOST:PORT of the health checks, from the log of a program.
  static std::string health_address(Program& program) {
    EXPECT_TRUE(program.wait_for_err("answering health checks url=http://")) << program.story();
    std::smatch found;
    const std::string log = program.err();
    std::regex_search(log, found, std::regex("http://([0-9.:]+)"));
    return found[1];
  }
};

TEST_F(Keys, ServeConsecutiveRuns) {
  const std::string keys = make_keys("keys");
  const std::string access = keys + "/run.access";
  const std::string before = contents_of(access);
  for (int i = 0; i < 2; ++i) {
    Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "0", "--keys", keys});
    Program& other = worker({"--access-file", access});
    EXPECT_EQ(run.wait(), 0) << run.story();
    EXPECT_EQ(other.wait(), 0) << other.story();
  }
  EXPECT_EQ(contents_of(access), before);
}

TEST_F(Keys, ServeLocalWorkersAndAnAccessFile) {
  const std::string keys = make_keys("keys");
  Program& run = rollcall({"-n", "5", "--pause", "1s", "-w", "1", "--keys", keys, "--access-file",
                           access_file(), "--wait-for-workers", "2", "--output", "json"});
  ASSERT_TRUE(wait_for_file("access"));
  EXPECT_EQ(contents_of(access_file()), contents_of(keys + "/run.access"));
  Program& other = worker({"--access-file", access_file()});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(other.wait(), 0) << other.story();
  EXPECT_THAT(document_of(run)["workers"], SizeIs(2));
  EXPECT_FALSE(std::filesystem::exists(access_file()));
  EXPECT_TRUE(std::filesystem::exists(keys + "/run.access"));
}

TEST_F(Keys, OfAnotherDirectoryAreRejected) {
  const std::string keys = make_keys("keys");
  const std::string old = make_keys("old");
  Program& run =
      rollcall({"-n", "5", "--pause", "2s", "-w", "1", "--keys", keys, "--output", "json"});
  Program& late = worker({"--access-file", old + "/run.access", "--connect-timeout", "1s"});
  EXPECT_EQ(late.wait(), 4) << late.story();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(document_of(run)["workers"], SizeIs(1));
}

TEST_F(Keys, AreNeverReplacedAndMustExist) {
  const std::string keys = make_keys("keys");
  const std::string before = contents_of(keys + "/coordinator.keys");
  Program& again = start(
      {programs_directory() / "rollcall", {"keys", keys, "--endpoint", "alpha:7700"}, {}, {}, {}});
  EXPECT_EQ(again.wait(), 2);
  EXPECT_THAT(again.err(), HasSubstr("already exists; left unchanged"));
  EXPECT_THAT(lines_of(again.err()), SizeIs(1));
  EXPECT_EQ(contents_of(keys + "/coordinator.keys"), before);
  Program& none = rollcall({"-n", "5", "--keys", file("nowhere")});
  EXPECT_EQ(none.wait(), 2);
  EXPECT_THAT(none.err(), HasSubstr("--keys: cannot read keys file"));
  Program& same = rollcall({"-n", "5", "--keys", keys, "--access-file", keys + "/run.access"});
  EXPECT_EQ(same.wait(), 2);
  EXPECT_TRUE(std::filesystem::exists(keys + "/run.access"));
}

class Health : public Keys {};

TEST_F(Health, ReportsAPortInUse) {
  Program& run = rollcall({"-n", "1", "--pause", "60s", "--http", "127.0.0.1:0", "--access-file",
                           access_file(), "--log-level", "info"});
  const std::string taken = health_address(run);
  Program& second = rollcall({"-n", "1", "--http", taken});
  EXPECT_EQ(second.wait(), 2);
  EXPECT_EQ(second.err(),
            "rollcall sleep: --http: cannot listen at " + taken + ": Address already in use\n");
  ASSERT_TRUE(wait_for_file("access"));
  Program& other = worker({"--access-file", access_file(), "--http", taken});
  EXPECT_EQ(other.wait(), 2);
  EXPECT_THAT(other.err(), HasSubstr("--http: cannot listen at " + taken));
  EXPECT_THAT(lines_of(other.err()), SizeIs(1));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 128 + SIGTERM) << run.story();
}

}  // namespace
}  // namespace rollcall::integration
