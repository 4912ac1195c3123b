#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "common/cli/command_line.h"
#include "coordinator/output/output.h"
#include "tests/support/json_schema.h"
#include "tests/support/output_test_files.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Instant kStart = RunRecordsBuilder::kBegin;
const KindDisplay kSleeps;

JsonSchema schema(const std::string& name) {
  return JsonSchema(
      json::parse(read_file(std::string(ROLLCALL_SOURCE_DIR) + "/docs/reference/" + name)));
}

std::vector<json> parse_lines(const std::string& text) {
  std::vector<json> values;
  for (const std::string& line : lines_of(text)) values.push_back(json::parse(line));
  return values;
}

/// Two workers, one of them lost; every form of outcome; a check that failed.
RunRecordsBuilder eventful_run() {
  RunRecordsBuilder run(4);
  run.worker().worker(8).dispatched(0, 1).done(0, 0, Outcome::succeeded, 1ms);
  run.done(1, 1).done(2, 0, Outcome::failed).decided(3, Outcome::lost, 5s);
  SessionRecord& lost = run.records().sessions[1];
  lost.end = SessionEnd::lost;
  lost.end_reason = "its process ended";
  lost.name = "bad \xff name";
  lost.goodbye.reset();
  TimeEcho echo{kStart, instant_from_ns(1), instant_from_ns(2)};
  run.records().sessions[0].clock.add(echo, kStart + 1us);
  run.records().stale = 2;
  run.records().attempts_adopted = 3;
  run.records().reports_repeated = 5;
  return run;
}

Summary summary_of(const RunRecords& records) {
  const auto order = finish_order(records);
  Summary summary = summarize(records, order);
  summary.startup = 31ms;
  summary.coordinator = {0.5, 1 << 20};
  summary.failed_checks.push_back(
      {"order", "the rows are not in order", 2, {TaskId(0), TaskId(3)}});
  return summary;
}

json document_of(const RunRecords& records, const Summary& summary) {
  const MemoryFile file;
  const auto output = make_json_output(records, file.fd(), kSleeps);
  output->finished(summary, finish_order(records));
  output->drain();
  return json::parse(file.text());
}

TEST(JsonOutput, FitsItsSchema) {
  const JsonSchema run_schema = schema("run-1.schema.json");
  const RunRecords eventful = eventful_run().records();
  EXPECT_EQ(run_schema.misfit(document_of(eventful, summary_of(eventful))), "");
  const RunRecords empty = RunRecordsBuilder(0).records();
  EXPECT_EQ(run_schema.misfit(document_of(empty, Summary())), "");
}

TEST(JsonOutput, HasTheResultOfTheRun) {
  const RunRecords records = eventful_run().records();
  const json run = document_of(records, summary_of(records));
  EXPECT_EQ(run["schema"], "rollcall/run/1");
  EXPECT_EQ(run["run_id"], "abababababababababababababababab");
  EXPECT_EQ(run["seed"], 42);
  EXPECT_EQ(run["measured_seconds"], 5.0);
  EXPECT_EQ(run["lower_bound_seconds"], 2.0);
  EXPECT_EQ(run["overhead_percent"], 150.0);
  EXPECT_EQ(run["startup_seconds"], 0.031);
  EXPECT_EQ(run["validated"], false);
  EXPECT_EQ(run["failed_checks"][0]["tasks"], json({0, 3}));
  EXPECT_EQ(
      run["outcomes"],
      json({{"succeeded", 2}, {"failed", 1}, {"timed_out", 0}, {"cancelled", 0}, {"lost", 1}}));
  EXPECT_EQ(run["attempts"], json({{"total", 4},
                                   {"finished", 3},
                                   {"lost", 1},
                                   {"running", 0},
                                   {"retried", 1},
                                   {"adopted", 3},
                                   {"stale", 2}}));
  EXPECT_EQ(run["reports"], json({{"repeated", 5}}));
  EXPECT_EQ(run["lateness_seconds"]["max"], 0.001);
  EXPECT_EQ(run["completion"]["last_task"], 3);
  EXPECT_EQ(run["resources"]["cpu_seconds"], 0.5);
}

