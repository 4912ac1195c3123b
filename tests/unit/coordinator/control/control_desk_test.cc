// Answers to requests on the control socket.
#include "coordinator/control/desk.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/json_schema.h"
#include "tests/support/scheduler_fixture.h"

namespace rollcall::coordinator {
namespace {

using nlohmann::json;

class NoLines final : public ControlLines {
 public:
  std::optional<std::string> next() override { return std::nullopt; }
  bool is_over() const override { return true; }
};

class ControlDeskTest : public SchedulerTest {
 protected:
  json ask(const std::string& request) {
    ControlDesk desk(
        stage->scheduler(), [this](const Event& event) { events.push_back(event); },
        [](TaskId task) { return task == TaskId{2} ? std::string() : "run it"; },
        [](TaskId task) -> Result<std::shared_ptr<ControlLines>> {
          if (task == TaskId{2}) return permanent("task 2 has ended");
          return std::shared_ptr<ControlLines>(std::make_shared<NoLines>());
        });
    const ControlAnswer full = desk.answer(instant_from_ns(3'000'000'000), request);
    if (full.lines != nullptr) return "many lines";
    const std::string& answer = full.line;
    EXPECT_EQ(answer.find('\n'), std::string::npos);
    return json::parse(answer);
  }
  /// Returns where the status differs from its schema, or an empty string.
  std::string schema_error() {
    std::ifstream file(ROLLCALL_SOURCE_DIR "/docs/reference/status-1.schema.json");
    return JsonSchema(json::parse(file)).misfit(ask(R"({"command":"status"})"));
  }
  std::vector<Event> events;
};

TEST_F(ControlDeskTest, FollowsATaskThatExists) {
  begin();
  EXPECT_EQ(ask(R"({"command":"follow","task":0})"), "many lines");
  EXPECT_EQ(ask(R"({"command":"follow","task":2})")["error"], "task 2 has ended");
  EXPECT_EQ(ask(R"({"command":"follow","task":4})")["error"],
            "task 4 does not exist: the run has 4 tasks, numbered from 0");
  for (const char* request : {R"({"command":"follow"})", R"({"command":"follow","task":-1})",
                              R"({"command":"follow","task":"1"})"}) {
    EXPECT_EQ(ask(request)["error"], "expected the number of a task");
  }
  EXPECT_TRUE(events.empty());
}

TEST_F(ControlDeskTest, StatusMatchesItsSchema) {
  begin();
  EXPECT_EQ(schema_error(), "");
  stage->hello(1);
  EXPECT_EQ(schema_error(), "");
  stage->inventory(1);
  stage->report(1, 1, {{{0}}});
  EXPECT_EQ(schema_error(), "");
  stage->ignore();
}

TEST_F(ControlDeskTest, StatusCountsTasksAndListsWorkers) {
  begin_with({1, 2}, /*slots=*/1);
  stage->report(1, 1, {{{0}}});
  stage->goodbye(2, 0, 0);
  stage->ignore();
  const json status = ask(R"({"command":"status"})");
  EXPECT_EQ(
      status["tasks"],
      json::parse(
          R"({"total":4,"input_ended":true,"done":1,"running":1,"waiting":2,"failed":0,"retrying":0})"));
  EXPECT_EQ(status["workers"].size(), 1U);
  EXPECT_EQ(status["workers"][0]["name"], "w1");
  EXPECT_EQ(status["workers"][0]["done"], 1);
  EXPECT_EQ(status["workers"][0]["state"], "working");
  EXPECT_EQ(status["workers_left"], 1);
  EXPECT_EQ(status["workers_lost"], 0);
}

TEST_F(ControlDeskTest, StatusCountsTasksThatWaitForARetry) {
  use_commands();
  policy.retries = 1;
  begin_with({1}, /*slots=*/2);
  stage->report(1, 1, {{{0}, Outcome::failed}});
  stage->ignore();
  const json tasks = ask(R"({"command":"status"})")["tasks"];
  EXPECT_EQ(tasks["retrying"], 1);
  EXPECT_EQ(tasks["failed"], 0);
  EXPECT_EQ(tasks["done"], 0);
  EXPECT_EQ(schema_error(), "");
}

TEST_F(ControlDeskTest, StatusHasTheNameOfTheRun) {
  begin();
  EXPECT_EQ(ask(R"({"command":"status"})")["name"], nullptr);
  spec.name = "nightly";
  begin();
  EXPECT_EQ(ask(R"({"command":"status"})")["name"], "nightly");
  EXPECT_EQ(schema_error(), "");
}

TEST_F(ControlDeskTest, CancelsAllTasks) {
  begin_with({1, 2}, /*slots=*/1);
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  EXPECT_EQ(ask(R"({"command":"cancel","tasks":"all"})")["cancelled"], 3);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<CancelRequested>(events[0]).tasks,
            (std::vector<TaskId>{TaskId{1}, TaskId{2}, TaskId{3}}));
  EXPECT_EQ(ask(R"({"command":"cancel","tasks":"some"})")["error"],
            R"(expected tasks, as in [[3, 3], [10, 20]], or "all")");
}

TEST_F(ControlDeskTest, StatusDescribesARunThatHasNotBegun) {
  begin();
  stage->hello(1);
  stage->ignore();
  const json status = ask(R"({"command":"status"})");
  EXPECT_EQ(status["elapsed_seconds"], nullptr);
  EXPECT_EQ(status["workers"][0]["state"], "joining");
  EXPECT_EQ(status["workers"][0]["slots"], nullptr);
}

TEST_F(ControlDeskTest, DrainSelectsWorkersByNameOrSessionOrAll) {
  begin_with({1, 2});
  const json one = ask(R"({"command":"drain","worker":"w2","mode":"return"})");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<DrainRequested>(events[0]).sessions, std::vector{SessionIndex{1}});
  EXPECT_EQ(std::get<DrainRequested>(events[0]).mode, DrainMode::return_running);
  const std::string session = one["draining"][0]["session"];
  ask(R"({"command":"drain","mode":"finish","worker":")" + session + "\"}");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(std::get<DrainRequested>(events[1]).sessions, std::vector{SessionIndex{1}});
  EXPECT_EQ(ask(R"({"command":"drain","worker":"all","mode":"finish"})")["draining"].size(), 2U);
}

TEST_F(ControlDeskTest, DrainSelectsWorkersByHostOrBeginning) {
  begin_with({1, 2});
  const auto drained = [this](const std::string& worker) {
    const json answer = ask(R"({"command":"drain","mode":"finish","worker":")" + worker + "\"}");
    if (answer.contains("error")) return answer["error"].get<std::string>();
    std::ifstream file(ROLLCALL_SOURCE_DIR "/docs/reference/drain-1.schema.json");
    EXPECT_EQ(JsonSchema(json::parse(file)).misfit(answer), "");
    std::string names;
    for (const json& each : answer["draining"]) names += each["name"].get<std::string>() + " ";
    return names;
  };
  const std::vector<SessionRecord>& sessions = stage->scheduler().records().sessions;
  ASSERT_EQ(sessions.size(), 2U);
  EXPECT_EQ(drained(to_hex(sessions[1].id.bytes).substr(0, 31)), "w2 ");
  if (!sessions[0].host.empty()) {
    EXPECT_EQ(drained(sessions[0].host), "w1 w2 ");
  }
  const std::string ambiguous = drained("w");
  EXPECT_EQ(ambiguous.find("w is ambiguous: w1 ("), 0U) << ambiguous;
  EXPECT_EQ(drained("x"), "no connected worker is named x");
  EXPECT_EQ(drained(""), "expected a worker");
}

