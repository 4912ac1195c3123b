// Exit statuses and messages of runs that cannot succeed.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/access/access.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const Arguments kShort = {"-n", "5", "--pause", "50ms", "-w", "1"};

class Endings : public ProgramsTest {};

TEST_F(Endings, FullDiskForResultsIsStatus6) {
  for (const char* name : {"results.csv", "results.jsonl"}) {
    fs::create_symlink("/dev/full", file(name));
    Program& run = rollcall(kShort + Arguments{"--results", file(name)});
    EXPECT_EQ(run.wait(), 6) << run.story();
    EXPECT_THAT(run.err(), HasSubstr(name));
    EXPECT_THAT(run.out(), HasSubstr("5 async tasks validated in"));
  }
}

TEST_F(Endings, ResultsThatDoNotFitLeaveTheExistingFileUnchanged) {
  std::ofstream(file("results.csv")) << "older\n";
  const std::string command = (programs_directory() / "rollcall").string() +
                              " sleep -n 500 --pause 0 -w 1 --task-lines never --results " +
                              file("results.csv");
  // Files are limited to 8 blocks of 512 bytes, so a write fails in the middle, as on a full disk.
  Program& run =
      start({"/bin/sh", {"-c", "trap '' XFSZ; ulimit -f 8; exec " + command}, {}, {}, {}});
  EXPECT_EQ(run.wait(), 6) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("results.csv"));
  EXPECT_EQ(contents_of(file("results.csv")), "older\n");
  for (const fs::directory_entry& entry : fs::directory_iterator(file("."))) {
    EXPECT_NE(entry.path().extension(), ".tmp");
  }
}

TEST_F(Endings, FullDiskForStandardOutputIsStatus6) {
  for (const char* form : {"text", "json", "jsonl"}) {
    Program& run = start({programs_directory() / "rollcall",
                          Arguments{"sleep", "--output", form} + kShort,
                          {},
                          {},
                          "/dev/full"});
    EXPECT_EQ(run.wait(), 6) << run.story();
    EXPECT_THAT(run.err(), HasSubstr("standard output"));
  }
}

TEST_F(Endings, UnusableFileOrEndpointIsStatus2) {
  std::ofstream(file("not-a-directory")) << "a file";
  for (const Arguments& unusable :
       {Arguments{"--results", file("missing/results.csv")},
        Arguments{"--access-file", file("missing/access")},
        Arguments{"--log-file", file("not-a-directory/log")},
        Arguments{"--log-file", file("missing/log")}, Arguments{"--bind", "tcp://192.0.2.1:5555"},
        Arguments{"--bind", "tcp://no.such.host.invalid:5555"}}) {
    Program& run = rollcall(kShort + unusable);
    EXPECT_EQ(run.wait(), 2) << run.story();
    EXPECT_NE(run.err(), "");
    EXPECT_EQ(run.out(), "");
  }
}

TEST_F(Endings, PortInUseIsStatus2) {
  Program& first =
      rollcall({"-n", "1", "--pause", "60s", "-w", "1", "--access-file", access_file()});
  ASSERT_TRUE(wait_for_file("access"));
  const std::string endpoint = read_access_file(access_file()).value().endpoint;
  Program& second = rollcall(kShort + Arguments{"--bind", endpoint});
  EXPECT_EQ(second.wait(), 2) << second.story();
  EXPECT_THAT(second.err(), HasSubstr(endpoint));
  EXPECT_TRUE(first.running());
}

TEST_F(Endings, NoJoinedWorkerIsStatus4) {
  Program& run =
      rollcall({"-n", "5", "-w", "0", "--access-file", access_file(), "--join-timeout", "300ms"});
  EXPECT_EQ(run.wait(), 4) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("no worker connected within --join-timeout"));
  EXPECT_THAT(run.err(), HasSubstr("\nrollcall sleep: no task was started\n"));
  EXPECT_EQ(run.out(), "");
  Program& commands = exec({"--range", "1-2", "-w", "0", "--access-file", access_file(),
                            "--join-timeout", "100ms", "--", "true"});
  EXPECT_EQ(commands.wait(), 4) << commands.story();
  EXPECT_THAT(commands.err(), HasSubstr("\nrollcall exec: no task was started\n"));
  EXPECT_THAT(commands.err(), Not(HasSubstr("failed")));
}

TEST_F(Endings, FewerWorkersThanRequiredIsStatus4) {
  // On a slow machine the local worker needs longer.
  for (int seconds = 1;; seconds *= 2) {
    Program& run =
        rollcall(kShort + Arguments{"-w", "1", "--wait-for-workers", "2", "--require-workers",
                                    "--join-timeout", std::to_string(seconds), "--access-file",
                                    access_file()});
    EXPECT_EQ(run.wait(), 4) << run.story();
    EXPECT_THAT(run.err(), HasSubstr("\nrollcall sleep: no task was started\n"));
    EXPECT_EQ(run.out(), "");
    if (run.err().find("only 1 of 2 workers connected within --join-timeout") != std::string::npos)
      return;
    ASSERT_LT(seconds, 30) << run.story();
  }
}

TEST_F(Endings, MissingWorkerProgramIsStatus2) {
  fs::copy_file(programs_directory() / "rollcall", file("rollcall"));
  Program& run = start({file("rollcall"), Arguments{"sleep"} + kShort, {}, {}, {}});
  EXPECT_EQ(run.wait(), 2) << run.story();
  EXPECT_EQ(run.err(), "rollcall sleep: cannot start local workers with " +
                           file("rollcall-worker") +
                           ": No such file or directory; install rollcall-worker in the "
                           "directory of rollcall\n");
  EXPECT_EQ(run.out(), "");
}

TEST_F(Endings, WrongCommandLineIsStatus2WithoutOutput) {
  for (const Arguments& wrong :
       {Arguments{"--task-count", "ten"}, Arguments{"--no-such-option"}, Arguments{"surplus"},
        Arguments{"--workers", "0"}, Arguments{"--wait-timeout", "1s"},
        Arguments{"--liveness", "1s", "--heartbeat-interval", "1s"}}) {
    Program& run = rollcall(wrong);
    EXPECT_EQ(run.wait(), 2) << run.story();
    EXPECT_EQ(run.out(), "");
  }
  EXPECT_EQ(worker({}).wait(), 2);
  EXPECT_EQ(worker({"--access-file", file("x"), "--slots", "0"}).wait(), 2);
}

TEST_F(Endings, InvalidAccessFileIsStatus2) {
  Program& reading = worker({"--access-file", "-"}, "{\"schema\": \"something else\"}\n");
  EXPECT_EQ(reading.wait(), 2) << reading.story();
}

TEST_F(Endings, VersionAndHelpAreStatus0) {
  for (const char* program : {"rollcall", "rollcall-worker"}) {
    for (const char* option : {"--version", "--help"}) {
      Program& run = start({programs_directory() / program, {option}, {}, {}, {}});
      EXPECT_EQ(run.wait(), 0) << run.story();
      EXPECT_THAT(run.out(), HasSubstr("rollcall"));
    }
  }
}

}  // namespace
}  // namespace rollcall::integration
