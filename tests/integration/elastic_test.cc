// Workers that join and leave during a run, and the commands that change it.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class Elastic : public ProgramsTest {
 protected:
  /// Starts a run without local workers. It prints JSON lines; its control socket is file("s").
  Program& start_run(const std::string& workers, const Arguments& more) {
    return rollcall(Arguments{"-w", "0", "--wait-for-workers", workers, "--access-file",
                              access_file(), "--output", "jsonl", "--control", file("s")} +
                    more);
  }
  /// The same with commands: the shell runs `script`.
  Program& start_commands(const Arguments& more, const std::string& script) {
    return exec(Arguments{"-w", "0", "--access-file", access_file(), "--output", "jsonl",
                          "--control", file("s")} +
                more + Arguments{"--shell", "--", script});
  }
  Program& join_as(const std::string& name, const Arguments& more = {}) {
    return worker(Arguments{"--access-file", access_file(), "--name", name} + more);
  }
  /// `rollcall ARGUMENTS`, with a runtime directory of this test.
  Program& command(const Arguments& arguments) {
    return start({programs_directory() / "rollcall", arguments, runtime(), {}, {}});
  }
  Environment runtime() const { return {{"XDG_RUNTIME_DIR", file("runtime")}}; }
  json status() {
    Program& query = command({"status", "--control", file("s"), "--output", "json"});
    EXPECT_EQ(query.wait(), 0) << query.story();
    return document_of(query);
  }
  static json worker_named(const json& document, const std::string& name) {
    for (const json& worker : document.at("workers")) {
      if (worker.at("name") == name) return worker;
    }
    return nullptr;
  }
};

TEST_F(Elastic, DrainedWorkerFinishesItsTasksAndExits) {
  Program& run = start_commands({"--wait-for-workers", "2", "--range", "1-40", "--prefetch", "3"},
                                "test {} -le 4 || " + until_touched("$ROLLCALL_WORKER"));
  Program& leaving = join_as("leaving", {"--slots", "2"});
  Program& staying = join_as("staying", {"--slots", "2"});
  ASSERT_TRUE(wait_for_events(run, "done", 4));
  Program& drain = command({"drain", "leaving", "--control", file("s")});
  EXPECT_EQ(drain.wait(), 0) << drain.story();
  EXPECT_THAT(drain.out(), MatchesRegex("leaving drains \\(finish\\), session [0-9a-f]{32}\n"));
  touch("leaving");
  EXPECT_EQ(leaving.wait(), 0) << leaving.story();
  EXPECT_TRUE(run.running());
  touch("staying");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(staying.wait(), 0) << staying.story();
  const json document = summary_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 40);
  EXPECT_EQ(document["attempts"]["retried"], 0) << "a task ran twice";
  EXPECT_EQ(document["attempts"]["total"], 40);
  EXPECT_EQ(worker_named(document, "leaving")["lost"], false);
}

TEST_F(Elastic, StatusShowsTasksThatWaitForARetry) {
  Program& run = start_commands(
      {"--range", "0-1", "-w", "1", "-j", "1", "--retries", "1", "--retry-delay", "1h"},
      "test {} -eq 1 && " + until_touched("never"));
  ASSERT_TRUE(wait_for_events(run, "started", 1));
  EXPECT_TRUE(wait_until([&] { return status()["tasks"]["retrying"] == 1; }));
  EXPECT_EQ(status()["tasks"]["waiting"], 1);
  Program& shown = command({"status", "--control", file("s")});
  EXPECT_EQ(shown.wait(), 0) << shown.story();
  EXPECT_THAT(shown.out(), HasSubstr(" 1 running, 1 waiting (1 for a retry), 0 failed"));
  EXPECT_EQ(command({"cancel", "all", "--control", file("s")}).wait(), 0);
  EXPECT_EQ(run.wait(), 1) << run.story();
}

