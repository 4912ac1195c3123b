#include "coordinator/view/exec_display.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/text.h"
#include "common/limits.h"
#include "common/model/decimal.h"
#include "coordinator/core/analysis/failures.h"
#include "coordinator/view/base64.h"
#include "coordinator/view/command_failure.h"
#include "coordinator/view/failed_tasks.h"
#include "coordinator/view/row.h"
#include "coordinator/view/run_document.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::ordered_json;

/// A member for what a command wrote: the text if it is UTF-8, else base64.
void append_stream(std::string& line, const char* name, const std::string& bytes) {
  const bool is_text = is_utf8(bytes);
  line.append(",\"").append(name).append(is_text ? "\":" : "_base64\":");
  if (is_text) {
    line += dump(Json(bytes));
    return;
  }
  line.append("\"").append(base64(bytes)).append("\"");
}

struct Dropped {
  std::uint64_t tasks = 0;
  DroppedOutput bytes;
};

Dropped dropped_of(const CommandResults& results) {
  Dropped all;
  for (const auto& [record, bytes] : results.dropped()) {
    ++all.tasks;
    all.bytes.out += bytes.out;
    all.bytes.err += bytes.err;
  }
  return all;
}

}  // namespace

std::optional<CommandFacts> ExecDisplay::facts(std::size_t record) const {
  return is_known() ? run_.results->facts(record) : std::nullopt;
}

std::string ExecDisplay::how(const RunRecords& records, std::size_t record) const {
  const TaskId task = records.task[record];
  const Duration timeout = is_known() ? run_.commands->timeout(task) : Duration::zero();
  return how_it_failed(records.outcome_of(task), facts(record), timeout, records.elapsed[record]);
}

std::string ExecDisplay::failure(const RunRecords& records, std::size_t record) const {
  const std::optional<CommandFacts> known = facts(record);
  std::string how = this->how(records, record);
  const bool names_program = known && known->end == CommandEnd::not_started;
  if (names_program || !is_known()) return how;
  return how + ": " + printable(command(records.task[record]), kNamedCommandBytes);
}

std::string ExecDisplay::command(TaskId task) const {
  return is_known() ? run_.commands->line(task) : std::string();
}

std::string ExecDisplay::whole_command(TaskId task) const {
  return is_known() ? run_.commands->whole_line(task) : std::string();
}

std::string ExecDisplay::failure_tail(std::size_t record) const {
  if (!is_known()) return {};
  const auto found = std::ranges::find(*run_.tails, record, &FailureTail::record);
  return found == run_.tails->end() ? std::string() : found->text;
}

std::string_view ExecDisplay::columns() const {
  return ",exit_status,signal,error,cpu_seconds,peak_rss_bytes,stdout_dropped_bytes,"
         "stderr_dropped_bytes";
}

void ExecDisplay::append_columns(RowForm& form, std::size_t record) const {
  const std::optional<CommandFacts> facts = this->facts(record);
  const bool has_run = facts && facts->end != CommandEnd::not_started;
  std::optional<std::uint64_t> status;
  std::optional<std::uint64_t> signal;
  std::optional<std::uint64_t> peak_rss_bytes;
  std::optional<std::uint64_t> dropped_out;
  std::optional<std::uint64_t> dropped_err;
  std::optional<Duration> cpu;
  if (has_run) {
    if (facts->signal != 0) signal = static_cast<std::uint64_t>(facts->signal);
    if (!signal) status = static_cast<std::uint64_t>(facts->status);
    peak_rss_bytes = facts->peak_rss_bytes;
    dropped_out = facts->dropped.out;
    dropped_err = facts->dropped.err;
    cpu = facts->cpu;
  }
  form.number("exit_status", status);
  form.number("signal", signal);
  form.text("error", facts ? facts->error : std::string_view());
  form.seconds("cpu_seconds", cpu);
  form.number("peak_rss_bytes", peak_rss_bytes);
  form.number("stdout_dropped_bytes", dropped_out);
  form.number("stderr_dropped_bytes", dropped_err);
}

std::string_view ExecDisplay::input_columns() const {
  return ",input,command";
}