TEST_F(ControlDeskTest, StatusListsRunningAttempts) {
  policy.prefetch = 1;
  begin_with({1, 2}, /*slots=*/1);  // each has one that waits
  stage->report(1, 1, {{{0}}});
  stage->heartbeat(1);
  stage->ignore();
  EXPECT_EQ(schema_error(), "");
  const json running = ask(R"({"command":"status"})")["running"];
  ASSERT_EQ(running.size(), 2U);
  EXPECT_EQ(running[0]["worker"], "w1");
  EXPECT_EQ(running[1]["worker"], "w2");
  EXPECT_EQ(running[0]["attempt"], 1);
  EXPECT_EQ(running[0]["sent_seconds_ago"], 2);
  for (const json& each : running) {
    EXPECT_EQ(each["command"], each["task"] == 2 ? json() : json("run it"));
  }
}

TEST_F(ControlDeskTest, CancelNamesTasksAndCountsThem) {
  begin_with({1}, /*slots=*/2);  // holds 0 and 1
  stage->report(1, 1, {{{0}}});
  stage->ignore();
  const json answer = ask(R"({"command":"cancel","tasks":[[0,1],[3,3],[1,1]]})");
  std::ifstream file(ROLLCALL_SOURCE_DIR "/docs/reference/cancel-1.schema.json");
  EXPECT_EQ(JsonSchema(json::parse(file)).misfit(answer), "");
  EXPECT_EQ(answer["cancelled"], 2);
  EXPECT_EQ(answer["at_workers"], 1);
  EXPECT_EQ(answer["done_before"], 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<CancelRequested>(events[0]).tasks, (std::vector{TaskId{1}, TaskId{3}}));
}