TEST(JsonOutput, HasTheNameOfTheRun) {
  RunRecords records = eventful_run().records();
  EXPECT_EQ(document_of(records, summary_of(records))["name"], nullptr);
  records.spec.name = "nightly";
  const json run = document_of(records, summary_of(records));
  EXPECT_EQ(run["name"], "nightly");
  EXPECT_EQ(schema("run-1.schema.json").misfit(run), "");
}

TEST(JsonOutput, HasTheEndOfTheRun) {
  const RunRecords records = eventful_run().records();
  Summary summary = summary_of(records);
  summary.started = 1'709'251'199s + 1500us;
  summary.finished = false;
  summary.exit_status = 4;
  json run = document_of(records, summary);
  EXPECT_EQ(run["started_at"], "2024-02-29T23:59:59.001500Z");
  EXPECT_EQ(run["version"], cli::version());
  EXPECT_EQ(run["finished"], false);
  EXPECT_EQ(run["exit_status"], nullptr);
  EXPECT_EQ(run["reason"], nullptr);
  EXPECT_EQ(schema("run-1.schema.json").misfit(run), "");
  summary.run_timed_out = true;
  run = document_of(records, summary);
  EXPECT_EQ(run["exit_status"], nullptr);
  EXPECT_EQ(run["reason"], "run_timeout");
  EXPECT_EQ(schema("run-1.schema.json").misfit(run), "");
  summary.finished = true;
  for (const auto& [status, reason] : std::map<int, std::string>{{0, "succeeded"},
                                                                 {1, "tasks_failed"},
                                                                 {3, "validation_failed"},
                                                                 {4, "no_workers"},
                                                                 {5, "run_timeout"},
                                                                 {6, "output_failed"},
                                                                 {143, "signal"}}) {
    summary.exit_status = status;
    run = document_of(records, summary);
    EXPECT_EQ(run["finished"], true);
    EXPECT_EQ(run["exit_status"], status);
    EXPECT_EQ(run["reason"], reason);
    EXPECT_EQ(schema("run-1.schema.json").misfit(run), "");
  }
}

TEST(JsonOutput, HasTheTimeOfSlotsOfCommands) {
  RunRecordsBuilder builder(2, 0s, 0s);
  builder.records().spec.kind = KindId::exec;
  builder.records().spec.traits = traits_of(KindId::exec);
  builder.worker(2).done(0).done(1, 0, Outcome::succeeded, 3s);
  builder.records().retry_seconds = 0.5;
  const json run = document_of(builder.records(), summary_of(builder.records()));
  const json slots = run["slot_seconds"];
  EXPECT_EQ(schema("run-1.schema.json").misfit(run), "");
  EXPECT_EQ(slots["retries"], 0.5);
  EXPECT_NEAR(slots["busy"].get<double>() + 0.5 + slots["waiting"].get<double>(),
              2 * run["measured_seconds"].get<double>(), 1e-9);
}

TEST(JsonSchemas, AllowWhatLaterVersionsAdd) {
  for (const char* name :
       {"run-1", "event-1", "event-2", "row-1", "status-1", "drain-1", "validation-1"}) {
    const std::string text =
        read_file(std::string(ROLLCALL_SOURCE_DIR) + "/docs/reference/" + name + ".schema.json");
    EXPECT_FALSE(text.empty()) << name;
    EXPECT_EQ(text.find("additionalProperties"), std::string::npos) << name;
  }
  EXPECT_EQ(schema("event-1.schema.json").misfit(json({{"event", "of_a_later_version"}})), "");
}

TEST(JsonOutput, HasTheWorkers) {
  const RunRecords records = eventful_run().records();
  const json workers = document_of(records, summary_of(records))["workers"];
  ASSERT_THAT(workers, SizeIs(2));
  EXPECT_EQ(workers[0]["session"], "01010101010101010101010101010101");
  EXPECT_EQ(workers[0]["slots"], nullptr);
  EXPECT_EQ(workers[0]["lost"], false);
  EXPECT_EQ(workers[0]["resources"]["peak_rss_bytes"], 4096);
  EXPECT_GT(workers[0]["clock_bound_seconds"], 0);
  EXPECT_EQ(workers[1]["slots"], 8);
  EXPECT_EQ(workers[1]["lost"], true);
  EXPECT_EQ(workers[1]["resources"], nullptr);
  EXPECT_EQ(workers[1]["clock_bound_seconds"], nullptr);
}

