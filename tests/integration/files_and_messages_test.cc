// Files of other people, of other runs, and of runs that were killed; what terminals and scripts
// get.
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

/// A terminal, for the tests of what only a terminal shows.
class Terminal : public ProgramsTest {
 protected:
  Program& on_terminal(const std::string& command) {
    return start(
        {"/usr/bin/script",
         {"-qec", (programs_directory() / "rollcall").string() + " " + command, "/dev/null"},
         {},
         {},
         {}});
  }
};

TEST_F(Terminal, ShowsInvisibleCharactersOfCommands) {
  std::ofstream(file("in")) << "a\u202eb\u200b\n";
  const std::string command = "exec --dry-run -a " + file("in") + " -- echo";
  Program& shown = on_terminal(command);
  EXPECT_EQ(shown.wait(), 0) << shown.story();
  EXPECT_EQ(shown.out(), "echo 'a\\u202eb\\u200b'\r\n");
  Program& exact = exec({"--dry-run", "-a", file("in"), "--", "echo"});
  EXPECT_EQ(exact.wait(), 0) << exact.story();
  EXPECT_EQ(exact.out(), "echo 'a\u202eb\u200b'\n");
}

TEST_F(Terminal, HasLogLinesWithoutTime) {
  Program& shown = on_terminal("sleep -n 1 --pause 0 -w 1 -q --log-level info");
  EXPECT_EQ(shown.wait(), 0) << shown.story();
  EXPECT_THAT(shown.out(), testing::ContainsRegex("(^|\n)rollcall-worker\\[[0-9]+\\] info: "));
  EXPECT_THAT(shown.out(), testing::Not(testing::ContainsRegex("[0-9]T[0-9][0-9]:[0-9][0-9]:")));
  Program& logged = rollcall({"-n", "1", "--pause", "0", "-w", "1", "-q", "--log-level", "info"});
  EXPECT_EQ(logged.wait(), 0) << logged.story();
  EXPECT_THAT(logged.err(), testing::ContainsRegex("[0-9]T[0-9][0-9]:[0-9][0-9]:"));
}

class Scripts : public ProgramsTest {};
class Summaries : public ProgramsTest {};
class Messages : public ProgramsTest {};

TEST_F(Scripts, GetTheEndOfTheRun) {
  Program& run = exec({"--range", "1-4", "-j", "2", "-q", "--output", "json", "--", "sh", "-c",
                       "exit $(( {} == 2 ))"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  const nlohmann::json document = document_of(run);
  EXPECT_EQ(document["finished"], true);
  EXPECT_EQ(document["exit_status"], 1);
  EXPECT_EQ(document["reason"], "tasks_failed");
  EXPECT_EQ(document["started_at"].get<std::string>().substr(0, 2), "20");
  EXPECT_GT(document["slot_seconds"]["busy"], 0.0);
}

TEST_F(Scripts, GetAnEventForEachFailedAttempt) {
  const std::string script = "test $ROLLCALL_ATTEMPT = 3 || exit 7";
  Program& run = exec({"--range", "1-2", "--retries", "2", "-q", "--output", "jsonl", "--control",
                       file("s"), "--", "sh", "-c", script});
  EXPECT_EQ(run.wait(), 0) << run.story();
  const auto failed = events_of(run, "attempt_failed");
  ASSERT_THAT(failed, SizeIs(4));
  for (const nlohmann::json& event : failed) {
    EXPECT_EQ(event["outcome"], "failed");
    EXPECT_EQ(event["exit_status"], 7);
    EXPECT_THAT(event["time"].get<std::string>(), testing::EndsWith("Z"));
  }
  const nlohmann::json first = events_of(run, "run_started").at(0);
  EXPECT_THAT(first["endpoint"].get<std::string>(), testing::StartsWith("tcp://127.0.0.1:"));
  EXPECT_EQ(first["control"], file("s"));
  EXPECT_GT(summary_of(run)["slot_seconds"]["retries"], 0.0);
}

TEST_F(Summaries, HaveNoOverheadWithRetries) {
  const std::string script = "test $ROLLCALL_ATTEMPT = 2";
  Program& run = exec({"--range", "1-3", "--retries", "1", "--", "sh", "-c", script});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("\nbusy      "));
  EXPECT_THAT(run.err(), HasSubstr(" s, retries "));
  EXPECT_THAT(run.err(), HasSubstr(" s, waiting "));
  EXPECT_THAT(run.err(), testing::Not(HasSubstr("overhead")));
}

TEST_F(Summaries, OfAnEmptyInputAreOneLine) {
  Program& run = exec({"--", "echo"}, "");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.out(), IsEmpty());
  EXPECT_EQ(run.err(), "no tasks: nothing was run\n");
}

TEST_F(Scripts, GetTheDrainedWorkers) {
  Program& run = rollcall(
      {"-n", "2", "--pause", "60s", "-w", "1", "--control", file("s"), "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "started", 2));
  const auto joined = events_of(run, "worker_joined").at(0);
  const std::string prefix = joined["worker"].get<std::string>().substr(0, 8);
  Program& drain = start({programs_directory() / "rollcall",
                          {"drain", prefix, "--control", file("s"), "--drain", "return"},
                          {{"ROLLCALL_OUTPUT", "jsonl"}},
                          {},
                          {}});
  EXPECT_EQ(drain.wait(), 0) << drain.story();
  const nlohmann::json document = document_of(drain);
  EXPECT_EQ(document["schema"], "rollcall/drain/1");
  EXPECT_EQ(document["draining"][0]["session"], joined["worker"]);
  EXPECT_EQ(run.wait(), 4) << run.story();
}

TEST_F(Messages, WarnOfCarriageReturnsOnce) {
  Program& run = exec({"-q", "--", "echo"}, "a\r\nb\r\nc\n");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.err(),
            "rollcall exec: warning: 2 of 3 input lines end with a carriage return (CRLF), which "
            "is part of the command: remove it with tr -d '\\r'\n");
}

TEST_F(Messages, NameTheTimeLimitThatEndedACommand) {
  Program& run = exec({"--range", "1-1", "--timeout", "0.2s", "--kill-after", "0.3s", "--", "sh",
                       "-c", "trap '' TERM; sleep 5 & wait; wait"});
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("timed out after 0.20 s, ended after 0.5"));
}

}  // namespace
}  // namespace rollcall::integration
