#include "coordinator/view/saved_results.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/text.h"
#include "coordinator/view/base64.h"
#include "coordinator/view/command_failure.h"
#include "coordinator/view/failed_tasks.h"
#include "coordinator/view/run_document.h"

namespace rollcall::coordinator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kTexts = {"outcome", "worker", "error", "worker_name"};
constexpr std::array<std::string_view, 2> kTextsThatMayBeEmpty = {"input", "command"};
constexpr std::string_view kLastFixedColumn = "command";

/// A number that is not negative, or 0.
std::uint64_t whole(const Json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool has_number(const Json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_number();
}

std::string text(const Json& row, const std::string& name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Outcome> outcome_named(const std::string& name) {
  for (const Outcome outcome : {Outcome::succeeded, Outcome::failed, Outcome::timed_out,
                                Outcome::cancelled, Outcome::lost}) {
    if (name == to_string(outcome)) return outcome;
  }
  return std::nullopt;
}

std::optional<CommandFacts> facts_of(const Json& row, Outcome outcome, const std::string& error) {
  CommandFacts facts;
  facts.status = static_cast<int>(whole(row, "exit_status"));
  facts.signal = static_cast<int>(whole(row, "signal"));
  if (!error.empty()) {
    // Only a command that ran was ended by a signal.
    facts.end = facts.signal != 0 ? CommandEnd::out_of_memory : CommandEnd::not_started;
  } else if (outcome == Outcome::timed_out) {
    facts.end = CommandEnd::timed_out;
  } else if (has_number(row, "signal")) {
    facts.end = CommandEnd::signalled;
  } else if (!has_number(row, "exit_status")) {
    return std::nullopt;
  }
  return facts;
}

/// Text that is exact in base64 if it is not UTF-8.
std::optional<std::string> bytes_of(const Json& row, const std::string& name) {
  const auto encoded = row.find(name + "_base64");
  if (encoded != row.end() && encoded->is_string()) return from_base64(encoded->get<std::string>());
  if (!row.contains(name)) return std::nullopt;
  return text(row, name);
}

/// Rows of earlier versions have no run_seconds.
Duration elapsed_of(const Json& row) {
  constexpr double kLongest = 1e9;
  double seconds = 0;
  if (has_number(row, "run_seconds")) {
    seconds = row["run_seconds"].get<double>();
  } else if (has_number(row, "started_seconds") && has_number(row, "finished_seconds")) {
    seconds = row["finished_seconds"].get<double>() - row["started_seconds"].get<double>();
  }
  return seconds > 0 && seconds < kLongest ? Duration(std::llround(seconds * 1e9)) : Duration();
}

/// Returns nullopt if it is not a row.
std::optional<SavedRow> row_of(const Json& json) {
  const std::optional<Outcome> outcome = outcome_named(text(json, "outcome"));
  if (!has_number(json, "task") || !outcome) return std::nullopt;
  SavedRow row;
  row.task = whole(json, "task");
  row.outcome = *outcome;
  row.error = text(json, "error");
  row.facts = facts_of(json, *outcome, row.error);
  row.elapsed = elapsed_of(json);
  row.command = bytes_of(json, "command");
  return row;
}

/// The value of a field of CSV, by the name of its column.
Json value_of(const std::string& name, const std::string& field) {
  const auto is_in = [&name](const auto& names) {
    return std::ranges::find(names, name) != names.end();
  };
  if (is_in(kTextsThatMayBeEmpty)) return field;
  if (field.empty()) return nullptr;
  if (is_in(kTexts)) return field;
  Json number = Json::parse(field, nullptr, /*allow_exceptions=*/false);
  return number.is_number() ? number : Json(field);
}

Json object_of(const std::vector<std::string>& names, const std::vector<std::string>& fields) {
  Json row = Json::object();
  Json columns = Json::object();
  bool is_parameter = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_parameter) {
      columns[names[i]] = fields[i];
      continue;
    }
    row[names[i]] = value_of(names[i], fields[i]);
    is_parameter = names[i] == kLastFixedColumn;
  }
  if (is_parameter) row["columns"] = columns.empty() ? Json(nullptr) : std::move(columns);
  return row;
}

}  // namespace

Error SavedResults::error(const std::string& what) const {
  return permanent(fmt::format("line {}: {}", form_ == Form::json ? line_ : records_.line(), what));
}

Result<void> SavedResults::add(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (form_ == Form::unknown) form_ = bytes.front() == '{' ? Form::json : Form::csv;
  return form_ == Form::json ? add_json(bytes) : add_csv(bytes);
}

Result<void> SavedResults::finish() {
  if (text_.empty()) return {};
  return form_ == Form::json ? end_json_line() : error("the file is not complete");
}

Result<void> SavedResults::add_csv(std::string_view bytes) {
  while (!bytes.empty()) {
    const Result<std::size_t> end = records_.find_end(bytes);
    if (!end) return end.error();
    text_ += bytes.substr(0, *end);
    if (*end == std::string_view::npos) return {};
    bytes.remove_prefix(*end + 1);
    if (auto ended = end_record(); !ended) return ended;
  }
  return {};
}

Result<void> SavedResults::add_json(std::string_view bytes) {
  for (;;) {
    const std::size_t end = bytes.find('\n');
    text_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    if (auto ended = end_json_line(); !ended) return ended;
    ++line_;
  }
}

Result<void> SavedResults::end_record() {
  std::vector<std::string> fields = csv_fields(std::exchange(text_, {}), ',');
  if (names_.empty()) {
    names_ = std::move(fields);
    for (const char* name : {"task", "outcome"}) {
      if (std::ranges::find(names_, name) == names_.end()) {
        return error(fmt::format("expected the columns of a results file: {} is missing", name));
      }
    }
    return {};
  }
  if (fields.size() != names_.size()) {
    return error(fmt::format("expected {} fields, found {}", names_.size(), fields.size()));
  }
  const Json json = object_of(names_, fields);
  std::optional<SavedRow> row = row_of(json);
  if (!row) return error("not a row of results");
  if (row->command) {
    row->command = fields[static_cast<std::size_t>(std::ranges::find(names_, kLastFixedColumn) -
                                                   names_.begin())];
  }
  row->json = dump(json);
  take_(*row);
  return {};
}

Result<void> SavedResults::end_json_line() {
  std::string line = std::exchange(text_, {});
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return error("not a row of results");
  if (json.contains("event") && json["event"] != "done") return {};
  std::optional<SavedRow> row = row_of(json);
  if (!row) return error("not a row of results");
  row->json = std::move(line);
  take_(*row);
  return {};
}

std::string failed_row_line(const SavedRow& row) {
  std::optional<CommandFacts> facts = row.facts;
  if (facts) facts->error = row.error;
  std::string line = fmt::format("task {}: {}", row.task,
                                 how_it_failed(row.outcome, facts, Duration::zero(), row.elapsed));
  const bool names_program = facts && facts->end == CommandEnd::not_started;
  if (row.command && !names_program) line += ": " + printable(*row.command, kNamedCommandBytes);
  return line;
}

std::string script_line(const std::string& command) {
  const bool may_have_input = command.find_first_of("<|") != std::string::npos;
  return (may_have_input ? "{ " + command + "; }" : command) + " < /dev/null";
}

}  // namespace rollcall::coordinator