std::vector<std::string> ExecDisplay::parameters() const {
  std::vector<std::string> names(is_known() ? run_.commands->column_count() : 0);
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = run_.commands->column_name(i);
  return names;
}

void ExecDisplay::append_input(RowForm& form, TaskId task,
                               std::vector<std::string>& parameters) const {
  if (!is_known()) return;
  const TaskCommands& commands = *run_.commands;
  const std::vector<std::string> values = commands.columns(task);
  for (std::size_t i = parameters.size(); i < values.size(); ++i) {
    parameters.push_back(commands.column_name(i));
  }
  if (commands.task_input().has_blocks()) {
    form.text("input", {});
  } else {
    form.bytes("input", commands.task_input().lines_of(index(task)));
  }
  form.bytes("command", commands.line(task));
  form.group("columns", parameters, values);
}

void ExecDisplay::append_event_members(std::string& line, std::size_t record) const {
  const CommandResult* result = is_known() ? run_.results->unpublished(record) : nullptr;
  if (result == nullptr) return;
  append_stream(line, "stdout", result->out);
  append_stream(line, "stderr", result->err);
}

void ExecDisplay::add_failure_members(Json& event, const OutcomeColumns& outcomes,
                                      std::size_t row) const {
  if (outcomes.command.empty()) return;
  const CommandResult& result = outcomes.command[row];
  event["exit_status"] = result.end == CommandEnd::exited ? Json(result.status) : Json(nullptr);
  event["signal"] = result.signal != 0 ? Json(result.signal) : Json(nullptr);
  event["error"] = result.error_text.empty() ? Json(nullptr) : Json(result.error_text);
}

std::string ExecDisplay::dropped_text() const {
  if (!is_known()) return {};
  const Dropped dropped = dropped_of(*run_.results);
  if (dropped.tasks == 0) return {};
  return fmt::format("{} bytes of output of {} {} (--max-output)",
                     dropped.bytes.out + dropped.bytes.err, dropped.tasks,
                     dropped.tasks == 1 ? "task" : "tasks");
}

Json ExecDisplay::failed_json(const RunRecords& records) const {
  Json failed = Json::array();
  RowWriter rows(records, *this);
  for (std::size_t record = 0; record < records.accepted(); ++record) {
    if (failed.size() == limits::named_tasks) break;
    const TaskId task = records.task[record];
    if (!has_failed(records.outcome_of(task))) continue;
    Json& one = failed.emplace_back(Json{{"task", index(task)},
                                         {"how", how(records, record)},
                                         {"stderr_tail", failure_tail(record)}});
    std::string row = "{";
    rows.append_json_members(row, record);
    one.update(Json::parse(row + "}"));
  }
  return failed;
}

Json ExecDisplay::commands_json(const RunRecords& records) const {
  Duration cpu{};
  std::uint64_t peak_rss_bytes = 0;
  for (std::size_t record = 0; record < records.accepted(); ++record) {
    const std::optional<CommandFacts> known = facts(record);
    if (!known) continue;
    cpu += std::min(known->cpu, Duration::max() - cpu);  // journals may hold any values
    peak_rss_bytes = std::max(peak_rss_bytes, known->peak_rss_bytes);
  }
  const Dropped dropped = dropped_of(*run_.results);
  const CollectedOutput discarded = discards_ ? run_.results->collected() : CollectedOutput();
  return {{"cpu_seconds", to_seconds(cpu)},
          {"peak_rss_bytes", peak_rss_bytes},
          {"dropped",
           {{"tasks", dropped.tasks},
            {"stdout_bytes", dropped.bytes.out},
            {"stderr_bytes", dropped.bytes.err}}},
          {"discarded", {{"stdout_bytes", discarded.out}, {"stderr_bytes", discarded.err}}},
          {"failed", failed_json(records)},
          {"failed_count", count_failed(records)},
          {"list_failed", list_failed_.empty() ? Json(nullptr) : Json(list_failed_)}};
}

void ExecDisplay::add_members(const RunRecords& records, Json& document) const {
  document["commands"] = is_known() ? commands_json(records) : Json(nullptr);
}

}  // namespace rollcall::coordinator
