#include "coordinator/view/row.h"

#include <optional>

#include "common/model/decimal.h"
#include "coordinator/core/model/clock_estimate.h"
#include "coordinator/view/run_document.h"

namespace rollcall::coordinator {
namespace {

/// A JSON string; bytes that are not UTF-8 are replaced.
std::string json_text(std::string_view text) {
  return dump(nlohmann::ordered_json(text));
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
    if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
      out_ += value;
      return;
    }
    out_ += '"';
    for (const char c : value) out_.append(c == '"' ? 2 : 1, c);
    out_ += '"';
  }
  void word(std::string_view, std::string_view value) override {
    comma();
    out_ += value;
  }
  void seconds(std::string_view, std::optional<Duration> value) override {
    comma();
    if (value) append_seconds(out_, *value);
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
    out_ += value.empty() ? "null" : json_text(value);
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
      batch_(records) {}

std::string csv_header(const KindDisplay& display) {
  std::string header(kCsvHeader);
  header.insert(header.size() - 1, display.columns());
  return header;
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

  std::optional<Duration> started;
  if (batch.session) started = finished - elapsed;
  std::optional<Duration> lateness;
  if (outcome == Outcome::succeeded) lateness = std::max(elapsed - pause, Duration::zero());
  std::optional<Duration> bound;
  if (batch.clock_bound != Duration::max()) {
    bound = batch.clock_bound + drift_over(batch.arrived - records_.finished(record));
  }

  form.number("task", index(task));
  form.word("outcome", to_string(outcome));
  form.number("attempt", records_.attempt[index(task)]);
  form.word("worker", batch.session ? name_of(*batch.session) : std::string_view());
  form.seconds("pause_seconds", has_pauses_ ? std::optional(pause) : std::nullopt);
  form.seconds("started_seconds", started);
  form.seconds("finished_seconds", finished);
  form.seconds("lateness_seconds", has_pauses_ ? lateness : std::nullopt);
  form.seconds("finished_bound_seconds", bound);
  form.number("accepted", record + 1);
  if (has_more_columns_) display_.append_columns(form, record);
}

}  // namespace rollcall::coordinator