TEST(JsonOutput, WritesNothingBeforeTheEnd) {
  RunRecordsBuilder run = eventful_run();
  const MemoryFile file;
  const auto output = make_json_output(run.records(), file.fd(), kSleeps);
  output->worker_joined(kStart, SessionIndex(0));
  output->outcomes_accepted(kStart, 0, 4);
  output->drain();
  EXPECT_THAT(file.text(), IsEmpty());
}

std::string events_of(const RunRecords& records) {
  const MemoryFile file;
  const auto output = make_jsonl_output(records, file.fd(), kSleeps);
  output->run_started(kStart,
                      {1'700'000'000s - kStart.time_since_epoch(), "tcp://host:5555", "/c"});
  output->worker_joined(kStart, SessionIndex(0));
  output->worker_joined(kStart, SessionIndex(1));
  const std::vector<TaskId> started = {TaskId(0), TaskId(1)};
  output->tasks_started(kStart, SessionIndex(0), started);
  OutcomeColumns failed;
  failed.push_back(TaskId(0), 1, Outcome::succeeded, {}, 1ms, 0ns);
  failed.push_back(TaskId(1), 3, Outcome::timed_out, {}, 250ms, 0ns);
  output->attempts_failed(kStart + 1us, SessionIndex(1), failed, std::vector<std::uint32_t>{1});
  output->outcomes_accepted(kStart, 0, 4);
  output->worker_left(kStart, SessionIndex(1), 1);
  output->worker_left(kStart, SessionIndex(0), 0);
  output->finished(summary_of(records), finish_order(records));
  output->drain();
  return file.text();
}

TEST(JsonlOutput, EveryLineFitsTheSchema) {
  const JsonSchema event_schema = schema("event-1.schema.json");
  const std::vector<json> events = parse_lines(events_of(eventful_run().records()));
  std::vector<std::string> names;
  for (const json& event : events) {
    EXPECT_EQ(event_schema.misfit(event), "") << event;
    names.push_back(event["event"]);
  }
  EXPECT_THAT(names, ElementsAre("run_started", "worker_joined", "worker_joined", "started",
                                 "started", "attempt_failed", "done", "done", "done", "done",
                                 "worker_lost", "worker_left", "summary"));
}

/// A run whose input is streamed: it has two tasks so far.
RunRecordsBuilder streamed_run() {
  RunRecordsBuilder run(2);
  run.records().spec.is_open = true;
  run.worker().done(0).done(1);
  return run;
}

TEST(JsonlOutput, EveryLineOfAStreamedRunFitsItsSchema) {
  RunRecordsBuilder run = streamed_run();
  RunRecords& records = run.records();
  const MemoryFile file;
  const auto output = make_jsonl_output(records, file.fd(), kSleeps);
  output->run_started(kStart, {0s, "tcp://host:5555", ""});
  output->outcomes_accepted(kStart, 0, 1);
  records.close("line 3: too long");
  output->input_ended(kStart);
  output->outcomes_accepted(kStart, 1, 1);
  output->finished(summary_of(records), finish_order(records));
  output->drain();
  const JsonSchema event_schema = schema("event-2.schema.json");
  const std::vector<json> events = parse_lines(file.text());
  for (const json& event : events) EXPECT_EQ(event_schema.misfit(event), "") << event;
  ASSERT_THAT(events, SizeIs(6));
  EXPECT_EQ(events[0]["schema"], "rollcall/events/2");
  EXPECT_EQ(events[0]["task_count"], nullptr);
  EXPECT_EQ(events[3]["event"], "input_ended");
  EXPECT_EQ(events[3]["task_count"], 2);
  EXPECT_EQ(events[3]["error"], "line 3: too long");
  EXPECT_EQ(events[5]["input"], json({{"ended", true}, {"error", "line 3: too long"}}));
}

TEST(JsonOutput, HasTheStateOfTheInput) {
  RunRecordsBuilder run = streamed_run();
  const json open = document_of(run.records(), summary_of(run.records()));
  EXPECT_EQ(schema("run-1.schema.json").misfit(open), "");
  EXPECT_EQ(open["input"], json({{"ended", false}, {"error", nullptr}}));
  run.records().close("read error");
  Summary summary = summary_of(run.records());
  summary.exit_status = 6;
  const json failed = document_of(run.records(), summary);
  EXPECT_EQ(schema("run-1.schema.json").misfit(failed), "");
  EXPECT_EQ(failed["input"], json({{"ended", true}, {"error", "read error"}}));
  EXPECT_EQ(failed["reason"], "input_failed");
}

/// In a resumed run, results of workers are published before these join again, if they ever do.
TEST(JsonlOutput, NamesAWorkerOnlyAfterItHasJoined) {
  const RunRecords records = eventful_run().records();
  const MemoryFile file;
  const auto output = make_jsonl_output(records, file.fd(), kSleeps);
  output->outcomes_accepted(kStart, 0, 4);
  output->worker_left(kStart, SessionIndex(1), 1);
  output->worker_joined(kStart, SessionIndex(0));
  output->drain();
  std::set<std::string> joined;
  std::size_t times = 0;
  for (const json& event : parse_lines(file.text())) {
    if (event["event"] == "worker_joined") {
      joined.insert(event["worker"]);
      ++times;
    } else if (event.contains("worker") && !event["worker"].is_null()) {
      EXPECT_TRUE(joined.contains(event["worker"])) << event;
    }
  }
  EXPECT_EQ(times, joined.size()) << "each joins once";
}

TEST(JsonlOutput, EndsWithTheDocument) {
  const RunRecords records = eventful_run().records();
  json last = parse_lines(events_of(records)).back();
  last.erase("event");
  last.erase("time");
  EXPECT_EQ(last, document_of(records, summary_of(records)));
}

TEST(JsonlOutput, HasTheEventsOfATask) {
  const std::vector<std::string> events = lines_of(events_of(eventful_run().records()));
  EXPECT_EQ(events[3], R"({"event":"started","time":"2023-11-14T22:13:20.000000Z","task":0,)"
                       R"("attempt":2,"worker":"01010101010101010101010101010101"})");
  EXPECT_EQ(events[5], R"({"event":"attempt_failed","time":"2023-11-14T22:13:20.000001Z","task":1,)"
                       R"("attempt":1,"worker":"02020202020202020202020202020202",)"
                       R"("outcome":"timed_out","elapsed_seconds":0.25})");
  EXPECT_EQ(
      events[6],
      R"({"event":"done","time":"2023-11-14T22:13:20.000000Z","task":0,"outcome":"succeeded","attempt":2,)"
      R"("worker":"01010101010101010101010101010101","pause_seconds":2.000000000,)"
      R"("started_seconds":0.001000000,"finished_seconds":2.002000000,)"
      R"("lateness_seconds":0.001000000,"finished_bound_seconds":0.000010200,"accepted":1,)"
      R"("seq":1,"worker_name":"w1","run_seconds":2.001000000})");
  EXPECT_EQ(
      events[9],
      R"({"event":"done","time":"2023-11-14T22:13:20.000000Z","task":3,"outcome":"lost","attempt":0,"worker":null,)"
      R"("pause_seconds":2.000000000,"started_seconds":null,"finished_seconds":5.000000000,)"
      R"("lateness_seconds":null,"finished_bound_seconds":0.000000000,"accepted":4,)"
      R"("seq":4,"worker_name":null,"run_seconds":null})");
  EXPECT_THAT(events[10], HasSubstr(R"("returned":1,"reason":"its process ended")"));
}

TEST(JsonSchemaTest, ReportsMisfits) {
  const JsonSchema run_schema = schema("run-1.schema.json");
  const RunRecords records = eventful_run().records();
  const json right = document_of(records, summary_of(records));
  json wrong = right;
  wrong.erase("seed");
  EXPECT_EQ(run_schema.misfit(wrong), "$: no \"seed\"");
  wrong = right;
  wrong["workers"][0]["colour"] = "red";
  EXPECT_EQ(run_schema.misfit(wrong), "$.workers[0]: colour is not in the schema");
  wrong = right;
  wrong["workers"][0]["pid"] = "12";
  EXPECT_EQ(run_schema.misfit(wrong), "$.workers[0].pid: wrong type");
  wrong = right;
  wrong["run_id"] = "ABC";
  EXPECT_THAT(run_schema.misfit(wrong), HasSubstr("$.run_id: does not match"));
}

}  // namespace
}  // namespace rollcall::coordinator
