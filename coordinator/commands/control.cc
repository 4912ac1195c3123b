#include "coordinator/commands/control.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "coordinator/control/client.h"

namespace rollcall::coordinator {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int kRefused = 1;

/// Running attempts in the text of a status.
constexpr std::size_t kRunningLines = 20;
/// Bytes of the command of each.
constexpr std::size_t kCommandBytes = 60;

std::nullptr_t complain(const char* command, const std::string& why) {
  std::fprintf(stderr, "rollcall %s: %s\n", command, why.c_str());
  return nullptr;
}

/// Returns the answer of the coordinator. Without an answer, prints an error and returns null.
OrderedJson answer_to(const char* command, const std::string& control,
                      const cli::Environment& environment, const OrderedJson& request) {
  Result<std::string> path = control;
  if (control.empty()) path = find_control_socket(environment);
  if (!path) return complain(command, path.error().message);
  const Result<std::string> answer =
      ask(*path, request.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
  if (!answer) return complain(command, answer.error().message);
  OrderedJson json = OrderedJson::parse(*answer, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : complain(command, *path + ": not an answer of a coordinator");
}

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 6 : 0;
}

/// Characters of UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// A table with a heading; columns are as wide as necessary.
std::string table_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] + 2 - width_of(row[i]), ' ');
    }
    text += '\n';
  }
  return text;
}

std::string number(const OrderedJson& json) {
  return json.is_null() ? "-" : std::to_string(json.get<std::uint64_t>());
}

/// "8", or "2 of 8" if they are limited.
std::string slots_of(const OrderedJson& worker) {
  const std::string slots = number(worker.at("slots"));
  const OrderedJson limit = worker.value("slots_limit", OrderedJson());
  return limit.is_null() ? slots : number(limit) + " of " + slots;
}

/// What it runs, in one line.
std::string command_of(const OrderedJson& running) {
  const OrderedJson command = running.value("command", OrderedJson());
  if (command.is_null()) return "-";
  const auto text = command.get<std::string>();
  return printable(text, kCommandBytes) + (text.size() > kCommandBytes ? "..." : "");
}

/// The attempts that run, the oldest first.
std::string running_text(const OrderedJson& status) {
  if (!status.contains("running") || status["running"].empty()) return {};
  std::vector<OrderedJson> running = status["running"].get<std::vector<OrderedJson>>();
  std::stable_sort(running.begin(), running.end(), [](const auto& a, const auto& b) {
    return a.at("sent_seconds_ago").template get<double>() >
           b.at("sent_seconds_ago").template get<double>();
  });
  std::vector<std::vector<std::string>> rows{{"TASK", "ATTEMPT", "WORKER", "SENT", "COMMAND"}};
  for (const OrderedJson& each : running) {
    if (rows.size() > kRunningLines) break;
    rows.push_back({number(each.at("task")), number(each.at("attempt")),
                    printable(each.at("worker").get<std::string>()),
                    fmt::format("{:.1f} s ago", each.at("sent_seconds_ago").get<double>()),
                    command_of(each)});
  }
  std::string text = "\n" + table_of(rows);
  if (running.size() > kRunningLines) {
    text += fmt::format("and {} more: see --output json\n", running.size() - kRunningLines);
  }
  return text;
}

/// Of the tasks that wait, those that have failed and are tried again.
std::string retrying_text(const OrderedJson& tasks) {
  const auto retrying = tasks.value("retrying", 0ULL);
  return retrying > 0 ? fmt::format(" ({} for a retry)", retrying) : std::string();
}

std::string status_text(const OrderedJson& status) {
  const OrderedJson& tasks = status.at("tasks");
  std::array<char, 32> elapsed{};
  if (!status.at("elapsed_seconds").is_null()) {
    std::snprintf(elapsed.data(), elapsed.size(), ", %.2f s",
                  status.at("elapsed_seconds").get<double>());
  }
  std::string run = status.at("run_id").get<std::string>();
  if (status.contains("name") && status["name"].is_string()) {
    run = fmt::format("{} ({})", printable(status["name"].get<std::string>()), run);
  }
  std::string text =
      "run " + run + "\n" + number(tasks.at("done")) + "/" + number(tasks.at("total")) +
      (tasks.value("input_ended", true) ? " done, " : " so far, ") + number(tasks.at("running")) +
      " running, " + number(tasks.at("waiting")) + " waiting" + retrying_text(tasks) + ", " +
      number(tasks.at("failed")) + " failed" + elapsed.data() +
      (status.value("paused", false) ? ", paused" : "") + "\n";
  std::vector<std::vector<std::string>> rows{
      {"WORKER", "HOST", "PID", "SLOTS", "RUNNING", "DONE", "STATE", "SESSION"}};
  for (const OrderedJson& worker : status.at("workers")) {
    rows.push_back({printable(worker.at("name").get<std::string>()),
                    printable(worker.at("host").get<std::string>()), number(worker.at("pid")),
                    slots_of(worker), number(worker.at("running")), number(worker.at("done")),
                    worker.at("state").get<std::string>(),
                    worker.at("session").get<std::string>()});
  }
  return text + table_of(rows) + running_text(status);
}

