// What the logs of both programs report about workers that join, leave, and cannot join.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/access/access.h"
#include "common/net/keys.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Logs : public ProgramsTest {
 protected:
  /// A run without local workers, whose log is all that is on standard error.
  Program& run_with_log(const Arguments& more) {
    const Arguments arguments{"-w",          "0",    "--access-file", access_file(),
                              "--log-level", "info", "--progress",    "none",
                              "--summary",   "none", "--task-lines",  "never"};
    Program& run = rollcall(arguments + more);
    EXPECT_TRUE(wait_for_file("access"));
    return run;
  }
  Program& named_worker(const std::string& name, const Arguments& more = {}) {
    return worker(Arguments{"--access-file", access_file(), "--name", name} + more);
  }
  /// Starts a worker that looks for a coordinator for one second.
  Program& lost_worker(const Access& access) {
    std::ofstream(file("other")) << to_json(access);
    std::filesystem::permissions(
        file("other"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return worker({"--access-file", file("other"), "--connect-timeout", "1s"});
  }
  Access access() const { return read_access_file(access_file()).value(); }
};

TEST_F(Logs, NameTheWorkersThatJoinAndLeave) {
  Program& run = run_with_log({"-n", "6", "--pause", "3s", "--wait-for-workers", "3"});
  Program& drained = named_worker("drained", {"--drain", "finish", "--slots", "4"});
  Program& ended = named_worker("ended");
  Program& killed = named_worker("killed by hand");
  ASSERT_TRUE(run.wait_for_err("worker joined name=drained host="));
  ASSERT_TRUE(run.wait_for_err("worker joined name=ended host="));
  ASSERT_TRUE(run.wait_for_err("worker joined name=\"killed by hand\" host="));
  drained.signal(SIGTERM);
  ended.signal(SIGTERM);
  ASSERT_TRUE(run.wait_for_err("worker left name=ended host="));
  killed.signal(SIGKILL);
  ASSERT_TRUE(run.wait_for_err("worker lost name=\"killed by hand\" host="));
  EXPECT_EQ(drained.wait(), 0) << drained.story();
  named_worker("last");
  EXPECT_EQ(run.wait(), 0) << run.story();
  const std::string session = " session=[0-9a-f]+ ";
  EXPECT_THAT(run.err(), ContainsRegex("info: worker joined name=drained host=[^ ]+" + session +
                                       "worker_pid=[0-9]+ slots=4\n"));
  EXPECT_THAT(run.err(), ContainsRegex("info: worker drained name=drained host=[^ ]+" + session +
                                       "tasks=[0-9]+ returned=0\n"));
  EXPECT_THAT(run.err(),
              ContainsRegex("info: worker left name=ended host=[^ ]+" + session +
                            "reason=\"it was terminated\" tasks=[0-9]+ returned=[0-9]+\n"));
  EXPECT_THAT(run.err(),
              ContainsRegex("warning: worker lost name=\"killed by hand\" host=[^ ]+" + session +
                            "reason=\"its connection was closed\" tasks=[0-9]+ returned=[0-9]+\n"));
  EXPECT_THAT(run.err(), HasSubstr("info: the run is over tasks=6 workers=4\n"));
}

TEST_F(Logs, AreCalmUnlessAskedForMore) {
  Program& run = rollcall({"-n", "2", "--pause", "0", "-w", "2"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), Not(HasSubstr("worker joined")));
}

TEST_F(Logs, AreObjectsOnEachLineWithJson) {
  Program& run = run_with_log({"-n", "2", "--pause", "0", "--log-format", "json"});
  Program& other = named_worker("w 1", {"--log-format", "json"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(other.wait(), 0) << other.story();
  std::vector<std::string> messages;
  for (const std::string& line : lines_of(run.err() + other.err())) {
    const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(object.is_object()) << line;
    for (const char* member : {"time", "level", "program", "pid", "message"}) {
      EXPECT_TRUE(object.contains(member)) << line;
    }
    messages.push_back(object.value("message", ""));
    if (messages.back() == "worker joined") {
      EXPECT_EQ(object.value("name", ""), "w 1");
      EXPECT_EQ(object.value("pid", 0), run.pid());
      EXPECT_EQ(object.value("worker_pid", 0), other.pid());
    }
  }
  EXPECT_THAT(messages, testing::IsSupersetOf({"worker joined", "the run is over"}));
}

TEST_F(Logs, OfLocalWorkersHaveTheFormOfTheRun) {
  Program& run = rollcall({"-n", "2", "--pause", "0", "-w", "1", "--log-level", "info",
                           "--log-format", "json", "--progress", "none", "--summary", "none"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("\"program\":\"rollcall-worker\""));
  for (const std::string& line : lines_of(run.err())) EXPECT_TRUE(json::accept(line)) << line;
}

TEST_F(Logs, NameTheEndpointThatRefusesConnections) {
  Access nowhere;
  nowhere.endpoint = "tcp://127.0.0.1:1";
  Program& refused = lost_worker(nowhere);
  EXPECT_EQ(refused.wait(), 4) << refused.story();
  const std::string place = " endpoint=tcp://127.0.0.1:1 cause=\"connection refused\"\n";
  EXPECT_THAT(refused.err(), HasSubstr("warning: cannot reach the coordinator" + place));
  EXPECT_THAT(refused.err(),
              HasSubstr("error: never connected: no coordinator has answered" + place));
  EXPECT_EQ(lines_of(refused.err()).size(), 2U) << "repeats are counted";
}

TEST_F(Logs, NameTheHostThatDoesNotResolve) {
  Access nowhere;
  nowhere.endpoint = "tcp://nowhere.invalid:7710";
  Program& lost = lost_worker(nowhere);
  EXPECT_TRUE(lost.wait_for_err(
      "cannot reach the coordinator endpoint=tcp://nowhere.invalid:7710 cause=\"the host name does "
      "not resolve: "))
      << lost.story();
  EXPECT_EQ(lost.wait(), 4) << lost.story();
}

TEST_F(Logs, NameKeysThatAreRefusedOnBothSides) {
  Program& run = run_with_log({"-n", "1", "--pause", "0"});
  const net::KeyPair other = net::make_key_pair();
  Access changed = access();
  changed.worker_public_key = other.public_key;
  changed.worker_secret_key = other.secret_key;
  Program& stranger = lost_worker(changed);
  EXPECT_EQ(stranger.wait(), 4) << stranger.story();
  EXPECT_THAT(stranger.err(), HasSubstr("endpoint=" + changed.endpoint +
                                        " cause=\"it refuses the key of the access file\"\n"));
  EXPECT_TRUE(
      run.wait_for_err("refused a connection peer=127.0.0.1 cause=\"its key is not admitted\""))
      << run.story();
  changed = access();
  changed.server_key = other.public_key;
  Program& misled = lost_worker(changed);
  EXPECT_EQ(misled.wait(), 4) << misled.story();
  EXPECT_THAT(misled.err(), HasSubstr("cause=\"the handshake failed: it has other keys than the "
                                      "access file, does not answer, or is not a coordinator\"\n"));
  EXPECT_TRUE(
      run.wait_for_err("refused a connection peer=127.0.0.1 cause=\"it does not use the keys"))
      << run.story();
  named_worker("honest");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

}  // namespace
}  // namespace rollcall::integration