TEST_F(Elastic, CancelEndsRunningAndWaitingTasks) {
  Program& run =
      start_commands({"--range", "0-4", "-w", "1", "-j", "2"}, "echo {}; " + until_touched("on"));
  ASSERT_TRUE(wait_for_events(run, "started", 2));
  const json running = status().at("running");
  ASSERT_EQ(running.size(), 2U);
  EXPECT_EQ(running[0]["task"], 0);
  EXPECT_EQ(running[1]["task"], 1);
  Program& cancel = command({"cancel", "1", "3-4", "--control", file("s")});
  EXPECT_EQ(cancel.wait(), 0) << cancel.story();
  EXPECT_EQ(cancel.out(), "cancelled 3 tasks, 1 at workers\n");
  ASSERT_TRUE(wait_for_events(run, "done", 3));
  touch("on");
  EXPECT_EQ(run.wait(), 1) << run.story();
  const json document = summary_of(run);
  EXPECT_EQ(document["reason"], "tasks_cancelled");
  EXPECT_EQ(document["outcomes"]["succeeded"], 2);
  EXPECT_EQ(document["outcomes"]["cancelled"], 3);
  EXPECT_EQ(document["validated"], true);
}

TEST_F(Elastic, CancelAllCancelsEveryTask) {
  Program& run = start_commands({"--range", "0-99", "-w", "1", "-j", "2"},
                                "test {} -eq 0 || " + until_touched("never"));
  ASSERT_TRUE(wait_for_events(run, "done", 1));
  Program& cancel = command({"cancel", "all", "--control", file("s")});
  EXPECT_EQ(cancel.wait(), 0) << cancel.story();
  EXPECT_THAT(cancel.out(), StartsWith("cancelled 99 tasks, "));
  EXPECT_THAT(cancel.out(), HasSubstr("; 1 done before\n"));
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_EQ(summary_of(run)["outcomes"]["cancelled"], 99);
}