/// Sends a request whose answer is printed as it is, or as `text_of` makes it.
int run_request(const char* command, const std::string& control, OutputFormat output,
                const cli::Environment& environment, const OrderedJson& request,
                const std::function<std::string(const OrderedJson&)>& text_of) {
  const OrderedJson answer = answer_to(command, control, environment, request);
  if (answer.is_null()) return cli::kUsageStatus;
  if (answer.contains("error")) {
    complain(command, answer.value("error", ""));
    return kRefused;
  }
  return print(output == OutputFormat::json ? answer.dump(2) + "\n" : text_of(answer));
}

std::string tasks(std::uint64_t count) {
  return fmt::format("{} task{}", count, count == 1 ? "" : "s");
}

}  // namespace

int run_status(const StatusOptions& options, const cli::Environment& environment) {
  try {
    return run_request("status", options.control, options.output, environment,
                       {{"command", "status"}}, status_text);
  } catch (const OrderedJson::exception&) {
    complain("status", "the coordinator has another version: use --output json");
    return cli::kUsageStatus;
  }
}

int run_drain(const DrainOptions& options, const cli::Environment& environment) {
  const std::string mode(to_string(options.mode));
  const auto text_of = [&mode](const OrderedJson& answer) {
    std::string text;
    for (const OrderedJson& worker : answer.value("draining", OrderedJson::array())) {
      text += fmt::format("{} drains ({}), session {}\n", printable(worker.value("name", "")), mode,
                          worker.value("session", ""));
    }
    return text;
  };
  return run_request("drain", options.control, options.output, environment,
                     {{"command", "drain"}, {"worker", options.worker}, {"mode", mode}}, text_of);
}

int run_cancel(const CancelOptions& options, const cli::Environment& environment) {
  OrderedJson chosen = options.all ? OrderedJson("all") : OrderedJson::array();
  for (const TaskRange& range : options.tasks) {
    if (!options.all) chosen.push_back(OrderedJson::array({range.first, range.last}));
  }
  const auto text_of = [](const OrderedJson& answer) {
    const auto count = [&answer](const char* member) { return answer.value(member, 0ULL); };
    std::string text = "cancelled " + tasks(count("cancelled"));
    if (count("at_workers") > 0) text += fmt::format(", {} at workers", count("at_workers"));
    if (count("done_before") > 0) text += fmt::format("; {} done before", count("done_before"));
    return text + "\n";
  };
  return run_request("cancel", options.control, options.output, environment,
                     {{"command", "cancel"}, {"tasks", chosen}}, text_of);
}

int run_pause(const PauseOptions& options, const cli::Environment& environment) {
  const auto text_of = [&options](const OrderedJson& answer) {
    const auto running = answer.value("running", 0ULL);
    if (!options.is_paused) return std::string("tasks are started again\n");
    return fmt::format("paused: no task is started; {} still running\n",
                       running == 1 ? "1 task is" : fmt::format("{} tasks are", running));
  };
  const char* const command = options.is_paused ? "pause" : "unpause";
  return run_request(command, options.control, options.output, environment, {{"command", command}},
                     text_of);
}

int run_slots(const SlotsOptions& options, const cli::Environment& environment) {
  const auto text_of = [&options](const OrderedJson& answer) {
    std::string text;
    for (const OrderedJson& worker : answer.value("workers", OrderedJson::array())) {
      text += fmt::format("{} runs at most {} at once, session {}\n",
                          printable(worker.value("name", "")), tasks(options.slots),
                          worker.value("session", ""));
    }
    return text;
  };
  return run_request("slots", options.control, options.output, environment,
                     {{"command", "slots"}, {"worker", options.worker}, {"slots", options.slots}},
                     text_of);
}

}  // namespace rollcall::coordinator