TEST_F(ControlDeskTest, CancelRefusesWhatIsNoTask) {
  begin_with({1});
  EXPECT_EQ(ask(R"({"command":"cancel","tasks":[[1,4]]})")["error"],
            "task 4 does not exist: the run has 4 tasks, numbered from 0");
  for (const char* tasks : {"[]", "[1]", "[[2,1]]", "[[-1,1]]", "[[0,1,2]]", "7", "[[0,0.5]]"}) {
    EXPECT_TRUE(ask(std::string(R"({"command":"cancel","tasks":)") + tasks + "}").contains("error"))
        << tasks;
  }
  EXPECT_TRUE(events.empty());
}

TEST_F(ControlDeskTest, PauseTellsHowManyTasksStillRun) {
  begin_with({1}, /*slots=*/2);
  const json answer = ask(R"({"command":"pause"})");
  std::ifstream file(ROLLCALL_SOURCE_DIR "/docs/reference/pause-1.schema.json");
  EXPECT_EQ(JsonSchema(json::parse(file)).misfit(answer), "");
  EXPECT_EQ(answer["running"], 2);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(std::get<PauseRequested>(events[0]).is_paused);
  EXPECT_EQ(ask(R"({"command":"unpause"})")["paused"], false);
  EXPECT_FALSE(std::get<PauseRequested>(events[1]).is_paused);
}

TEST_F(ControlDeskTest, SlotsLimitsWorkersToAtMostTheirSlots) {
  begin_with({1, 2}, /*slots=*/4);
  const json answer = ask(R"({"command":"slots","worker":"w2","slots":3})");
  std::ifstream file(ROLLCALL_SOURCE_DIR "/docs/reference/slots-1.schema.json");
  EXPECT_EQ(JsonSchema(json::parse(file)).misfit(answer), "");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<SlotsLimited>(events[0]).sessions, std::vector{SessionIndex{1}});
  EXPECT_EQ(std::get<SlotsLimited>(events[0]).slots, 3U);
  EXPECT_EQ(ask(R"({"command":"slots","worker":"w2","slots":5})")["error"],
            "worker w2 has 4 slots: expected 0 to 4");
  EXPECT_TRUE(ask(R"({"command":"slots","worker":"w2","slots":-1})").contains("error"));
  EXPECT_TRUE(ask(R"({"command":"slots","slots":1})").contains("error"));
  EXPECT_EQ(events.size(), 1U);
  stage->give(events[0]);
  stage->ignore();
  EXPECT_EQ(schema_error(), "");
  EXPECT_EQ(ask(R"({"command":"status"})")["workers"][1]["slots_limit"], 3);
}

TEST_F(ControlDeskTest, AnswersAnInvalidRequestWithAnError) {
  begin_with({1});
  EXPECT_EQ(ask(R"({"command":"drain","worker":"w9","mode":"finish"})")["error"],
            "no connected worker is named w9");
  for (const char* request :
       {"", "hello", "[]", "{}", R"({"command":7})", R"({"command":"stop"})",
        R"({"command":"drain","worker":"w1"})", R"({"command":"drain","worker":"w1","mode":1})"}) {
    EXPECT_TRUE(ask(request).contains("error")) << request;
  }
  EXPECT_TRUE(events.empty());
}

}  // namespace
}  // namespace rollcall::coordinator
