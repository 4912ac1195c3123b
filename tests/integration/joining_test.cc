// Workers that the run did not start: they join, work, leave, or are rejected.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "common/access/access.h"
#include "common/access/private_file.h"
#include "common/net/keys.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::SizeIs;

class Joining : public ProgramsTest {
 protected:
  /// Returns the worker of this name in a document, or null.
  static json worker_named(json document, const std::string& name) {
    for (const json& worker : document["workers"]) {
      if (worker.at("name") == name) return worker;
    }
    return nullptr;
  }
};

TEST_F(Joining, WorkerThatJoinsDuringTheRunGetsWork) {
  Program& run = rollcall({"-n", "100", "--pause", "100ms", "-w", "1", "--slots", "1",
                           "--access-file", access_file(), "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "done", 2));
  Program& late = worker({"--access-file", access_file(), "--slots", "3", "--name", "late"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(late.wait(), 0) << late.story();
  json document = summary_of(run);
  EXPECT_THAT(document["workers"], SizeIs(2));
  EXPECT_GT(worker_named(document, "late")["tasks_done"], 0);
  EXPECT_EQ(worker_named(document, "late")["slots"], 3);
  EXPECT_EQ(document["outcomes"]["succeeded"], 100);
}

TEST_F(Joining, WorkerMayStartBeforeTheRun) {
  Program& early = worker({"--access-file", access_file(), "--name", "early"});
  ASSERT_TRUE(early.wait_for_err("waiting"));
  Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "0", "--access-file", access_file(),
                           "--output", "json"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(early.wait(), 0) << early.story();
  EXPECT_EQ(worker_named(document_of(run), "early")["tasks_done"], 5);
}

TEST_F(Joining, RunWaitsForWorkers) {
  Program& run = rollcall({"-n", "10", "--pause", "50ms", "-w", "1", "--wait-for-workers", "2",
                           "--access-file", access_file(), "--output", "json"});
  Program& second = worker({"--access-file", access_file(), "--name", "second"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(second.wait(), 0) << second.story();
  EXPECT_GT(worker_named(document_of(run), "second")["tasks_done"], 0);
}

TEST_F(Joining, RunStartsWithFewerWorkersAfterJoinTimeout) {
  // On a slow machine the local worker needs longer.
  for (int seconds = 1;; seconds *= 2) {
    Program& run =
        rollcall({"-n", "5", "--pause", "50ms", "-w", "1", "--wait-for-workers", "2",
                  "--join-timeout", std::to_string(seconds), "--access-file", access_file()});
    if (run.wait() == 0) {
      EXPECT_THAT(run.err(), HasSubstr("starting with 1 of 2 workers"));
      return;
    }
    ASSERT_LT(seconds, 30) << run.story();
  }
}

TEST_F(Joining, WorkersGetTheSlotsOfARunWithoutLocalWorkers) {
  Program& run = rollcall({"-n", "6", "--pause", "50ms", "-w", "0", "-j", "3", "--access-file",
                           access_file(), "--wait-for-workers", "2", "--output", "json"});
  worker({"--access-file", access_file(), "--name", "any"});
  worker({"--access-file", access_file(), "--name", "own", "--slots", "2"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(worker_named(document_of(run), "any")["slots"], 3);
  EXPECT_EQ(worker_named(document_of(run), "own")["slots"], 2);
}

TEST_F(Joining, TerminatedWorkerReturnsItsTasks) {
  Program& run = rollcall({"-n", "20", "--pause", "5s", "-w", "0", "--wait-for-workers", "2",
                           "--access-file", access_file(), "--output", "jsonl"});
  Program& leaving = worker({"--access-file", access_file(), "--name", "leaving"});
  Program& staying = worker({"--access-file", access_file(), "--name", "staying"});
  ASSERT_TRUE(wait_for_events(run, "started", 20));
  leaving.signal(SIGTERM);
  EXPECT_EQ(leaving.wait(), 0) << leaving.story();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(staying.wait(), 0) << staying.story();
  json document = summary_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 20);
  EXPECT_GT(document["attempts"]["retried"], 0);
  EXPECT_EQ(worker_named(document, "leaving")["lost"], false);
  EXPECT_THAT(events_of(run, "worker_left"), SizeIs(1)) << run.story();
}

TEST_F(Joining, WorkerThatWaitsForItsAccessFileCanBeTerminated) {
  Program& early = worker({"--access-file", access_file()});
  ASSERT_TRUE(early.wait_for_err("waiting"));
  early.signal(SIGTERM);
  EXPECT_EQ(early.wait(), 0) << early.story();
}

TEST_F(Joining, WorkerExitsAfterConnectTimeout) {
  Program& lonely = worker({"--access-file", access_file(), "--connect-timeout", "300ms"});
  EXPECT_EQ(lonely.wait(), 4) << lonely.story();
}

TEST_F(Joining, WorkerReadsTheAccessFileFromStandardInput) {
  Program& run =
      rollcall({"-n", "5", "--pause", "50ms", "-w", "0", "--access-file", access_file()});
  ASSERT_TRUE(wait_for_file("access"));
  Program& reading = worker({"--access-file", "-"}, contents_of(access_file()));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(reading.wait(), 0) << reading.story();
}

TEST_F(Joining, ConnectOverridesTheEndpointOfTheAccessFile) {
  Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "0", "--access-file", access_file(),
                           "--advertise", "nowhere.invalid"});
  ASSERT_TRUE(wait_for_file("access"));
  const Access access = read_access_file(access_file()).value();
  ASSERT_THAT(access.endpoint, testing::StartsWith("tcp://nowhere.invalid:"));
  const std::string port = access.endpoint.substr(access.endpoint.rfind(':'));
  Program& joined = worker({"--access-file", access_file(), "--connect", "tcp://127.0.0.1" + port});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(joined.wait(), 0) << joined.story();
}

TEST_F(Joining, WorkerConnectsToAHostName) {
  Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "0", "--access-file", access_file(),
                           "--bind", "tcp://*:*", "--advertise", "localhost"});
  Program& joined = worker({"--access-file", access_file()});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(joined.wait(), 0) << joined.story();
}

TEST_F(Joining, WorkerConnectsOverIPv6) {
  Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "0", "--access-file", access_file(),
                           "--bind", "tcp://[::1]:*"});
  Program& joined = worker({"--access-file", access_file()});
  if (run.wait() == 2) GTEST_SKIP() << run.err();  // this host has no ::1
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(joined.wait(), 0) << joined.story();
}

TEST_F(Joining, AccessFileIsPrivateAndRemovedAfterTheRun) {
  Program& run = exec({"--range", "1-1", "-w", "1", "--access-file", access_file(), "--shell", "--",
                       until_touched("go")});
  ASSERT_TRUE(wait_for_file("access"));
  struct stat status {};
  ASSERT_EQ(::stat(access_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_FALSE(std::filesystem::exists(access_file()));
}

TEST_F(Joining, WorkerWithAWrongKeyCannotJoin) {
  Program& run = rollcall(
      {"-n", "5", "--pause", "2s", "-w", "1", "--access-file", access_file(), "--output", "json"});
  ASSERT_TRUE(wait_for_file("access"));
  Access access = read_access_file(access_file()).value();
  const net::KeyPair own = net::make_key_pair();
  access.worker_public_key = own.public_key;
  access.worker_secret_key = own.secret_key;
  ASSERT_TRUE(replace_private_file(file("forged"), "access file", to_json(access)));
  Program& forger = worker({"--access-file", file("forged"), "--connect-timeout", "1s"});
  EXPECT_EQ(forger.wait(), 4) << forger.story();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(document_of(run)["workers"], SizeIs(1));
}

TEST_F(Joining, WorkerDoesNotJoinACoordinatorWithAnotherKey) {
  Program& run = rollcall({"-n", "5", "--pause", "2s", "-w", "1", "--access-file", access_file()});
  ASSERT_TRUE(wait_for_file("access"));
  Access access = read_access_file(access_file()).value();
  access.server_key = net::make_key_pair().public_key;
  ASSERT_TRUE(replace_private_file(file("forged"), "access file", to_json(access)));
  Program& careful = worker({"--access-file", file("forged"), "--connect-timeout", "1s"});
  EXPECT_EQ(careful.wait(), 4) << careful.story();
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Joining, WorkerWithoutKeysCannotJoin) {
  Program& run = rollcall(
      {"-n", "5", "--pause", "2s", "-w", "1", "--access-file", access_file(), "--output", "json"});
  ASSERT_TRUE(wait_for_file("access"));
  Access access;
  access.endpoint = read_access_file(access_file()).value().endpoint;
  ASSERT_TRUE(replace_private_file(file("keyless"), "access file", to_json(access)));
  Program& keyless = worker({"--access-file", file("keyless"), "--connect-timeout", "1s"});
  EXPECT_EQ(keyless.wait(), 4) << keyless.story();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(document_of(run)["workers"], SizeIs(1));
}

TEST_F(Joining, InsecureWorksOnLoopbackOnly) {
  Program& run = rollcall({"-n", "5", "--pause", "50ms", "-w", "1", "--wait-for-workers", "2",
                           "--insecure", "--access-file", access_file()});
  Program& other = worker({"--access-file", access_file()});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(other.wait(), 0) << other.story();
  for (const char* endpoint : {"tcp://0.0.0.0:*", "tcp://*:*"}) {
    Program& refused = rollcall({"-n", "5", "--insecure", "--bind", endpoint});
    EXPECT_EQ(refused.wait(), 2) << refused.story();
  }
}

TEST_F(Joining, CoordinatorListensOnAUnixSocket) {
  Program& run =
      rollcall({"-n", "5", "--pause", "50ms", "-w", "1", "--bind", "ipc://" + file("socket")});
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Joining, ConcurrentRunsAreIndependent) {
  Program& one = rollcall({"-n", "30", "--pause", "500ms", "-w", "2", "--output", "json"});
  Program& two = rollcall({"-n", "30", "--pause", "500ms", "-w", "2", "--output", "json"});
  EXPECT_EQ(one.wait(), 0) << one.story();
  EXPECT_EQ(two.wait(), 0) << two.story();
  for (Program* run : {&one, &two}) {
    EXPECT_EQ(document_of(*run)["attempts"]["stale"], 0);
    EXPECT_THAT(document_of(*run)["workers"], SizeIs(2));
  }
  EXPECT_NE(document_of(one)["run_id"], document_of(two)["run_id"]);
}

}  // namespace
}  // namespace rollcall::integration
