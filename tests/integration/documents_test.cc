// The output for scripts: the JSON document, the events and the results file. They must agree.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

using nlohmann::json;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kTasks = 40;
const Arguments kRun = {"-n", "40", "--pause-min", "20ms", "--pause-max", "300ms", "-w", "2"};

std::set<std::string> members_of(const json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

std::vector<std::string> fields_of(const std::string& row) {
  std::vector<std::string> fields;
  std::istringstream in(row);
  for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
  return fields;
}

/// Checks what every document must contain, however the run ended.
void expect_complete(json document, std::size_t task_count) {
  const std::vector<std::string> members = {"schema",
                                            "run_id",
                                            "kind",
                                            "seed",
                                            "task_count",
                                            "collection_method",
                                            "startup_seconds",
                                            "planning_seconds",
                                            "lower_bound_seconds",
                                            "measured_seconds",
                                            "overhead_seconds",
                                            "overhead_percent",
                                            "validated",
                                            "failed_checks",
                                            "validation_seconds",
                                            "outcomes",
                                            "attempts",
                                            "lateness_seconds",
                                            "workers",
                                            "completion",
                                            "resources"};
  for (const std::string& member : members) EXPECT_TRUE(document.contains(member)) << member;
  EXPECT_EQ(document["schema"], "rollcall/run/1");
  EXPECT_EQ(document["task_count"], task_count);
  const std::set<std::string> outcomes = {"succeeded", "failed", "timed_out", "cancelled", "lost"};
  EXPECT_EQ(members_of(document["outcomes"]), outcomes);
  std::size_t total = 0;
  for (const auto& [name, count] : document["outcomes"].items()) total += count.get<std::size_t>();
  EXPECT_EQ(total, task_count);
  std::size_t done = 0;
  for (const json& worker : document["workers"]) {
    for (const char* member : {"session", "name", "host", "pid", "slots", "tasks_done",
                               "clock_bound_seconds", "lost", "resources"}) {
      EXPECT_TRUE(worker.contains(member)) << member;
    }
    done += worker.at("tasks_done").get<std::size_t>();
  }
  EXPECT_EQ(done, task_count);
  EXPECT_NEAR(
      document["overhead_seconds"].get<double>(),
      document["measured_seconds"].get<double>() - document["lower_bound_seconds"].get<double>(),
      1e-6);
}

class Documents : public ProgramsTest {};

TEST_F(Documents, JsonIsOneConsistentDocument) {
  Program& run = rollcall(kRun + Arguments{"--output", "json", "--seed", "77"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  json document = document_of(run);
  expect_complete(document, kTasks);
  EXPECT_EQ(document["validated"], true);
  EXPECT_THAT(failed_checks(document), IsEmpty());
  EXPECT_EQ(document["seed"], 77);
  EXPECT_EQ(document["kind"], "sleep");
  EXPECT_EQ(document["collection_method"], "gather");
  EXPECT_EQ(document["attempts"]["total"], kTasks);
  EXPECT_EQ(document["attempts"]["retried"], 0);
  EXPECT_EQ(document["attempts"]["stale"], 0);
  EXPECT_THAT(document["workers"], SizeIs(2));
  EXPECT_TRUE(document["workers"][0]["slots"].is_null());
  EXPECT_GE(document["measured_seconds"].get<double>(),
            document["lower_bound_seconds"].get<double>());
}

TEST_F(Documents, SlotsAreAppliedAndReported) {
  Program& run =
      rollcall({"-n", "12", "--pause", "50ms", "-w", "2", "--slots", "2", "--output", "json"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  json document = document_of(run);
  expect_complete(document, 12);
  EXPECT_EQ(document["workers"][0]["slots"], 2);
  EXPECT_NEAR(document["lower_bound_seconds"].get<double>(), 0.15, 1e-9);
}

TEST_F(Documents, JsonLinesAreEventsThenTheDocument) {
  Program& run = rollcall(kRun + Arguments{"--output", "jsonl"});
  EXPECT_EQ(run.wait(), 0) << run.story();
  std::map<std::string, std::size_t> counts;
  std::map<int, std::string> last_of_task;
  for (const std::string& line : run.out_lines()) {
    const json event = json::parse(line);
    const std::string name = event.at("event");
    ++counts[name];
    if (!event.contains("task")) continue;
    std::string& last = last_of_task[event.at("task").get<int>()];
    EXPECT_EQ(last, name == "started" ? "" : "started") << line;
    last = name;
  }
  EXPECT_EQ(counts["worker_joined"], 2U);
  EXPECT_EQ(counts["started"], kTasks);
  EXPECT_EQ(counts["done"], kTasks);
  EXPECT_EQ(counts["summary"], 1U);
  json summary = summary_of(run);
  EXPECT_EQ(summary["event"], "summary");
  expect_complete(summary, kTasks);
}

TEST_F(Documents, CsvResultsAreInFinishOrderAndMatchTheSummary) {
  Program& run = rollcall(kRun + Arguments{"--output", "json", "--results", file("results.csv")});
  EXPECT_EQ(run.wait(), 0) << run.story();
  const std::vector<std::string> lines = lines_of(contents_of(file("results.csv")));
  ASSERT_THAT(lines, SizeIs(kTasks + 1));
  const std::vector<std::string> header = fields_of(lines[0]);
  const std::set<std::string> columns(header.begin(), header.end());
  EXPECT_EQ(columns, (std::set<std::string>{
                         "task", "outcome", "attempt", "worker", "pause_seconds", "started_seconds",
                         "finished_seconds", "lateness_seconds", "accepted",
                         "finished_bound_seconds", "seq", "worker_name", "run_seconds"}));
  std::set<std::string> tasks;
  std::set<std::string> places;
  std::map<std::string, std::size_t> by_worker;
  double previous = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> fields = fields_of(lines[i]);
    ASSERT_THAT(fields, SizeIs(header.size())) << lines[i];
    std::map<std::string, std::string> row;
    for (std::size_t c = 0; c < header.size(); ++c) row[header[c]] = fields[c];
    const double finished = std::stod(row["finished_seconds"]);
    EXPECT_GE(finished, previous);
    previous = finished;
    EXPECT_NEAR(finished - std::stod(row["started_seconds"]),
                std::stod(row["pause_seconds"]) + std::stod(row["lateness_seconds"]), 1e-6);
    EXPECT_EQ(row["outcome"], "succeeded");
    tasks.insert(row["task"]);
    places.insert(row["accepted"]);
    ++by_worker[row["worker"]];
  }
  EXPECT_THAT(tasks, SizeIs(kTasks));
  EXPECT_THAT(places, SizeIs(kTasks));
  json document = document_of(run);
  for (const json& worker : document["workers"]) {
    EXPECT_EQ(by_worker[worker.at("session")], worker.at("tasks_done").get<std::size_t>());
  }
  EXPECT_EQ(document["completion"]["first_task"].dump(), fields_of(lines[1])[0]);
  EXPECT_EQ(document["completion"]["last_task"].dump(), fields_of(lines.back())[0]);
}

TEST_F(Documents, JsonLinesResultsMatchTheSummary) {
  Program& run = rollcall({"-n", "8", "--pause-min", "20ms", "--pause-max", "300ms", "-w", "2",
                           "--collection-method", "wait", "--wait-timeout", "150ms", "--output",
                           "json", "--results", file("results.jsonl")});
  run.wait();
  std::map<std::string, std::size_t> outcomes;
  double previous = -1;
  for (const std::string& line : lines_of(contents_of(file("results.jsonl")))) {
    const json row = json::parse(line);
    ++outcomes[row.at("outcome")];
    EXPECT_GE(row.at("finished_seconds").get<double>(), previous);
    previous = row.at("finished_seconds");
    EXPECT_EQ(row.at("outcome") == "succeeded", row.at("lateness_seconds").is_number());
  }
  json document = document_of(run);
  expect_complete(document, 8);
  for (const auto& [name, count] : document["outcomes"].items()) {
    EXPECT_EQ(outcomes[name], count.get<std::size_t>()) << name;
  }
}

TEST_F(Documents, ReplacesAnExistingResultsFile) {
  const std::string results = file("results.csv");
  for (const char* count : {"30", "3"}) {
    Program& run = rollcall({"-n", count, "--pause", "20ms", "-w", "1", "--results", results});
    EXPECT_EQ(run.wait(), 0) << run.story();
  }
  EXPECT_THAT(lines_of(contents_of(results)), SizeIs(4));
}

}  // namespace
}  // namespace rollcall::integration
