#include "coordinator/view/row.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/base/text.h"
#include "common/model/decimal.h"
#include "coordinator/core/model/clock_estimate.h"
#include "coordinator/view/base64.h"
#include "coordinator/view/run_document.h"

namespace rollcall::coordinator {
namespace {

constexpr std::string_view kFirstColumns =
    "task,outcome,attempt,worker,pause_seconds,started_seconds,finished_seconds,lateness_seconds,"
    "finished_bound_seconds,accepted";
constexpr std::string_view kMoreColumns = ",seq,worker_name,run_seconds";

/// Appends a JSON string; bytes that are not UTF-8 are replaced.
void append_json_text(std::string& out, std::string_view text) {
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (is_plain) {
    out.append("\"").append(text).append("\"");
  } else {
    out += dump(nlohmann::ordered_json(text));
  }
}

/// Appends a field of CSV, as RFC 4180 has it.
void append_csv_text(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

/// Fields with commas between them; an unknown value is empty.
class CsvForm final : public RowForm {
 public:
  explicit CsvForm(std::string& out) : out_(out) {}

  void number(std::string_view, std::optional<std::uint64_t> value) override {
    comma();
    if (value) append_number(out_, *value);
  }
  void text(std::string_view, std::string_view value) override {
    comma();
    append_csv_text(out_, value);
  }
  void word(std::string_view, std::string_view value) override {
    comma();
    out_ += value;
  }
  void seconds(std::string_view, std::optional<Duration> value) override {
    comma();
    if (value) append_seconds(out_, *value);
  }
  void bytes(std::string_view name, std::string_view value) override { text(name, value); }
  void group(std::string_view, const std::vector<std::string>& names,
             const std::vector<std::string>& values) override {
    for (std::size_t i = 0; i < names.size(); ++i) {
      text(names[i], i < values.size() ? std::string_view(values[i]) : std::string_view());
    }
  }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }

  std::string& out_;
  bool first_ = true;
};

/// Members with commas between them; an unknown value is null.
class JsonForm final : public RowForm {
 public:
  explicit JsonForm(std::string& out) : out_(out) {}

  void number(std::string_view name, std::optional<std::uint64_t> value) override {
    key(name);
    if (value) {
      append_number(out_, *value);
    } else {
      out_ += "null";
    }
  }
  void text(std::string_view name, std::string_view value) override {
    key(name);
    if (value.empty()) {
      out_ += "null";
    } else {
      append_json_text(out_, value);
    }
  }
  /// Nothing to escape.
  void word(std::string_view name, std::string_view value) override {
    key(name);
    if (value.empty()) {
      out_ += "null";
      return;
    }
    out_ += '"';
    out_ += value;
    out_ += '"';
  }
  void seconds(std::string_view name, std::optional<Duration> value) override {
    key(name);
    if (value) {
      append_seconds(out_, *value);
    } else {
      out_ += "null";
    }
  }
  /// What is replaced in the text is exact in base64.
  void bytes(std::string_view name, std::string_view value) override {
    key(name);
    append_json_text(out_, value);
    if (is_utf8(value)) return;
    key(std::string(name) + "_base64");
    out_.append("\"").append(base64(value)).append("\"");
  }
  void group(std::string_view name, const std::vector<std::string>& names,
             const std::vector<std::string>& values) override {
    key(name);
    if (values.empty()) {
      out_ += "null";
      return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      out_ += i == 0 ? '{' : ',';
      append_json_text(out_, names[i]);
      out_ += ':';
      append_json_text(out_, values[i]);
    }
    out_ += '}';
  }

 private:
  void key(std::string_view name) {
    out_ += first_ ? "\"" : ",\"";
    first_ = false;
    out_ += name;
    out_ += "\":";
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace

RowWriter::RowWriter(const RunRecords& records, const KindDisplay& display)
    : records_(records),
      display_(display),
      has_pauses_(display.has_pauses()),
      has_more_columns_(!display.columns().empty()),
      has_input_(!display.input_columns().empty()),
      batch_(records) {}

void RowWriter::append_csv_header(std::string& out) {
  parameters_ = display_.parameters();
  std::string columns(kFirstColumns);
  columns.append(display_.columns()).append(kMoreColumns).append(display_.input_columns());
  const std::string fixed = ',' + columns + ',';
  const auto is_taken = [&](const std::string& name) {
    return fixed.find(',' + name + ',') != std::string::npos;
  };
  for (const std::string& parameter : parameters_) {
    std::string name = parameter;
    while (is_taken(name) || (name != parameter && std::ranges::count(parameters_, name) > 0)) {
      name += '_';
    }
    columns += ',';
    append_csv_text(columns, name);
  }
  out += columns + '\n';
}

void RowWriter::append_csv(std::string& out, std::size_t record) {
  append(CsvForm(out), record);
  out += '\n';
}

void RowWriter::append_json_members(std::string& out, std::size_t record) {
  append(JsonForm(out), record);
}

std::string_view RowWriter::name_of(SessionIndex session) {
  if (names_.size() < records_.sessions.size()) names_.resize(records_.sessions.size());
  std::string& name = names_[index(session)];
  if (name.empty()) name = to_hex(records_.sessions[index(session)].id.bytes);
  return name;
}

Instant RowWriter::zero() const {
  return records_.first_dispatch.value_or(records_.finished(0));
}

template <class Form>
void RowWriter::append(Form form, std::size_t record) {
  const TaskId task = records_.task[record];
  const AcceptedBatch& batch = batch_.of(record);
  const Outcome outcome = records_.outcome_of(task);
  const Duration pause = records_.spec.pause(task);
  const Duration elapsed = records_.elapsed[record];
  const Duration finished = records_.finished(record) - zero();

  // An attempt that was cancelled before its start has taken no time. No worker has run the task.
  const bool has_begun = outcome != Outcome::cancelled || elapsed > Duration::zero();
  const std::optional<SessionIndex> session = has_begun ? batch.session : std::nullopt;
  std::optional<Duration> started;
  if (session) started = finished - elapsed;
  std::optional<Duration> lateness;
  if (outcome == Outcome::succeeded) lateness = std::max(elapsed - pause, Duration::zero());
  std::optional<Duration> bound;
  if (batch.clock_bound != Duration::max()) {
    bound = batch.clock_bound + drift_over(batch.arrived - records_.finished(record));
  }

  form.number("task", index(task));
  form.word("outcome", to_string(outcome));
  form.number("attempt", records_.attempt[index(task)]);
  form.word("worker", session ? name_of(*session) : std::string_view());
  form.seconds("pause_seconds", has_pauses_ ? std::optional(pause) : std::nullopt);
  form.seconds("started_seconds", started);
  form.seconds("finished_seconds", finished);
  form.seconds("lateness_seconds", has_pauses_ ? lateness : std::nullopt);
  form.seconds("finished_bound_seconds", bound);
  form.number("accepted", record + 1);
  if (has_more_columns_) display_.append_columns(form, record);
  form.number("seq", std::uint64_t{index(task)} + 1);
  form.text("worker_name", session ? std::string_view(records_.sessions[index(*session)].name)
                                   : std::string_view());
  form.seconds("run_seconds", session ? std::optional(elapsed) : std::nullopt);
  if (has_input_) display_.append_input(form, task, parameters_);
}

}  // namespace rollcall::coordinator