TEST_F(Elastic, CancelNamesATaskThatDoesNotExist) {
  Program& run = start_commands({"--range", "0-1", "-w", "1"}, until_touched("on"));
  ASSERT_TRUE(wait_for_events(run, "started", 2));
  Program& cancel = command({"cancel", "0", "2", "--control", file("s")});
  EXPECT_EQ(cancel.wait(), 1);
  EXPECT_EQ(cancel.err(),
            "rollcall cancel: task 2 does not exist: the run has 2 tasks, numbered from 0\n");
  for (const char* task : {"", "j3", "5-3", "-1", "1-2:3"}) {
    Program& wrong = command({"cancel", "--control", file("s"), "--", task});
    EXPECT_EQ(wrong.wait(), 2) << wrong.story();
  }
  Program& job = command({"cancel", "j3", "--control", file("s")});
  EXPECT_EQ(job.wait(), 2);
  EXPECT_EQ(
      job.err(),
      "rollcall cancel: TASK \"j3\": expected the number of a task, up to 999999999, A-B with A "
      "not above B, or all\n");
  Program& empty = command({"cancel", "", "--control", file("s")});
  EXPECT_EQ(empty.wait(), 2);
  EXPECT_THAT(empty.err(), StartsWith("rollcall cancel: TASK \"\": expected the number of a task"));
  Program& missing = command({"cancel", "--control", file("s")});
  EXPECT_EQ(missing.wait(), 2);
  EXPECT_EQ(missing.err(),
            "rollcall cancel: TASK is missing: expected the number of a task, A-B, or all\n");
  touch("on");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

/// As commands that were cancelled before their start.
TEST_F(Elastic, ACancelledSleepThatHasNotStartedHasNoWorker) {
  Program& run = start_run("1", {"-n", "3", "--pause", "60s"});
  join_as("only", {"--slots", "1"});
  ASSERT_TRUE(wait_for_events(run, "started", 1));
  EXPECT_EQ(command({"cancel", "all", "--control", file("s")}).wait(), 0);
  EXPECT_EQ(run.wait(), 1) << run.story();
  int begun = 0;
  for (const json& row : events_of(run, "done")) {
    EXPECT_EQ(row["outcome"], "cancelled");
    if (row["worker"].is_null()) {
      EXPECT_TRUE(row["worker_name"].is_null() && row["started_seconds"].is_null() &&
                  row["run_seconds"].is_null())
          << row;
    } else {
      EXPECT_GT(row["run_seconds"], 0.0);
      ++begun;
    }
  }
  EXPECT_EQ(begun, 1);
}

TEST_F(Elastic, APausedRunStartsNothingUntilItGoesOn) {
  Program& run = start_commands({"--range", "0-3", "-w", "1", "-j", "1", "--prefetch", "2"},
                                "test {} -gt 0 || " + until_touched("on"));
  ASSERT_TRUE(wait_for_events(run, "started", 1));
  Program& pause = command({"pause", "--control", file("s")});
  EXPECT_EQ(pause.wait(), 0) << pause.story();
  EXPECT_EQ(pause.out(), "paused: no task is started; 1 task is still running\n");
  touch("on");
  ASSERT_TRUE(wait_for_events(run, "done", 1));
  ASSERT_TRUE(wait_until([&] { return status()["tasks"]["running"] == 0; }));
  EXPECT_EQ(status()["paused"], true);
  EXPECT_EQ(status()["tasks"]["waiting"], 3);
  Program& shown = command({"status", "--control", file("s")});
  EXPECT_EQ(shown.wait(), 0);
  EXPECT_THAT(shown.out(), HasSubstr(" s, paused\n"));
  Program& unpause = command({"unpause", "--control", file("s")});
  EXPECT_EQ(unpause.wait(), 0) << unpause.story();
  EXPECT_EQ(unpause.out(), "tasks are started again\n");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Elastic, SlotsOfAWorkerAreLimited) {
  Program& run = start_commands({"--range", "0-9", "-w", "1", "-j", "4"},
                                "test {} -gt 3 || " + until_touched("on"));
  ASSERT_TRUE(wait_for_events(run, "started", 4));
  Program& none = command({"slots", "all", "0", "--control", file("s")});
  EXPECT_EQ(none.wait(), 0) << none.story();
  EXPECT_THAT(none.out(),
              MatchesRegex("[^ ]* runs at most 0 tasks at once, session [0-9a-f]{32}\n"));
  touch("on");
  ASSERT_TRUE(wait_until([&] { return status()["tasks"]["done"] == 4; }));
  EXPECT_EQ(status()["workers"][0]["running"], 0);
  Program& shown = command({"status", "--control", file("s")});
  EXPECT_EQ(shown.wait(), 0);
  EXPECT_THAT(shown.out(), HasSubstr("0 of 4"));
  EXPECT_EQ(command({"slots", "all", "5", "--control", file("s")}).wait(), 1);
  EXPECT_EQ(command({"slots", "all", "--control", file("s")}).wait(), 2);
  EXPECT_EQ(command({"slots", "all", "many", "--control", file("s")}).wait(), 2);
  EXPECT_EQ(command({"slots", "all", "4", "--control", file("s")}).wait(), 0);
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Elastic, DrainReturnAlsoReturnsRunningTasks) {
  Program& run = start_run("2", {"-n", "8", "--pause", "5s"});
  Program& leaving = join_as("leaving");
  join_as("staying");
  ASSERT_TRUE(wait_for_events(run, "started", 8));
  Program& drain = command({"drain", "leaving", "--drain", "return", "--control", file("s")});
  EXPECT_EQ(drain.wait(), 0) << drain.story();
  EXPECT_EQ(leaving.wait(), 0) << leaving.story();
  EXPECT_EQ(run.wait(), 0) << run.story();
  const json document = summary_of(run);
  EXPECT_EQ(document["outcomes"]["succeeded"], 8);
  EXPECT_EQ(document["attempts"]["retried"], 4);
  EXPECT_EQ(worker_named(document, "leaving")["tasks_done"], 0);
}

TEST_F(Elastic, RunWaitsForNewWorkersIfAllAreDrained) {
  Program& run = start_run("1", {"-n", "200", "--pause", "100ms"});
  Program& first = join_as("first", {"--slots", "1"});
  ASSERT_TRUE(wait_for_events(run, "done", 1));
  EXPECT_EQ(command({"drain", "all", "--control", file("s")}).wait(), 0);
  EXPECT_EQ(first.wait(), 0) << first.story();
  ASSERT_TRUE(wait_until([&] { return status()["workers_left"] == 1; }));
  EXPECT_TRUE(run.running());
  Program& second = join_as("second");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(second.wait(), 0) << second.story();
}

TEST_F(Elastic, RunEndsIfAllLocalWorkersAreDrained) {
  Program& run = rollcall({"-n", "500", "--pause", "100ms", "-w", "2", "--slots", "1", "--control",
                           file("s"), "--output", "jsonl"});
  ASSERT_TRUE(wait_for_events(run, "done", 2));
  EXPECT_EQ(command({"drain", "all", "--control", file("s")}).wait(), 0);
  EXPECT_EQ(run.wait(), 4) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("no worker is left"));
  EXPECT_EQ(summary_of(run)["attempts"]["retried"], 0);
}

