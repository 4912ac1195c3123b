#include "coordinator/control/desk.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "common/access/strict_json.h"
#include "common/base/text.h"
#include "coordinator/control/limits.h"

namespace rollcall::coordinator {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// Returns `json` on one line. Replaces invalid UTF-8, which a worker's name may contain.
std::string line_of(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string error_line(const std::string& text) {
  return line_of({{"error", text}});
}

/// Attempts that exceed the worker's slots wait on the worker.
std::uint64_t running_of(const Scheduler& scheduler, const Session& session) {
  const std::uint64_t held = scheduler.held_by(session);
  return session.slots == 0 ? held : std::min<std::uint64_t>(held, session.slots);
}

std::string_view state_of(const Scheduler& scheduler, const Session& session) {
  if (session.phase == SessionPhase::handshaking) return "joining";
  if (session.leaves()) return "draining";
  return scheduler.held_by(session) > 0 ? "working" : "idle";
}

OrderedJson worker_json(const Scheduler& scheduler, const Session& session,
                        const SessionRecord& record) {
  OrderedJson slots = nullptr;
  OrderedJson limit = nullptr;
  if (record.slots != 0) slots = record.slots;
  if (session.slots_limit) limit = *session.slots_limit;
  return {{"name", record.name},
          {"host", record.host},
          {"pid", record.pid},
          {"session", to_hex(record.id.bytes)},
          {"slots", slots},
          {"running", running_of(scheduler, session)},
          {"done", record.tasks_done},
          {"state", state_of(scheduler, session)},
          {"slots_limit", limit}};
}

OrderedJson running_json(const Scheduler& scheduler, Instant now,
                         const std::function<std::string(TaskId)>& command_of) {
  const RunRecords& records = scheduler.records();
  OrderedJson running = OrderedJson::array();
  for (const Workload::Running& attempt : scheduler.running(limits::control_attempts)) {
    const SessionRecord& session = records.sessions[index(attempt.session)];
    OrderedJson command = nullptr;
    if (std::string text = command_of(attempt.task); !text.empty()) command = std::move(text);
    running.push_back({{"task", index(attempt.task)},
                       {"attempt", records.attempt[index(attempt.task)]},
                       {"worker", session.name},
                       {"session", to_hex(session.id.bytes)},
                       {"sent_seconds_ago", to_seconds(now - attempt.sent)},
                       {"command", command}});
  }
  return running;
}

std::string text_of(const nlohmann::json& request, const char* member) {
  const auto found = request.find(member);
  return found != request.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The ranges of a request, without what several have in common; empty if it has none, or one is
/// not [FIRST, LAST]. "all": those of all `count` tasks.
std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_of(const nlohmann::json& request,
                                                               std::uint64_t count) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  const auto tasks = request.find("tasks");
  if (text_of(request, "tasks") == "all" && count > 0) return {{0, count - 1}};
  if (tasks == request.end() || !tasks->is_array()) return {};
  for (const nlohmann::json& range : *tasks) {
    const bool is_range = range.is_array() && range.size() == 2 && range[0].is_number_unsigned() &&
                          range[1].is_number_unsigned() && range[0] <= range[1];
    if (!is_range) return {};
    ranges.emplace_back(range[0].get<std::uint64_t>(), range[1].get<std::uint64_t>());
  }
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t next = 0;  // the first number that no range has had
  for (auto& [first, last] : ranges) {
    first = std::max(first, next);
    next = std::max(next, last + 1);
  }
  return ranges;
}

std::optional<std::uint32_t> count_of(const nlohmann::json& request, const char* member) {
  const auto found = request.find(member);
  if (found == request.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto count = found->get<std::uint64_t>();
  if (count > limits::task_count) return std::nullopt;
  return static_cast<std::uint32_t>(count);
}

}  // namespace

std::uint64_t running_of(const Scheduler& scheduler) {
  std::uint64_t running = 0;
  for (const Session& session : scheduler.sessions()) running += running_of(scheduler, session);
  return running;
}

ControlAnswer ControlDesk::answer(Instant now, const std::string& request) {
  const Result<nlohmann::json> parsed = parse_strict_json(request);
  if (!parsed) return error_line("expected one JSON object on one line: " + parsed.error().message);
  const nlohmann::json& json = *parsed;
  if (!json.is_object()) return error_line("expected one JSON object on one line");
  const std::string command = text_of(json, "command");
  if (command == "status") return status(now);
  if (command == "cancel") return cancel(json);
  if (command == "pause" || command == "unpause") return pause(command == "pause");
  if (command == "slots") return limit_slots(text_of(json, "worker"), count_of(json, "slots"));
  if (command == "follow") return follow(count_of(json, "task"));
  if (command != "drain") {
    return error_line(
        "expected the command status, follow, drain, cancel, pause, unpause or slots");
  }
  const std::string mode = text_of(json, "mode");
  for (const DrainMode known : {DrainMode::finish, DrainMode::return_running}) {
    if (mode == to_string(known)) return drain(text_of(json, "worker"), known);
  }
  return error_line("expected the mode finish or return");
}

std::uint64_t ControlDesk::failed() {
  const RunRecords& records = scheduler_.records();
  for (; counted_ < records.accepted(); ++counted_) {
    const Outcome outcome = records.outcome_of(records.task[counted_]);
    const bool is_failure =
        outcome == Outcome::failed || outcome == Outcome::timed_out || outcome == Outcome::lost;
    failed_ += is_failure ? 1 : 0;
  }
  return failed_;
}

std::string ControlDesk::status(Instant now) {
  const RunRecords& records = scheduler_.records();
  OrderedJson workers = OrderedJson::array();
  const std::uint64_t running = running_of(scheduler_);
  std::uint64_t left = 0;
  std::uint64_t lost = 0;
  for (const Session& session : scheduler_.sessions()) {
    const SessionRecord& record = records.sessions[index(session.index)];
    if (session.live()) {
      workers.push_back(worker_json(scheduler_, session, record));
    } else {
      ++(record.end == SessionEnd::lost ? lost : left);
    }
  }
  const std::uint64_t done = records.accepted();
  const std::uint64_t total = records.spec.task_count;
  OrderedJson elapsed = nullptr;
  if (records.first_dispatch) {
    const bool is_over = done == total && !records.spec.is_open && records.last_accepted;
    elapsed = to_seconds((is_over ? *records.last_accepted : now) - *records.first_dispatch);
  }
  const std::string& name = records.spec.name;
  return line_of({{"schema", "rollcall/status/1"},
                  {"run_id", to_hex(records.spec.id.bytes)},
                  {"name", name.empty() ? OrderedJson(nullptr) : OrderedJson(name)},
                  {"pid", ::getpid()},
                  {"elapsed_seconds", elapsed},
                  {"tasks",
                   {{"total", total},
                    {"input_ended", !records.spec.is_open},
                    {"done", done},
                    {"running", running},
                    {"waiting", total - done - running},
                    {"failed", failed()},
                    {"retrying", scheduler_.retrying()}}},
                  {"messages_refused", scheduler_.messages_refused()},
                  {"workers", workers},
                  {"workers_left", left},
                  {"workers_lost", lost},
                  {"paused", scheduler_.is_paused()},
                  {"running", running_json(scheduler_, now, command_)}});
}

Result<std::vector<SessionIndex>> ControlDesk::select(const std::string& worker) const {
  using Matches = bool (*)(const std::string& text, const SessionRecord& record);
  constexpr Matches kBeginning = [](const std::string& text, const SessionRecord& record) {
    return record.name.starts_with(text) || to_hex(record.id.bytes).starts_with(text);
  };
  constexpr std::array<Matches, 5> kInOrder = {
      [](const std::string& text, const SessionRecord&) { return text == "all"; },
      [](const std::string& text, const SessionRecord& record) { return text == record.name; },
      [](const std::string& text, const SessionRecord& record) {
        return text == to_hex(record.id.bytes);
      },
      [](const std::string& text, const SessionRecord& record) { return text == record.host; },
      kBeginning};
  std::vector<SessionIndex> selected;
  std::string names;
  for (const Matches matches : kInOrder) {
    for (const Session& session : scheduler_.sessions()) {
      const SessionRecord& record = scheduler_.records().sessions[index(session.index)];
      if (!session.live() || !matches(worker, record)) continue;
      selected.push_back(session.index);
      names +=
          fmt::format("{}{} ({})", names.empty() ? "" : ", ", record.name, to_hex(record.id.bytes));
    }
    if (selected.size() > 1 && matches == kBeginning) {
      return permanent(fmt::format("{} is ambiguous: {}", printable(worker), names));
    }
    if (!selected.empty()) return selected;
  }
  if (worker == "all") return permanent("no worker is connected");
  return permanent("no connected worker is named " + printable(worker));
}

std::string ControlDesk::drain(const std::string& worker, DrainMode mode) {
  if (worker.empty()) return error_line("expected a worker");
  auto selected = select(worker);
  if (!selected) return error_line(selected.error().message);
  OrderedJson draining = OrderedJson::array();
  for (const SessionIndex session : *selected) {
    const SessionRecord& record = scheduler_.records().sessions[index(session)];
    draining.push_back(
        {{"name", record.name}, {"host", record.host}, {"session", to_hex(record.id.bytes)}});
  }
  step_(DrainRequested{std::move(*selected), mode});
  return line_of(
      {{"schema", "rollcall/drain/1"}, {"mode", to_string(mode)}, {"draining", draining}});
}

std::string ControlDesk::cancel(const nlohmann::json& json) {
  const RunRecords& records = scheduler_.records();
  const std::uint64_t count = records.spec.task_count;
  const auto ranges = ranges_of(json, count);
  if (ranges.empty() && text_of(json, "tasks") != "all") {
    return error_line("expected tasks, as in [[3, 3], [10, 20]], or \"all\"");
  }
  if (scheduler_.is_over()) return error_line("the run is over");
  CancelRequested request;
  std::uint64_t running = 0;
  std::uint64_t done = 0;
  for (const auto& [first, last] : ranges) {
    if (last >= count) {
      return error_line(unknown_task(last));
    }
    for (std::uint64_t task = first; task <= last; ++task) {
      const TaskState state = records.state_of(task_at(task));
      if (state == TaskState::done) {
        ++done;
        continue;
      }
      running += state == TaskState::assigned ? 1 : 0;
      request.tasks.push_back(task_at(task));
    }
  }
  const std::uint64_t cancelled = request.tasks.size();
  if (cancelled > 0) step_(request);
  return line_of({{"schema", "rollcall/cancel/1"},
                  {"cancelled", cancelled},
                  {"at_workers", running},
                  {"done_before", done}});
}

std::string ControlDesk::unknown_task(std::uint64_t task) const {
  const RunSpec& spec = scheduler_.records().spec;
  return fmt::format("task {} does not exist: the run has {} task{}{}, numbered from 0", task,
                     spec.task_count, spec.task_count == 1 ? "" : "s",
                     spec.is_open ? " so far" : "");
}

ControlAnswer ControlDesk::follow(std::optional<std::uint32_t> task) {
  if (!task) return error_line("expected the number of a task");
  if (*task >= scheduler_.records().spec.task_count) return error_line(unknown_task(*task));
  auto lines = follow_(task_at(*task));
  if (!lines) return error_line(lines.error().message);
  return ControlAnswer(*std::move(lines));
}

std::string ControlDesk::pause(bool is_paused) {
  if (scheduler_.is_over()) return error_line("the run is over");
  step_(PauseRequested{is_paused});
  return line_of(
      {{"schema", "rollcall/pause/1"}, {"paused", is_paused}, {"running", running_of(scheduler_)}});
}

std::string ControlDesk::limit_slots(const std::string& worker,
                                     std::optional<std::uint32_t> slots) {
  if (worker.empty()) return error_line("expected a worker");
  if (!slots) return error_line("expected a number of slots");
  auto selected = select(worker);
  if (!selected) return error_line(selected.error().message);
  OrderedJson limited = OrderedJson::array();
  for (const SessionIndex session : *selected) {
    const SessionRecord& record = scheduler_.records().sessions[index(session)];
    if (record.slots != 0 && *slots > record.slots) {
      return error_line(fmt::format("worker {} has {} slots: expected 0 to {}", record.name,
                                    record.slots, record.slots));
    }
    limited.push_back(
        {{"name", record.name}, {"host", record.host}, {"session", to_hex(record.id.bytes)}});
  }
  step_(SlotsLimited{std::move(*selected), *slots});
  return line_of({{"schema", "rollcall/slots/1"}, {"slots", *slots}, {"workers", limited}});
}

}  // namespace rollcall::coordinator
