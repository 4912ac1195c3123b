#include "coordinator/view/run_document.h"

#include <algorithm>
#include <optional>

#include "common/cli/command_line.h"
#include "coordinator/core/analysis/exit_status.h"
#include "coordinator/view/utc_time.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::ordered_json;

Json resources_json(const Resources& resources) {
  return {{"cpu_seconds", resources.cpu_seconds}, {"peak_rss_bytes", resources.peak_rss_bytes}};
}

Json task_or_null(const std::optional<TaskId>& task) {
  return task ? Json(index(*task)) : Json(nullptr);
}

Json number_or_null(const std::optional<double>& number) {
  return number ? Json(*number) : Json(nullptr);
}

Json checks_json(const std::vector<FailedCheck>& checks) {
  Json list = Json::array();
  for (const FailedCheck& check : checks) {
    Json tasks = Json::array();
    for (const TaskId task : check.tasks) tasks.push_back(index(task));
    list.push_back({{"check", check.name},
                    {"text", check.text},
                    {"count", check.count},
                    {"tasks", std::move(tasks)}});
  }
  return list;
}

Json outcomes_json(const Summary& summary) {
  Json outcomes = Json::object();
  for (const Outcome outcome : {Outcome::succeeded, Outcome::failed, Outcome::timed_out,
                                Outcome::cancelled, Outcome::lost}) {
    outcomes[std::string(to_string(outcome))] = summary.count(outcome);
  }
  return outcomes;
}

Json worker_json(const RunRecords& records, const SessionRecord& session) {
  const Instant end = session.last_accepted.value_or(session.welcomed);
  Json worker = {{"session", to_hex(session.id.bytes)},
                 {"name", session.name},
                 {"host", session.host},
                 {"pid", session.pid},
                 {"slots", nullptr},
                 {"tasks_done", session.tasks_done},
                 {"clock_bound_seconds", nullptr},
                 {"lost", session.end == SessionEnd::lost},
                 {"resources", nullptr}};
  if (session.slots > 0) worker["slots"] = session.slots;
  if (session.clock.known()) {
    const Instant last = records.last_accepted.value_or(end);
    worker["clock_bound_seconds"] = to_seconds(session.clock.bound(std::max(end, last)));
  }
  if (session.goodbye) {
    worker["resources"] =
        resources_json({session.goodbye->cpu_seconds, session.goodbye->peak_rss_bytes});
  }
  return worker;
}

void add_times(Json& document, const Summary& summary) {
  document["startup_seconds"] = to_seconds(summary.startup);
  document["planning_seconds"] = to_seconds(summary.planning);
  document["lower_bound_seconds"] = to_seconds(summary.lower_bound);
  document["measured_seconds"] = to_seconds(summary.measured);
  document["stopped_seconds"] = to_seconds(summary.stopped);
  document["overhead_seconds"] = to_seconds(summary.overhead());
  document["overhead_percent"] = summary.overhead_percent();
  document["slot_seconds"] = nullptr;
  if (summary.slot_time) {
    document["slot_seconds"] = {{"busy", summary.slot_time->busy},
                                {"retries", summary.slot_time->retries},
                                {"waiting", number_or_null(summary.slot_time->waiting)}};
  }
}

/// How the run ended, if it has.
void add_end(Json& document, const RunRecords& records, const Summary& summary) {
  document["finished"] = summary.finished;
  document["exit_status"] = nullptr;
  document["reason"] = nullptr;
  if (summary.run_timed_out) document["reason"] = "run_timeout";
  if (!summary.finished || !summary.exit_status) return;
  document["exit_status"] = *summary.exit_status;
  document["reason"] = end_reason(*summary.exit_status, records);
}

/// The figures of a whole run are unknown, and some tasks are pending.
void mark_unfinished(Json& document, const RunRecords& records, const Summary& summary) {
  document["outcomes"]["pending"] = records.spec.task_count - records.accepted();
  for (const char* name :
       {"lower_bound_seconds", "overhead_seconds", "overhead_percent", "validated"}) {
    document[name] = nullptr;
  }
  document["failed_checks"] = Json::array();
  if (summary.has_account) return;
  for (const char* name :
       {"startup_seconds", "planning_seconds", "validation_seconds", "resources"}) {
    document[name] = nullptr;
  }
}

}  // namespace

Json run_document(const RunRecords& records, const Summary& summary, const KindDisplay& display) {
  const RunSpec& spec = records.spec;
  Json document = {{"schema", "rollcall/run/1"},    {"run_id", to_hex(spec.id.bytes)},
                   {"kind", to_string(spec.kind)},  {"seed", spec.seed},
                   {"task_count", spec.task_count}, {"collection_method", to_string(spec.method)}};
  document["name"] = spec.name.empty() ? Json(nullptr) : Json(spec.name);
  document["version"] = cli::version();
  document["started_at"] = utc_text(summary.started);
  add_end(document, records, summary);
  const std::string& error = records.input_error;
  document["input"] = {{"ended", !spec.is_open},
                       {"error", error.empty() ? Json(nullptr) : Json(error)}};
  add_times(document, summary);
  document["validated"] = summary.validated();
  document["validation_seconds"] = to_seconds(summary.validation);
  document["failed_checks"] = checks_json(summary.failed_checks);
  document["outcomes"] = outcomes_json(summary);
  const AttemptCounts attempts = records.attempts();
  document["attempts"] = {{"total", attempts.begun()},
                          {"finished", attempts.finished},
                          {"lost", attempts.lost},
                          {"running", attempts.running},
                          {"retried", records.attempts_retried},
                          {"adopted", records.attempts_adopted},
                          {"stale", records.stale}};
  document["reports"] = {{"repeated", records.reports_repeated}};
  document["lateness_seconds"] = {{"p50", to_seconds(summary.lateness.p50)},
                                  {"p99", to_seconds(summary.lateness.p99)},
                                  {"max", to_seconds(summary.lateness.max)}};
  document["completion"] = {{"first_task", task_or_null(summary.completion.first_task)},
                            {"last_task", task_or_null(summary.completion.last_task)},
                            {"ambiguous_neighbours", summary.completion.ambiguous_neighbours}};
  document["resources"] = resources_json(summary.coordinator);
  document["workers"] = Json::array();
  for (const SessionRecord& session : records.sessions) {
    document["workers"].push_back(worker_json(records, session));
  }
  if (!display.has_pauses()) {
    document["seed"] = nullptr;
    document["lateness_seconds"] = nullptr;
  }
  if (!summary.finished) mark_unfinished(document, records, summary);
  display.add_members(records, document);
  return document;
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rollcall::coordinator