TEST_F(Elastic, LateWorkerGetsTasksRevokedFromAnother) {
  Program& run = start_run("1", {"-n", "60", "--pause", "250ms", "--prefetch", "100"});
  Program& first = join_as("first", {"--slots", "1"});
  ASSERT_TRUE(wait_for_events(run, "done", 1));
  Program& late = join_as("late", {"--slots", "3"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(first.wait(), 0) << first.story();
  EXPECT_EQ(late.wait(), 0) << late.story();
  const json document = summary_of(run);
  EXPECT_GT(worker_named(document, "late")["tasks_done"], 8);
  EXPECT_EQ(document["attempts"]["retried"], 0);
  EXPECT_EQ(document["outcomes"]["succeeded"], 60);
}

TEST_F(Elastic, SignalDrainsInTheModeOfTheDrainOption) {
  Program& run = start_run("2", {"-n", "100", "--pause", "300ms"});
  Program& leaving = join_as("leaving", {"--slots", "2", "--drain", "finish"});
  join_as("staying", {"--slots", "2"});
  ASSERT_TRUE(wait_for_events(run, "started", 4));
  leaving.signal(SIGUSR1);
  EXPECT_EQ(leaving.wait(), 0) << leaving.story();
  EXPECT_THAT(leaving.err(), HasSubstr("drained"));
  join_as("quick");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(summary_of(run)["attempts"]["retried"], 0) << "a running task was not finished";
}

TEST_F(Elastic, SecondSignalEndsTheWorkerAtOnce) {
  Program& run = start_run("1", {"-n", "1", "--pause", "60s"});
  Program& leaving = join_as("leaving", {"--drain", "finish"});
  ASSERT_TRUE(wait_for_events(run, "started", 1));
  leaving.signal(SIGTERM);
  ASSERT_TRUE(leaving.wait_for_err("draining"));
  leaving.signal(SIGUSR1);
  EXPECT_EQ(leaving.wait(), 0) << leaving.story();
  EXPECT_THAT(leaving.err(), testing::Not(HasSubstr("drained")));
  run.signal(SIGKILL);
  run.wait();
}

TEST_F(Elastic, IdleWorkerExitsAfterIdleTimeout) {
  Program& run = start_commands({"--range", "1-1"}, until_touched("go"));
  join_as("busy");
  ASSERT_TRUE(wait_for_events(run, "started", 1));
  Program& idle = join_as("idle", {"--idle-timeout", "200ms"});
  EXPECT_EQ(idle.wait(), 0) << idle.story();
  EXPECT_TRUE(run.running());
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Elastic, StatusShowsTheRunAndItsWorkers) {
  Program& run = start_commands({"--range", "1-9"},
                                "test {} -gt 2 || { sleep 1; exit; }; " + until_touched("go"));
  Program& one = join_as("one", {"--slots", "2"});
  ASSERT_TRUE(wait_for_events(run, "done", 2) && wait_for_events(run, "started", 4));
  const json document = status();
  EXPECT_EQ(document["schema"], "rollcall/status/1");
  EXPECT_EQ(document["pid"], run.pid());
  EXPECT_EQ(document["tasks"]["total"], 9);
  EXPECT_GE(document["tasks"]["done"], 2);
  EXPECT_GT(document["elapsed_seconds"], 1.0);
  const json worker = worker_named(document, "one");
  EXPECT_EQ(worker["pid"], one.pid());
  EXPECT_EQ(worker["slots"], 2);
  EXPECT_EQ(worker["running"], 2);
  EXPECT_EQ(worker["state"], "working");
  Program& text = command({"status", "--control", file("s")});
  EXPECT_EQ(text.wait(), 0) << text.story();
  EXPECT_THAT(text.out_lines("run [0-9a-f]{32}"), testing::SizeIs(1)) << text.story();
  EXPECT_THAT(text.out_lines(R"(\d/9 done, 2 running, \d waiting, 0 failed, \d+\.\d\d s)"),
              testing::SizeIs(1))
      << text.story();
  EXPECT_THAT(text.out_lines(R"(one +\S+ +\d+ +2 +2 +\d +working +[0-9a-f]{32})"),
              testing::SizeIs(1))
      << text.story();
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Elastic, DrainReportsAnUnknownWorker) {
  Program& run = start_commands({"--range", "1-4"}, until_touched("go"));
  join_as("one");
  ASSERT_TRUE(wait_for_events(run, "started", 1));
  Program& drain = command({"drain", "two", "--control", file("s")});
  EXPECT_EQ(drain.wait(), 1) << drain.story();
  EXPECT_EQ(drain.err(), "rollcall drain: no connected worker is named two\n");
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(Elastic, StatusFindsTheOnlyRun) {
  std::filesystem::create_directory(file("runtime"));
  Program& none = command({"status"});
  EXPECT_EQ(none.wait(), 2) << none.story();
  EXPECT_THAT(none.err(), HasSubstr("no running coordinator of this user found in"));
  const Arguments tasks{"-n", "4", "--pause", "60s", "-w", "1", "--output", "jsonl"};
  Program& first = rollcall(tasks, runtime());
  ASSERT_TRUE(wait_for_events(first, "started", 4));
  const std::string socket = file("runtime/rollcall/" + std::to_string(first.pid()) + ".sock");
  struct stat found {};
  ASSERT_EQ(::stat(socket.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0600U);
  ASSERT_EQ(::stat(file("runtime/rollcall").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0700U);
  EXPECT_EQ(command({"status"}).wait(), 0);
  Program& second = rollcall(tasks, runtime());
  ASSERT_TRUE(wait_for_events(second, "started", 4));
  Program& which = command({"status"});
  EXPECT_EQ(which.wait(), 2) << which.story();
  EXPECT_THAT(which.err(), HasSubstr("--control " + socket + "\n"));
  first.signal(SIGTERM);
  EXPECT_EQ(first.wait(), 128 + SIGTERM) << first.story();
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST_F(Elastic, ControlSocketReplacesOnlyAStaleSocket) {
  const Arguments tasks{"-n", "2", "-w", "1", "--output", "jsonl", "--control", file("s")};
  Program& first = rollcall(tasks + Arguments{"--pause", "60s"});
  ASSERT_TRUE(wait_for_events(first, "started", 2));
  Program& second = rollcall(tasks);
  EXPECT_EQ(second.wait(), 2) << second.story();
  EXPECT_THAT(second.err(), HasSubstr("is in use by another coordinator"));
  first.signal(SIGKILL);  // its socket stays behind
  first.wait();
  EXPECT_TRUE(std::filesystem::exists(file("s")));
  Program& third = rollcall(tasks + Arguments{"--pause", "10ms"});
  EXPECT_EQ(third.wait(), 0) << third.story();
  EXPECT_FALSE(std::filesystem::exists(file("s")));
  std::ofstream(file("s")) << "mine";
  Program& fourth = rollcall(tasks);
  EXPECT_EQ(fourth.wait(), 2) << fourth.story();
  EXPECT_EQ(contents_of(file("s")), "mine");
}

TEST_F(Elastic, UnusableDefaultControlSocketIsIgnored) {
  Program& run =
      rollcall({"-n", "2", "--pause", "10ms", "-w", "1"}, {{"XDG_RUNTIME_DIR", file("not/there")}});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(run.err(), testing::Not(HasSubstr("control")));
}

}  // namespace
}  // namespace rollcall::integration
