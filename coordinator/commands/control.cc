#include "coordinator/commands/control.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "coordinator/control/client.h"

namespace rollcall::coordinator {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int kRefused = 1;

std::nullptr_t give_up(const char* command, const std::string& why) {
  std::fprintf(stderr, "rollcall %s: %s\n", command, why.c_str());
  return nullptr;
}

/// Returns the answer of the coordinator. Without an answer, prints an error and returns null.
OrderedJson answer_to(const char* command, const std::string& control,
                      const cli::Environment& environment, const OrderedJson& request) {
  Result<std::string> path = control;
  if (control.empty()) path = find_control_socket(environment);
  if (!path) return give_up(command, path.error().message);
  const Result<std::string> answer =
      ask(*path, request.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
  if (!answer) return give_up(command, answer.error().message);
  OrderedJson json = OrderedJson::parse(*answer, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : give_up(command, *path + ": not an answer of a coordinator");
}

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 6 : 0;
}

/// A table with a heading; columns are as wide as necessary.
std::string table_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] + 2 - row[i].size(), ' ');
    }
    text += '\n';
  }
  return text;
}

std::string number(const OrderedJson& json) {
  return json.is_null() ? "-" : std::to_string(json.get<std::uint64_t>());
}

std::string status_text(const OrderedJson& status) {
  const OrderedJson& tasks = status.at("tasks");
  std::array<char, 32> elapsed{};
  if (!status.at("elapsed_seconds").is_null()) {
    std::snprintf(elapsed.data(), elapsed.size(), ", %.2f s",
                  status.at("elapsed_seconds").get<double>());
  }
  std::string text = "run " + status.at("run_id").get<std::string>() + "\n" +
                     number(tasks.at("done")) + "/" + number(tasks.at("total")) +
                     (tasks.value("input_ended", true) ? " done, " : " so far, ") +
                     number(tasks.at("running")) + " running, " + number(tasks.at("waiting")) +
                     " waiting, " + number(tasks.at("failed")) + " failed" + elapsed.data() + "\n";
  std::vector<std::vector<std::string>> rows{
      {"WORKER", "HOST", "PID", "SLOTS", "RUNNING", "DONE", "STATE", "SESSION"}};
  for (const OrderedJson& worker : status.at("workers")) {
    rows.push_back({printable(worker.at("name").get<std::string>()),
                    printable(worker.at("host").get<std::string>()), number(worker.at("pid")),
                    number(worker.at("slots")), number(worker.at("running")),
                    number(worker.at("done")), worker.at("state").get<std::string>(),
                    worker.at("session").get<std::string>()});
  }
  return text + table_of(rows);
}

}  // namespace

int run_status(const StatusOptions& options, const cli::Environment& environment) {
  const OrderedJson status =
      answer_to("status", options.control, environment, {{"command", "status"}});
  if (status.is_null()) return cli::kUsageStatus;
  if (status.contains("error")) {
    give_up("status", status.value("error", ""));
    return kRefused;
  }
  if (options.output == OutputFormat::json) return print(status.dump(2) + "\n");
  try {
    return print(status_text(status));
  } catch (const OrderedJson::exception&) {
    give_up("status", "the coordinator has another version: use --output json");
    return cli::kUsageStatus;
  }
}

int run_drain(const DrainOptions& options, const cli::Environment& environment) {
  const std::string mode(to_string(options.mode));
  const OrderedJson answer =
      answer_to("drain", options.control, environment,
                {{"command", "drain"}, {"worker", options.worker}, {"mode", mode}});
  if (answer.is_null()) return cli::kUsageStatus;
  if (answer.contains("error")) {
    give_up("drain", answer.value("error", ""));
    return kRefused;
  }
  if (options.output == OutputFormat::json) return print(answer.dump(2) + "\n");
  std::string text;
  for (const OrderedJson& worker : answer.value("draining", OrderedJson::array())) {
    text += fmt::format("{} drains ({}), session {}\n", printable(worker.value("name", "")), mode,
                        worker.value("session", ""));
  }
  return print(text);
}

}  // namespace rollcall::coordinator
